package io.penumbra.sync.frame;

/** What became of bytes that came over the wire. */
public sealed interface Opened {

  /**
   * A message, just as the other end sealed it.
   *
   * @param session the number it was sent under
   */
  record Read(long session, Message message) implements Opened {}

  /** Not a frame that this end accepts. It is dropped; what was in it will be asked for again. */
  record Rejected(String why) implements Opened {}
}
