/**
 * How ready a shadow is to take over, in one number with its reasons, and what a takeover at this
 * moment would lose and cost.
 */
@NullMarked
package io.penumbra.sync.readiness;

import org.jspecify.annotations.NullMarked;
