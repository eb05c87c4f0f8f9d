package io.penumbra.sync.frame;

/** Which way a frame goes. Each way has keys of its own, so a frame sent back opens nowhere. */
public enum Direction {
  TO_RECEIVER("penumbra frames to receiver, version 1"),
  TO_SENDER("penumbra frames to sender, version 1");

  private final String purpose;

  Direction(String purpose) {
    this.purpose = purpose;
  }

  String purpose() {
    return purpose;
  }
}
