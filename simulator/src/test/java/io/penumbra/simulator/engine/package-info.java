/** Tests of the package of the same name. */
@NullMarked
package io.penumbra.simulator.engine;

import org.jspecify.annotations.NullMarked;
