package io.penumbra.adapter.qemu.agent;

import io.penumbra.sync.drift.DriftVerdict;
import io.penumbra.sync.drift.PageDifference;
import java.util.SortedMap;

/**
 * A guest's memory is not what its shadow has, although nobody wrote to it.
 *
 * @param page the first page that differs
 * @param region what that page belongs to
 * @param pages how many are known to differ
 * @param seenAt the epoch, as the controller counts, in which it was seen
 * @param healthyEpoch the last epoch at which that part of memory was known to be right; what the
 *     guest has done since may rest on what was wrong
 * @param difference how that page differs
 * @param reason what makes it more than noise
 */
record Drift(
    int page,
    String region,
    int pages,
    long seenAt,
    long healthyEpoch,
    PageDifference difference,
    DriftVerdict.Reason reason) {

  /** The name, among an epoch's vitals, of the epoch that a takeover is to go back to. */
  static final String BACK_TO = "drift.backTo";

  static final String HEALTHY_EPOCH = "drift.healthyEpoch";

  /** Puts it among an epoch's vitals. */
  void note(SortedMap<String, Double> vitals, boolean goBack) {
    vitals.put("drift.page", (double) page);
    vitals.put("drift.pages", (double) pages);
    vitals.put(HEALTHY_EPOCH, (double) healthyEpoch);
    if (goBack) {
      vitals.put(BACK_TO, (double) healthyEpoch);
    }
  }

  /** For people. */
  String text() {
    return ("drift: page %d of %s is not what its shadow has (%d bits in %d bytes from byte %d on), though nobody"
            + " wrote it (%s); %d pages in all, seen at epoch %d, last healthy epoch %d")
        .formatted(
            page,
            region,
            difference.bits(),
            difference.bytes(),
            difference.first(),
            reason,
            pages,
            seenAt,
            healthyEpoch);
  }
}
