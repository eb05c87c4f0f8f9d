package io.penumbra.adapter.traffic.gateway;

/** What an epoch's cut meant to the request log. */
public sealed interface Cut {

  /**
   * The epoch has its place in the log.
   *
   * @param position for the manifest: every request before this position is in the epoch's state
   * @param inDoubt how many requests at or after the position may be in it too, done or half done
   * @param protectedNow whether a takeover from this epoch could replay; false in mode async, and
   *     while the first cut was not quiet
   */
  record Taken(long position, int inDoubt, boolean protectedNow) implements Cut {}

  /**
   * Requests went on before the cut was reported, so nobody knows which ones the epoch holds. Don't
   * take over from it with replay: cut again.
   */
  record Lapsed(String why) implements Cut {}
}
