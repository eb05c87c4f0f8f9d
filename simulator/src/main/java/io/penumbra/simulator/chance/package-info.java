/**
 * Chance with a name: one seed split into independent streams, and the laws that draw from them.
 */
@NullMarked
package io.penumbra.simulator.chance;

import org.jspecify.annotations.NullMarked;
