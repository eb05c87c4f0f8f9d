package io.penumbra.scheduler.detector;

import io.penumbra.domain.HostId;
import io.penumbra.domain.event.Event;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.port.EventSink;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;

/**
 * Turns the arrival of heartbeats into {@code HostSuspected} and {@code HostTrusted} events. Hosts
 * that are not watched are taken to be well. Owned by one thread.
 *
 * <p>How late is too late is learned per host (phi accrual, see {@link ArrivalWindow}). How far we
 * trust ourselves is a score (Dadgar, Phillips, Currey: "Lifeguard: Local Health Awareness for More
 * Accurate Failure Detection", 2018): it rises when our own tick, probe or ack is late and when
 * many hosts fall silent at once, falls with time, and stretches every threshold by 1 + score. A
 * mass failure that is real is therefore suspected later, never not at all.
 *
 * <p>No scanning: each host has one entry in a queue of deadlines, which is looked at again only
 * when it comes up.
 */
public final class HeartbeatMonitor {

  private final SchedulerSettings.Detector settings;
  private final EventSink sink;
  private final double zAtThreshold;
  // Looked up only, never iterated: order of a hash map must not decide anything.
  private final Map<HostId, Watched> watched = new HashMap<>();
  private final PriorityQueue<Deadline> deadlines = new PriorityQueue<>();
  // In the order in which they began. A host that falls silent again is still one host.
  private final LinkedHashMap<HostId, Long> silences = new LinkedHashMap<>();
  private final ArrayDeque<Event> undelivered = new ArrayDeque<>();
  private int fleetSize;
  private int health;
  private long healthSince = Long.MIN_VALUE;
  private long lastSeen = Long.MIN_VALUE;

  public HeartbeatMonitor(SchedulerSettings.Detector settings, EventSink sink) {
    this.settings = settings;
    this.sink = sink;
    this.zAtThreshold = NormalTail.inverse(Math.pow(10, -settings.phi()));
  }

  /** How many hosts there are, watched or not: how many silent ones are many depends on it. */
  public void fleetSize(int hosts) {
    fleetSize = hosts;
  }

  /** Watches a host from now on; nothing happens when it is watched already. */
  public void watch(HostId host, Instant now) {
    if (watched.containsKey(host)) {
      return;
    }
    long at = nanos(now);
    Watched fresh =
        new Watched(
            host,
            new ArrivalWindow(
                settings.window(), settings.interval().toNanos(), settings.stdDevMin().toNanos()),
            at);
    watched.put(host, fresh);
    deadlines.add(new Deadline(deadlineOf(fresh), host));
  }

  /**
   * Watches a host that is suspected already, as by a detector before a restart: the next heartbeat
   * says that it is back. Without it, a trouble that ended while nobody looked would never end.
   */
  public void watchSuspected(HostId host, Instant now) {
    watch(host, now);
    Watched known = watched.get(host);
    if (known != null) {
      known.suspected = true;
    }
  }

  /** Takes a host to be well from now on, without an event. */
  public void unwatch(HostId host) {
    watched.remove(host);
  }

  public boolean watches(HostId host) {
    return watched.containsKey(host);
  }

  /** A heartbeat has arrived. Of a host that isn't watched, nothing is kept. */
  public void heartbeat(HostId host, Instant arrival) {
    Watched known = watched.get(host);
    if (known == null) {
      return;
    }
    long at = nanos(arrival);
    if (at <= known.last) {
      return; // a duplicate, or one that was overtaken on its way
    }
    if (known.suspected) {
      // The silence that made us suspicious says nothing about the usual interval.
      known.suspected = false;
      known.last = at;
      deliver(new Event.HostTrusted(arrival, host));
      deadlines.add(new Deadline(deadlineOf(known), host));
      return;
    }
    // Between two heartbeats is an interval; between the start of watching and the first is none.
    if (known.heard) {
      known.window.add(at - known.last);
    }
    known.heard = true;
    known.last = at;
  }

  /** Looks at the deadlines that have passed. Call it at {@link #nextDeadline}, or whenever. */
  public void tick(Instant now) {
    long at = nanos(now);
    lastSeen = Math.max(lastSeen, at);
    flush();
    Deadline first = deadlines.peek();
    if (first != null && at - first.at > settings.lateTolerance().toNanos()) {
      ownTrouble(now);
    }
    while (!deadlines.isEmpty() && deadlines.element().at <= at) {
      lookAt(deadlines.remove().host, at, now);
    }
  }

