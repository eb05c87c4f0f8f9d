/** Scores hosts by the probability that they fail within a horizon. */
@NullMarked
package io.penumbra.placement.risk;

import org.jspecify.annotations.NullMarked;
