package io.penumbra.sync.readiness;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How ready a shadow is.
 *
 * @param score 0 (must not take over) to 1 (as good as the primary); the product of the three parts
 * @param consistency 1 if everything it holds is verified, 0 if there is nothing verified
 * @param completeness how much of the state it holds, and how far within the RPO it is
 * @param stability probability that the next epoch arrives as planned
 * @param reasons what keeps each part below 1, with numbers; empty for a score of 1
 * @param ifPrimaryDies what a failover at this moment would lose; empty if it is not possible
 * @param planned what a migration at this moment would cost; empty while it is not to be offered
 */
public record Readiness(
    double score,
    double consistency,
    double completeness,
    double stability,
    List<String> reasons,
    Optional<Loss> ifPrimaryDies,
    Optional<PlannedMigration> planned) {

  public Readiness {
    reasons = List.copyOf(reasons);
  }

  /**
   * What would be gone.
   *
   * @param epoch the one that the shadow would start from
   * @param time since that epoch was cut
   * @param bytes what has changed since, on the wire
   * @param untilServing how long the shadow takes to start
   */
  public record Loss(long epoch, Duration time, double bytes, Duration untilServing) {}

  /**
   * Nothing would be gone: the primary pauses, ships what is left, and the shadow starts.
   *
   * @param pause for how long neither of them would serve
   */
  public record PlannedMigration(Duration pause) {}
}
