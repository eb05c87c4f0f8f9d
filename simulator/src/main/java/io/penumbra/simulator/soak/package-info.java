/**
 * Many small random worlds: a safety phase under faults, then everything heals and a liveness phase
 * must converge. A seed is a bug report.
 */
@NullMarked
package io.penumbra.simulator.soak;

import org.jspecify.annotations.NullMarked;
