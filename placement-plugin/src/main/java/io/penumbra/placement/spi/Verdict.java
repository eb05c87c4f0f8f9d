package io.penumbra.placement.spi;

/** What one filter said of one host. */
public sealed interface Verdict {

  /** The host may be used. */
  record Pass() implements Verdict {}

  /**
   * The host may not be used.
   *
   * @param asked what was asked, with its unit
   * @param available what the host has, with its unit
   * @param amount the same as a number, larger being closer to what was asked; 0 where there is no
   *     such number
   */
  record Refusal(String asked, String available, double amount) implements Verdict {}

  /** The one verdict without numbers. */
  Verdict PASS = new Pass();
}
