package io.penumbra.sync.scan;

import io.penumbra.sync.epoch.PageView;

/**
 * What was seen of the live state between two cuts. Page by page it was so at some moment, and no
 * more is promised; it stays as it is until the next look or cut.
 *
 * @param pages those that differ from the last accepted cut, in order
 * @param hashes of these pages, in the same order
 * @param current the pages as they were seen
 * @param previous the last accepted cut
 */
// Made for one use and handed over.
@SuppressWarnings("ArrayRecordComponent")
public record Look(int[] pages, long[] hashes, PageView current, PageView previous) {}
