/** Tests of chance. */
@NullMarked
package io.penumbra.simulator.chance;

import org.jspecify.annotations.NullMarked;
