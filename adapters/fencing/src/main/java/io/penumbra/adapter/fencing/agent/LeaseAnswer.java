package io.penumbra.adapter.fencing.agent;

import java.time.Duration;

/** What the keeper of a lease says of its end. */
public sealed interface LeaseAnswer {

  /**
   * It has run out, by the keeper's clock and with everything added that clocks may be off.
   *
   * @param ago for how long that has been certain
   */
  record RanOut(Duration ago) implements LeaseAnswer {}

  /**
   * It is not renewed any more and may still run.
   *
   * @param left after which it will have run out
   */
  record MayRun(Duration left) implements LeaseAnswer {}

  /** That agent does not keep this lease: its word is worth nothing. */
  record NotKept(String why) implements LeaseAnswer {}

  /** No answer, or none that can be read. */
  record Silent(String why) implements LeaseAnswer {}
}
