package io.penumbra.app;

/** What the process tells its caller. Scripts rely on these numbers: they never change meaning. */
public final class ExitCode {

  /** Everything asked for was done. */
  public static final int OK = 0;

  /** Something went wrong that nobody foresaw, or the machine lacks something. */
  public static final int UNEXPECTED = 1;

  /** A flag, a file or a configuration key cannot be used. Nothing was written. */
  public static final int BAD_INPUT = 2;

  /** A simulation broke one of the rules that must never break. The seed is printed. */
  public static final int SAFETY_BREACH = 3;

  /** A simulation did not come to rest after its faults were healed. The seed is printed. */
  public static final int LIVENESS_BREACH = 4;

  private ExitCode() {}
}
