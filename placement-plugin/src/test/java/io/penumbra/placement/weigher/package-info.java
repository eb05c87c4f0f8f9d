/** Tests of the package. */
@NullMarked
package io.penumbra.placement.weigher;

import org.jspecify.annotations.NullMarked;
