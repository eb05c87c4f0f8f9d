package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import java.time.Instant;
import java.util.Optional;

/** What the loop knows of one host. Mutable; owned by the loop. */
final class HostRecord {
  final Host host;

  /** What the cloud says. */
  HostCondition reported;

  /** What placement was told last. */
  HostCondition told;

  Optional<Incident> incident = Optional.empty();
  Optional<HostWatch> watch = Optional.empty();
  Optional<RiskScore> risk = Optional.empty();

  /** Some VM on it is looked after more closely because of its risk. */
  boolean heightened;

  /** Since when the risk has been low again; only means something while heightened. */
  Optional<Instant> calmSince = Optional.empty();

  /** Leaves the fleet as soon as nothing is on it. */
  boolean leaving;

  HostRecord(Host host, HostCondition reported) {
    this.host = host;
    this.reported = reported;
    this.told = HostCondition.UP;
  }

  HostId id() {
    return host.id();
  }

  boolean dead() {
    return incident.isPresent() && incident.get().state.dead();
  }

  /** An operator wants it empty. */
  boolean draining() {
    return reported == HostCondition.MAINTENANCE;
  }

  /** What it may be used for, everything taken together. */
  HostCondition condition() {
    if (dead() || leaving) {
      return HostCondition.DOWN;
    }
    if (reported == HostCondition.UP || reported == HostCondition.QUARANTINED) {
      if (incident.isPresent()) {
        return HostCondition.STALE;
      }
      return watch.isPresent() ? HostCondition.QUARANTINED : reported;
    }
    return reported;
  }
}
