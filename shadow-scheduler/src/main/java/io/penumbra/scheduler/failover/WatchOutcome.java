package io.penumbra.scheduler.failover;

import io.penumbra.domain.HostId;
import java.time.Instant;

/**
 * Whether a host that VMs were taken away from was really broken; what the risk model and the
 * detector learn from.
 *
 * @param evidence what the verdict rests on
 */
public record WatchOutcome(
    HostId host,
    FailoverReason reason,
    Instant since,
    Instant until,
    Verdict verdict,
    String evidence) {

  /** What watching showed. */
  public enum Verdict {
    /** It was broken, or broke while it was watched. */
    BROKEN,
    /** It was well all along. */
    WELL,
    /** It was switched off before anyone could tell. */
    UNDECIDED
  }
}
