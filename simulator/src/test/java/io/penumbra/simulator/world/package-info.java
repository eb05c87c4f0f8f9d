/** Tests of the package of the same name. */
@NullMarked
package io.penumbra.simulator.world;

import org.jspecify.annotations.NullMarked;
