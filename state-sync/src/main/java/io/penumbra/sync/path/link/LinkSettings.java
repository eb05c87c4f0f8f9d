package io.penumbra.sync.path.link;

import io.penumbra.sync.path.CodeChoice;
import java.time.Duration;

/**
 * How a link behaves.
 *
 * @param link both ends are told the same number; another one is turned away
 * @param incarnation of this end: higher at every start, the wall clock's milliseconds for example
 * @param messageBytesMax the longest message that is taken from the other end
 * @param windowBytes bytes of messages that may be under way to this end and not yet read
 * @param code how messages are cut and protected
 * @param heartbeat how often a quiet path is probed
 * @param silence after this long without an ack a connection is broken off and made anew
 * @param reconnectMax the longest pause between two attempts to connect; the first is a 40th of it
 */
public record LinkSettings(
    long link,
    long incarnation,
    int messageBytesMax,
    int windowBytes,
    CodeChoice code,
    Duration heartbeat,
    Duration silence,
    Duration reconnectMax) {

  private static final int MESSAGE_BYTES_MAX = 256 << 20;

  public LinkSettings {
    if (messageBytesMax > MESSAGE_BYTES_MAX) {
      throw new IllegalArgumentException(
          "messages of %d bytes, expected at most %d. Maybe send the parts one after the other?"
              .formatted(messageBytesMax, MESSAGE_BYTES_MAX));
    }
    if (messageBytesMax < 1 || windowBytes < messageBytesMax) {
      throw new IllegalArgumentException(
          "a window of %d bytes has no room for one message of %d"
              .formatted(windowBytes, messageBytesMax));
    }
    if (!heartbeat.isPositive() || silence.compareTo(heartbeat) <= 0) {
      throw new IllegalArgumentException(
          "silence (%s) must last longer than the pause between heartbeats (%s)"
              .formatted(silence, heartbeat));
    }
    if (!reconnectMax.isPositive()) {
      throw new IllegalArgumentException("no pause between two attempts: " + reconnectMax);
    }
  }

  /** Messages of up to 16 MiB, 64 MiB under way, any one path may be cut. */
  public static LinkSettings standard(long link, long incarnation) {
    return new LinkSettings(
        link,
        incarnation,
        16 << 20,
        64 << 20,
        CodeChoice.standard(),
        Duration.ofMillis(100),
        Duration.ofSeconds(2),
        Duration.ofSeconds(2));
  }

  /** The same with another limit for messages and for what is under way. */
  public LinkSettings withWindow(int messageBytes, int window) {
    return new LinkSettings(
        link, incarnation, messageBytes, window, code, heartbeat, silence, reconnectMax);
  }

  /** The same with another code. */
  public LinkSettings withCode(CodeChoice chosen) {
    return new LinkSettings(
        link, incarnation, messageBytesMax, windowBytes, chosen, heartbeat, silence, reconnectMax);
  }
}
