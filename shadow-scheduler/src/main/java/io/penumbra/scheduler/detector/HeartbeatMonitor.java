package io.penumbra.scheduler.detector;

import io.penumbra.domain.HostId;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.port.EventSink;
import java.time.Instant;
import java.util.Optional;

/**
 * Turns the arrival of heartbeats into {@code HostSuspected} and {@code HostTrusted} events. Hosts
 * that are not watched are taken to be well. Owned by one thread.
 */
public final class HeartbeatMonitor {

  public HeartbeatMonitor(SchedulerSettings.Detector settings, EventSink sink) {}

  /** How many hosts there are, watched or not: how many silent ones are many depends on it. */
  public void fleetSize(int hosts) {}

  /** Watches a host from now on; nothing happens when it is watched already. */
  public void watch(HostId host, Instant now) {}

  /** Takes a host to be well from now on, without an event. */
  public void unwatch(HostId host) {}

  public boolean watches(HostId host) {
    return false;
  }

  /** A heartbeat has arrived. Of a host that isn't watched, nothing is kept. */
  public void heartbeat(HostId host, Instant arrival) {}

  /** Looks at the deadlines that have passed. Call it at {@link #nextDeadline}, or whenever. */
  public void tick(Instant now) {}

  /** When {@link #tick} should be called next. It may then turn out to be too early to suspect. */
  public Optional<Instant> nextDeadline() {
    return Optional.empty();
  }

  /** One of our own probes or acks was late: a sign that the trouble may be ours. */
  public void ownTrouble(Instant now) {}

  /** 0 when we trust ourselves; thresholds are stretched by 1 + this. */
  public int localHealth() {
    return 0;
  }

  /** Suspicion level of a watched host: minus log10 of the chance that it is merely late. */
  public double phi(HostId host, Instant now) {
    return 0;
  }
}
