/** Virtual time: the one clock of a simulation, and the queue of what happens next. */
@NullMarked
package io.penumbra.simulator.time;

import org.jspecify.annotations.NullMarked;
