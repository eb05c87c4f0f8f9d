package io.penumbra.tiers.pack;

/** Whether a pack's chunks are wanted near: decides what leaves the SSD first. */
public enum Temper {
  /** Of cold shadows: goes to the object tier first. */
  COLD("c"),
  /** Of warm shadows: stays on SSD as long as anything cold is left to go. */
  WARM("w");

  private final String letter;

  Temper(String letter) {
    this.letter = letter;
  }

  /** Whether it stays on SSD longest. */
  public boolean isWarm() {
    return this == WARM;
  }

  String letter() {
    return letter;
  }
}
