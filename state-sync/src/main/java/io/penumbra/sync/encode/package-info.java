/**
 * Turns changed pages into blocks and back. A block holds a group of pages, is never larger than
 * 256 KiB, and needs nothing but the pages as they were and the model of the last accepted epoch,
 * so a lost block costs its own pages and no others. What a block is made with is chosen by what
 * bytes and CPU cost and by what was measured lately.
 */
@NullMarked
package io.penumbra.sync.encode;

import org.jspecify.annotations.NullMarked;
