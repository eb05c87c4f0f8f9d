package io.penumbra.simulator.engine;

/**
 * Where the controller's process can die: before and after everything it makes durable and
 * everything it hands over. Between two of these nobody outside could tell the difference.
 */
public final class CrashPoints {

  private int left;
  private boolean torn;

  /**
   * The process dies at the n-th point from now.
   *
   * @param lastAppendTorn whether, if it dies right after an append, that append is lost
   */
  public void arm(int points, boolean lastAppendTorn) {
    left = points;
    torn = lastAppendTorn;
  }

  public boolean armed() {
    return left > 0;
  }

  /** Nothing dies any more. */
  public void disarm() {
    left = 0;
  }

  /** Whether an append that dies at this point is lost. */
  boolean tears() {
    return torn;
  }

  void pass(String where) {
    if (left > 0 && --left == 0) {
      throw new SimulatedCrash(where);
    }
  }
}
