/**
 * State in files: live images that another process writes, as a source; a directory with an image
 * and its epochs, as a sink. What is acknowledged is durable: an epoch is first a record in a log,
 * then pages in the image; the record also has what those replace, so that older epochs can be
 * restored.
 */
@NullMarked
package io.penumbra.sync.file;

import org.jspecify.annotations.NullMarked;
