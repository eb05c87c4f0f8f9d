package io.penumbra.simulator.check;

/** Judges the world. What it sees happen it judges at once; now and then it looks at everything. */
public interface Checker {

  /** Looks at everything there is, however long it takes. */
  default void fullScan() {}
}
