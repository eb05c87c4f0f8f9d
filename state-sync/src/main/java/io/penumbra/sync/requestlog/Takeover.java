package io.penumbra.sync.requestlog;

import java.util.List;

/** What the log can do for a shadow that takes over from an epoch. */
public sealed interface Takeover {

  /**
   * Everything since that epoch is here.
   *
   * @param replay how many requests have to be told again, in the order of {@link
   *     RequestLog#nextReplay()}
   * @param inDoubt positions of requests that the epoch may hold half done
   * @param givenUp those of them that are not told again; their clients' connections are to be
   *     closed
   * @param released responses that the epoch contains and that may leave now
   */
  record Ready(int replay, List<Long> inDoubt, List<ConnectionId> givenUp, List<Release> released)
      implements Takeover {

    public Ready {
      inDoubt = List.copyOf(inDoubt);
      givenUp = List.copyOf(givenUp);
      released = List.copyOf(released);
    }
  }

  /** Requests since that epoch are forgotten; taking over from it would lose them. */
  record TooOld(long epoch, long oldest) implements Takeover {}

  /** That epoch was never cut. */
  record NeverCut(long epoch, long newest) implements Takeover {}
}
