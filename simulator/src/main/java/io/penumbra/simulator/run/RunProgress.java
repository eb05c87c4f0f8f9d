package io.penumbra.simulator.run;

/** Is told now and then how far a run has come. */
@FunctionalInterface
public interface RunProgress {

  /** Goes on to the end, silently. */
  RunProgress SILENT = share -> true;

  /**
   * A run has come this far.
   *
   * @param share of the virtual time, 0 to 1
   * @return whether to go on; a run that is stopped gives its figures so far
   */
  boolean at(double share);
}
