/** Keeps bytes: content-addressed chunks, verified on every read. */
@NullMarked
package io.penumbra.tiers;

import org.jspecify.annotations.NullMarked;
