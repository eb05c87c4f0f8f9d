package io.penumbra.tiers.twin;

/** Counts what a machine does to the outside, and cuts its power at a chosen point. */
public final class Power {

  private long left = Long.MAX_VALUE;

  /** The machine stopped. An error, so that nobody catches it as one of the world's refusals. */
  public static final class Cut extends Error {
    private static final long serialVersionUID = 1;
  }

  /** Power goes after so many more operations. */
  public void cutAfter(long operations) {
    left = operations;
  }

  /** Power stays. */
  public void restore() {
    left = Long.MAX_VALUE;
  }

  /** Whether the machine is off. */
  public boolean off() {
    return left < 0;
  }

  void use() {
    if (left != Long.MAX_VALUE && --left < 0) {
      throw new Cut();
    }
  }
}
