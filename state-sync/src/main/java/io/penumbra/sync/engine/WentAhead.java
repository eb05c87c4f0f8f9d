package io.penumbra.sync.engine;

import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.HealthSnapshot;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What was sent of an epoch before its cut.
 *
 * @param on whether anybody looked; if not, it was not asked for or had not paid
 * @param pages that were sent
 * @param held those of them that were the same at the cut, and so need not be sent any more
 * @param left what had to be sent after the cut
 * @param bytes on the wire, before the cut
 */
public record WentAhead(boolean on, int pages, int held, int left, long bytes) {

  private static final String PAGES = "ahead.pages";
  private static final String HELD = "ahead.held";

  /** Leaves word of it with the epoch, so that whoever has the copy can tell. */
  HealthSnapshot noted(HealthSnapshot health) {
    if (!on || health.vitals().size() > HealthSnapshot.VITALS_MAX - 2) {
      return health;
    }
    SortedMap<String, Double> vitals = new TreeMap<>(health.vitals());
    vitals.put(PAGES, (double) pages);
    vitals.put(HELD, (double) held);
    return new HealthSnapshot(health.condition(), vitals);
  }

  /** How many pages of an epoch went ahead of its cut; empty if nobody looked. */
  public static OptionalInt pagesOf(EpochManifest epoch) {
    return vital(epoch, PAGES);
  }

  /** How many of them held; empty if nobody looked. */
  public static OptionalInt heldOf(EpochManifest epoch) {
    return vital(epoch, HELD);
  }

  private static OptionalInt vital(EpochManifest epoch, String name) {
    Double value = epoch.health().vitals().get(name);
    return value == null ? OptionalInt.empty() : OptionalInt.of(value.intValue());
  }
}
