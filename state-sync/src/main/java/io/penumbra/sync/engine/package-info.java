/**
 * Carries out what the sessions decide: cuts, codes, seals and sends on one side; opens, decodes,
 * verifies, stores and acks on the other. One thread per end does all of it in order; what is
 * parallel is inside the steps.
 */
@NullMarked
package io.penumbra.sync.engine;

import org.jspecify.annotations.NullMarked;
