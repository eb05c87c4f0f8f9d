package io.penumbra.scheduler.loop;

import io.penumbra.domain.VmId;
import io.penumbra.scheduler.failover.FailoverReason;
import java.time.Instant;
import java.util.TreeSet;

/** A host that is kept out of service and watched after a failover. Mutable; owned by the loop. */
final class HostWatch {
  final FailoverReason reason;
  final Instant since;
  Instant notBefore;

  /** Old primaries that could not be removed yet. */
  final TreeSet<VmId> toRetire = new TreeSet<>();

  /** Whether the cloud has put it into quarantine. */
  boolean quarantineDone;

  /** Whether the verdict is in the ledger. */
  boolean judged;

  /** A host that VMs were moved away from must be less risky than this before it is used. */
  double calmBelow = 1;

  /** Signs that it was really broken, or that it was not; the first of each is kept. */
  String brokenEvidence = "";

  String wellEvidence = "";

  HostWatch(FailoverReason reason, Instant since, Instant notBefore) {
    this.reason = reason;
    this.since = since;
    this.notBefore = notBefore;
  }
}
