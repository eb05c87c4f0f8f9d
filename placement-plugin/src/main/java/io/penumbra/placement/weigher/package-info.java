/**
 * The weighers that come with Penumbra, one per file: each maps one host to 0..1 by a fixed scale.
 */
@NullMarked
package io.penumbra.placement.weigher;

import org.jspecify.annotations.NullMarked;
