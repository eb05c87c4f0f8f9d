package io.penumbra.scheduler.failover;

import io.penumbra.domain.HostId;
import io.penumbra.domain.SagaId;
import io.penumbra.domain.VmId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * One line of the RPO ledger: what a failover cost, measured, not promised.
 *
 * @param suspectedAt first sign of trouble, or when the move was decided
 * @param promotedAt when the shadow had come to life
 * @param finishedAt when the last step was done
 * @param epoch the epoch it was promoted from
 * @param epochsLost acked epochs known to the loop that the promoted shadow did not have, 0 unless
 *     every shadow that had them was lost
 * @param age how old the promoted state was: what was lost, in time
 * @param bytesLost estimate of the bytes written since
 * @param zeroLoss whether the primary was paused for the last sync
 * @param verified whether the promoted service answered
 * @param fencingProof why the old primary cannot have served beside it
 * @param timings how long each step took, in the order of their first start
 */
public record FailoverRecord(
    SagaId saga,
    VmId vm,
    FailoverReason reason,
    HostId from,
    HostId to,
    Instant suspectedAt,
    Instant promotedAt,
    Instant finishedAt,
    long epoch,
    long epochsLost,
    Duration age,
    long bytesLost,
    boolean zeroLoss,
    boolean verified,
    String fencingProof,
    List<StepTiming> timings) {

  public FailoverRecord {
    timings = List.copyOf(timings);
  }

  /** From the first sign of trouble until the shadow had come to life. */
  public Duration recoveryTime() {
    return Duration.between(suspectedAt, promotedAt);
  }

  /** How long one step took, all its attempts together. */
  public record StepTiming(SagaStep step, Duration took, int attempts) {}
}
