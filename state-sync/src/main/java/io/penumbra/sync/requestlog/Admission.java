package io.penumbra.sync.requestlog;

/** Whether a request may go to the VM. */
public sealed interface Admission {

  /** It is in the log: deliver it. */
  record Admitted(Delivery delivery) implements Admission {}

  /** There is no room until an epoch is acked. Read no more from this client till then. */
  record Full(int requests, long bytes, RequestLogBounds bounds) implements Admission {}

  /** It is larger than the whole log: close the connection. */
  record TooLarge(long bytes, long bytesMax) implements Admission {}

  /** A cut is waiting for the VM to be quiet, or a replay is under way. Ask again after it. */
  record Wait(Why why) implements Admission {}

  /** What a request waits for. */
  enum Why {
    CUT,
    REPLAY
  }
}
