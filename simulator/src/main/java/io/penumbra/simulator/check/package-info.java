/**
 * The nevers of the design, one checker each, judged on the ground truth and independent of the
 * production code that is judged.
 */
@NullMarked
package io.penumbra.simulator.check;

import org.jspecify.annotations.NullMarked;
