/** Epochs in the tier store: for shadows that are kept as stored chunks, and beside an image. */
@NullMarked
package io.penumbra.sync.archive;

import org.jspecify.annotations.NullMarked;
