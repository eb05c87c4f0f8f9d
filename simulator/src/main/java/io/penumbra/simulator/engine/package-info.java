/**
 * Virtual time and what happens in it: a queue of things to come, ordered by time and then by the
 * order in which they were put in, so that a run is the same run every time.
 */
@NullMarked
package io.penumbra.simulator.engine;

import org.jspecify.annotations.NullMarked;
