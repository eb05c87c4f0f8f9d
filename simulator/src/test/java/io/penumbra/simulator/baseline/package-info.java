/** Tests of the package of the same name. */
@NullMarked
package io.penumbra.simulator.baseline;

import org.jspecify.annotations.NullMarked;
