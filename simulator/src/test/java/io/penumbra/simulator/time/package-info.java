/** Tests of the package of the same name. */
@NullMarked
package io.penumbra.simulator.time;

import org.jspecify.annotations.NullMarked;
