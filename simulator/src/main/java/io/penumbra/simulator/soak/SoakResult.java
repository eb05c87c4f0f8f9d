package io.penumbra.simulator.soak;

import io.penumbra.simulator.check.Breach;
import java.time.Duration;
import java.util.List;

/**
 * What became of one seed.
 *
 * @param world what the seed drew, for a reader
 * @param breaches the first ones, in the order they happened
 * @param simulated virtual time that passed
 * @param healing how long the liveness phase took
 * @param promotions shadows that were brought to life
 * @param traceHash of everything that happened; the same seed gives the same hash on any machine
 * @param traceLines how many lines the whole trace has
 * @param tail the last lines of the trace
 */
public record SoakResult(
    long seed,
    SoakVerdict verdict,
    String world,
    List<Breach> breaches,
    Duration simulated,
    Duration healing,
    long promotions,
    long traceHash,
    long traceLines,
    List<String> tail) {

  public SoakResult {
    breaches = List.copyOf(breaches);
    tail = List.copyOf(tail);
  }

  /** The one command that gives this again. */
  public String command() {
    return "./penumbra soak --seed " + seed;
  }

  /** What a person reads when a seed fails; one line when it doesn't. */
  public String report() {
    StringBuilder text = new StringBuilder();
    text.append("seed %d: %s, %s%n".formatted(seed, verdict, world));
    for (Breach breach : breaches) {
      text.append("  ").append(breach).append(System.lineSeparator());
    }
    if (verdict != SoakVerdict.OK) {
      text.append("  reproduce: ").append(command()).append(System.lineSeparator());
    }
    return text.toString();
  }
}