  private void lookAt(HostId host, long at, Instant now) {
    Watched known = watched.get(host);
    if (known == null || known.suspected) {
      return;
    }
    long deadline = deadlineOf(known);
    if (deadline > at) {
      deadlines.add(new Deadline(deadline, host));
      return;
    }
    if (health() < settings.healthMax() && tooManyAtOnce(known, at)) {
      raiseHealth(at);
      long stretched = Math.max(at + 1, deadlineOf(known));
      deadlines.add(new Deadline(stretched, host));
      return;
    }
    known.suspected = true;
    deliver(new Event.HostSuspected(now, host, known.window.phi((double) (at - known.last))));
  }

  /** Counts each silence once, however often its deadline is stretched, and each host once. */
  private boolean tooManyAtOnce(Watched known, long at) {
    if (known.countedSilence != known.last) {
      known.countedSilence = known.last;
      silences.putLast(known.host, at);
    }
    long since = at - settings.healthRecovery().toNanos();
    while (!silences.isEmpty() && silences.firstEntry().getValue() < since) {
      silences.pollFirstEntry();
    }
    int fleet = Math.max(fleetSize, watched.size());
    int many = Math.max(settings.massMin(), (int) Math.ceil(settings.massShare() * fleet));
    return silences.size() >= many;
  }

  /** When {@link #tick} should be called next. It may then turn out to be too early to suspect. */
  public Optional<Instant> nextDeadline() {
    if (!undelivered.isEmpty()) {
      return Optional.of(instant(lastSeen).plus(settings.interval()));
    }
    return deadlines.isEmpty() ? Optional.empty() : Optional.of(instant(deadlines.element().at));
  }

  /** One of our own probes or acks was late: a sign that the trouble may be ours. */
  public void ownTrouble(Instant now) {
    lastSeen = Math.max(lastSeen, nanos(now));
    raiseHealth(nanos(now));
  }

  /** 0 when we trust ourselves; thresholds are stretched by 1 + this. */
  public int localHealth() {
    return health();
  }

  /** Suspicion level of a watched host: minus log10 of the chance that it is merely late. */
  public double phi(HostId host, Instant now) {
    Watched known = watched.get(host);
    return known == null ? 0 : known.window.phi((double) (nanos(now) - known.last));
  }

  private int health() {
    if (health == 0) {
      return 0;
    }
    long recovered = (lastSeen - healthSince) / settings.healthRecovery().toNanos();
    return (int) Math.max(0, health - recovered);
  }

  private void raiseHealth(long at) {
    health = Math.min(settings.healthMax(), health() + 1);
    healthSince = at;
  }

  private long deadlineOf(Watched host) {
    long silence = (long) Math.ceil(host.window.silenceAt(zAtThreshold) * (1 + health()));
    return host.last + silence;
  }

  private void deliver(Event event) {
    if (!undelivered.isEmpty() || !sink.offer(event)) {
      undelivered.addLast(event);
    }
  }

  private void flush() {
    while (!undelivered.isEmpty() && sink.offer(undelivered.getFirst())) {
      undelivered.removeFirst();
    }
  }

  private static long nanos(Instant at) {
    return Math.addExact(Math.multiplyExact(at.getEpochSecond(), 1_000_000_000L), at.getNano());
  }

  private static Instant instant(long nanos) {
    return Instant.EPOCH.plus(Duration.ofNanos(nanos));
  }

  private static final class Watched {
    final HostId host;
    final ArrivalWindow window;
    long last;
    long countedSilence = Long.MIN_VALUE;
    boolean suspected;
    boolean heard;

    Watched(HostId host, ArrivalWindow window, long last) {
      this.host = host;
      this.window = window;
      this.last = last;
    }

    @Override
    public String toString() {
      return host + (suspected ? " suspected" : " trusted");
    }
  }

  private record Deadline(long at, HostId host) implements Comparable<Deadline> {
    @Override
    public int compareTo(Deadline other) {
      int order = Long.compare(at, other.at);
      return order != 0 ? order : host.compareTo(other.host);
    }
  }
}
