/** A disk and an object store that can be cut, filled, torn and made to lie, all by a seed. */
@NullMarked
package io.penumbra.tiers.twin;

import org.jspecify.annotations.NullMarked;
