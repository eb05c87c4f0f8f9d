/** Tests of the package. */
@NullMarked
package io.penumbra.placement;

import org.jspecify.annotations.NullMarked;
