/** Tests of the package of the same name. */
@NullMarked
package io.penumbra.simulator.soak;

import org.jspecify.annotations.NullMarked;
