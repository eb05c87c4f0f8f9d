/** Tests of the package. */
@NullMarked
package io.penumbra.placement.fleet;

import org.jspecify.annotations.NullMarked;
