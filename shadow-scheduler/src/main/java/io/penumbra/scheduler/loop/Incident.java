package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.scheduler.failover.IncidentState;
import java.time.Instant;
import java.util.Optional;

/** Trouble with one host. Mutable; owned by the loop. */
final class Incident {
  final String id;
  final HostId host;
  final Instant suspectedAt;
  final double phi;
  IncidentState state = IncidentState.CONFIRMING;
  int attempt = 1;
  Instant stateSince;
  Optional<String> proof = Optional.empty();

  /** Whether our own detector suspects it; if not, one probe that reaches it is enough. */
  boolean fromDetector;

  boolean doubtTold;
  boolean powerTold;

  /** Whether switching it off was tried and left in doubt, since this controller started. */
  boolean offInDoubt;

  Incident(String id, HostId host, Instant suspectedAt, double phi, Instant now) {
    this.id = id;
    this.host = host;
    this.suspectedAt = suspectedAt;
    this.phi = phi;
    this.stateSince = now;
  }
}
