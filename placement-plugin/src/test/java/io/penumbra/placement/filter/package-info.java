/** Tests of the package. */
@NullMarked
package io.penumbra.placement.filter;

import org.jspecify.annotations.NullMarked;
