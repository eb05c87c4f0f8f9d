package io.penumbra.adapter.traffic.gateway;

/** What came of leading the clients to another back end. */
public sealed interface TakeoverOutcome {

  /**
   * The new back end serves.
   *
   * @param replayed requests that it was told again
   * @param delivered answers to them that clients had not seen yet
   * @param differed answers that were not what a client had seen: the new state has gone another
   *     way
   * @param inDoubt requests that the epoch may have held half done; those that may be done twice
   *     are among the replayed
   * @param givenUp requests in doubt that were not told again
   * @param closed client connections that could not be carried over
   * @param oldClientsCleared whether connections of the restored state that waited for data were
   *     dropped first; true if there were none
   */
  record Done(
      long replayed,
      long delivered,
      long differed,
      int inDoubt,
      int givenUp,
      int closed,
      boolean oldClientsCleared,
      long tookMicros)
      implements TakeoverOutcome {}

  /** The log can't do it; nothing has changed. {@link GatewayControl#redirect} goes without it. */
  record Refused(String why) implements TakeoverOutcome {}

  /** The new back end failed. Clients wait; call again with another one. */
  record Failed(String why) implements TakeoverOutcome {}
}
