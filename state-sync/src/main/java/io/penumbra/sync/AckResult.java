package io.penumbra.sync;

/** What the ledger makes of an ack. Only {@link Accepted} moves anything. */
public sealed interface AckResult {

  /** The replica now stands at this epoch. */
  record Accepted(EpochAck ack) implements AckResult {}

  /** It stands there already: the ack came twice. */
  record Repeated(long epoch) implements AckResult {}

  /** It is further already. An old message, or an agent that has lost state: look at it. */
  record Backwards(long newest, long got) implements AckResult {}

  /** Something in between is missing: the agent has to ask for it, or start from a full state. */
  record Gap(long expected, long got) implements AckResult {}

  /** Not every page was checked. Such a state must never be promoted, so it does not count. */
  record Unverified(long epoch) implements AckResult {}

  /** Nobody has started this replica here. */
  record NotFollowed(Replica replica) implements AckResult {}
}
