/** What goes wrong besides the hardware: which kinds, how often, and when everything heals. */
@NullMarked
package io.penumbra.simulator.fault;

import org.jspecify.annotations.NullMarked;
