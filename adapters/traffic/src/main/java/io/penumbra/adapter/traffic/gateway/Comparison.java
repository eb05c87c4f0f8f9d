package io.penumbra.adapter.traffic.gateway;

import java.time.Duration;
import java.util.List;

/** What a copy of the VM answered to the very requests that the VM had. */
public sealed interface Comparison {

  /** So long it may take as a whole, with that patience for one answer. */
  static Duration within(Duration patience) {
    return patience.multipliedBy(6);
  }

  /**
   * It was told all that there was.
   *
   * @param epoch from which the copy went on
   * @param told requests
   * @param compared answers; the VM had not given all of them when the copy was told
   * @param unstable answers that were not the same, and need not be: they tell the time, chance or
   *     an order that nobody keeps, or another client's request was under way that may have come
   *     first
   * @param differing answers that were not the same and should have been
   * @param differences the first of those
   * @param cutShort why requests after some moment were not told; empty if they were
   */
  record Done(
      long epoch,
      long told,
      long compared,
      long unstable,
      long differing,
      List<Difference> differences,
      String cutShort,
      long micros)
      implements Comparison {
    public Done {
      differences = List.copyOf(differences);
    }
  }

  /** There is nothing to compare, or the copy could not be asked. */
  record Refused(String why) implements Comparison {}

  /**
   * An answer that should have been the same. It says where, and not what: answers are the guest's.
   *
   * @param request its number since the epoch, from 1
   * @param command what was asked for: a command of Redis, a method of HTTP
   * @param bytes of the VM's answer
   * @param copyBytes of the copy's
   * @param firstAt the first byte that differs, from 0
   * @param differing how many bytes differ, as far as both go
   */
  record Difference(
      long request, String command, long bytes, long copyBytes, long firstAt, long differing) {}
}
