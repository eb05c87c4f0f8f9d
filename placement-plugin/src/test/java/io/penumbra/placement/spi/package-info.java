/** Tests of the package. */
@NullMarked
package io.penumbra.placement.spi;

import org.jspecify.annotations.NullMarked;
