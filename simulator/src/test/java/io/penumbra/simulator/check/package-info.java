/** Tests of the package of the same name. */
@NullMarked
package io.penumbra.simulator.check;

import org.jspecify.annotations.NullMarked;
