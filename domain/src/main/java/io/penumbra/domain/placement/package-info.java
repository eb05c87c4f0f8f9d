/** A question to placement and its answer. */
@NullMarked
package io.penumbra.domain.placement;

import org.jspecify.annotations.NullMarked;
