package io.penumbra.adapter.traffic.gateway.frame;

/** Finds the end of a message in a stream that comes in portions. */
public interface Framer {

  /** How far the present message has come. */
  enum Progress {
    /** It goes on. */
    OPEN,
    /** Its last byte was the last one that was taken. */
    WHOLE,
    /** This is not the protocol; nothing after it can be understood. */
    BROKEN
  }

  /**
   * Takes bytes of the present message.
   *
   * @return the index after the last byte taken: {@code to}, unless the message or a part of it
   *     ends before; more than {@code from}, unless there is nothing to take
   */
  int feed(byte[] bytes, int from, int to);

  /** How far the message is. */
  Progress progress();

  /** Why it is broken; empty if it is not. */
  String complaint();

  /** Begins the next message. */
  void reset();
}
