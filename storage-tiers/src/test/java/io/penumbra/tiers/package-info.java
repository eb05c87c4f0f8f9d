/** Chunk stores under test: damage, crash leftovers, full and missing disks. */
@NullMarked
package io.penumbra.tiers;

import org.jspecify.annotations.NullMarked;
