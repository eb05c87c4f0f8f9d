/**
 * What others do when a host dies, and what nobody can beat: policies without the control loop, on
 * the same arrivals and failures, with the production placement.
 */
@NullMarked
package io.penumbra.simulator.baseline;

import org.jspecify.annotations.NullMarked;
