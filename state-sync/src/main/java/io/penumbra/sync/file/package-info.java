/**
 * State in files: live images that another process writes, as a source; a directory with an image
 * and its epochs, as a sink. What is acknowledged is durable: an epoch is first a redo file of its
 * own, then pages in the image, and the pages that it replaces are kept, so that older epochs can
 * be restored.
 */
@NullMarked
package io.penumbra.sync.file;

import org.jspecify.annotations.NullMarked;
