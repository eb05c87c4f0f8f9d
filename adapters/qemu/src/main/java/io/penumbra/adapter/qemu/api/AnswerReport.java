package io.penumbra.adapter.qemu.api;

import java.util.List;

/**
 * What a copy of a guest answered to the very requests that the guest was asked since an epoch.
 *
 * @param epoch from which the copy went on, as the controller counts
 * @param told requests
 * @param compared answers
 * @param unstable answers that were not the same, and need not be
 * @param differing answers that were not the same and should have been
 * @param differences the first of those
 * @param cutShort why requests after some moment were not told; empty if they were
 * @param copyMillis until the copy of the epoch ran
 * @param tellMillis to tell it everything
 */
public record AnswerReport(
    long epoch,
    long told,
    long compared,
    long unstable,
    long differing,
    List<Difference> differences,
    String cutShort,
    long copyMillis,
    long tellMillis) {

  public AnswerReport {
    differences = List.copyOf(differences);
  }

  /**
   * Where an answer differed; what it said is the guest's.
   *
   * @param request its number since the epoch, from 1
   * @param command what was asked for
   * @param bytes of the guest's answer
   * @param copyBytes of the copy's
   * @param firstAt the first byte that differs, from 0
   * @param differing how many bytes differ, as far as both go
   */
  public record Difference(
      long request, String command, long bytes, long copyBytes, long firstAt, long differing) {}

  /** The same with how long the copy took. */
  public AnswerReport copiedIn(long millis) {
    return new AnswerReport(
        epoch, told, compared, unstable, differing, differences, cutShort, millis, tellMillis);
  }

  /** In words, for whoever is to believe the guest no more. */
  public String text() {
    if (differing == 0) {
      return "%d answers since epoch %d are what they should be, %d others may differ"
          .formatted(compared - unstable, epoch, unstable);
    }
    Difference first = differences.getFirst();
    return ("%d of %d answers since epoch %d are not what a copy of it says: request %d (%s), byte"
            + " %d, %d bytes of %d")
        .formatted(
            differing,
            compared,
            epoch,
            first.request(),
            first.command(),
            first.firstAt(),
            first.differing(),
            first.bytes());
  }
}
