/** Tests of the package. */
@NullMarked
package io.penumbra.placement.policy;

import org.jspecify.annotations.NullMarked;
