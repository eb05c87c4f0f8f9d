package io.penumbra.sync.scan;

import io.penumbra.sync.epoch.Consistency;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.epoch.StateRoot;
import java.time.Duration;
import java.time.Instant;

/**
 * One consistent cut, copied out: what it holds does not change until the next is taken.
 *
 * @param pages those that differ from the cut before, in order; of the first cut all
 * @param hashes of these pages, in the same order
 * @param current the state at the cut
 * @param previous the state at the cut before; of the first cut the same as {@code current}
 * @param root of all pages at the cut
 * @param passes how often the state was looked at
 * @param held for how long the source was held
 */
// The arrays are handed over, not copied: a first cut of 1 TiB has 268 million pages.
@SuppressWarnings("ArrayRecordComponent")
public record Cut(
    int[] pages,
    long[] hashes,
    PageView current,
    PageView previous,
    StateRoot root,
    Instant cutAt,
    Consistency consistency,
    int passes,
    Duration held,
    long requestLogPosition,
    HealthSnapshot health) {

  public Cut {
    if (pages.length != hashes.length) {
      throw new IllegalArgumentException(
          "%d pages with %d hashes".formatted(pages.length, hashes.length));
    }
  }
}
