package io.penumbra.scheduler.failover;

import io.penumbra.scheduler.SchedulerSettings;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Counts failovers in a sliding window and lets no more through than the limits allow.
 *
 * <p>What it holds, precisely: a host that was found dead, before it is fenced (limit on hosts); a
 * failover of a guest on a living host, before it is confirmed (limit on guests); a predicted or
 * planned move, before anything is touched (limit on moves, the tightest). While the limit on hosts
 * is reached, moves are held as well: a fleet in trouble is not the place for voluntary work. It
 * never holds what has begun: a VM whose host is fenced is always brought back, a paused primary
 * always resumed, a missing shadow always placed.
 */
public final class FailoverBreaker {

  /** What is counted apart. */
  public enum Kind {
    /** Hosts fenced because they were found dead. */
    HOSTS,
    /** Failovers of guests on living hosts. */
    GUESTS,
    /** Predicted and planned moves. */
    MOVES;

    /** The kind that a single VM's failover counts as; a dead host is counted once, as a host. */
    public static Kind of(FailoverReason reason) {
      return switch (reason) {
        case HOST_FAILED -> HOSTS;
        case GUEST_FAILED -> GUESTS;
        case PREDICTED, PLANNED -> MOVES;
      };
    }
  }

  /** One failover that was let through. */
  public record Admitted(Instant at, Kind kind, String subject) {}

  private final SchedulerSettings.Breaker settings;
  private final Map<Kind, ArrayDeque<Admitted>> window = new EnumMap<>(Kind.class);

  public FailoverBreaker(SchedulerSettings.Breaker settings) {
    this.settings = settings;
    for (Kind kind : Kind.values()) {
      window.put(kind, new ArrayDeque<>());
    }
  }

  /** Whether one more may be let through for a fleet of this many hosts and VMs. */
  public boolean allows(Kind kind, int hosts, int vms, Instant now) {
    if (!settings.enabled()) {
      return true;
    }
    boolean fleetInTrouble = kind == Kind.MOVES && full(Kind.HOSTS, hosts, vms, now);
    return !fleetInTrouble && !full(kind, hosts, vms, now);
  }

  private boolean full(Kind kind, int hosts, int vms, Instant now) {
    return admitted(kind, now).size() >= limit(kind, hosts, vms);
  }

  /** The limit for a fleet of this many hosts and VMs. */
  public int limit(Kind kind, int hosts, int vms) {
    return switch (kind) {
      case HOSTS -> settings.hosts().of(hosts);
      case GUESTS -> settings.guests().of(vms);
      case MOVES -> settings.moves().of(vms);
    };
  }

  /** Writes down that one was let through. Times must not go backwards by more than the window. */
  public void admit(Admitted admitted) {
    of(admitted.kind()).addLast(admitted);
  }

  /** Those let through within the window, oldest first. */
  public List<Admitted> admitted(Kind kind, Instant now) {
    ArrayDeque<Admitted> kept = of(kind);
    Instant since = now.minus(settings.window());
    while (!kept.isEmpty() && !kept.getFirst().at().isAfter(since)) {
      kept.removeFirst();
    }
    return new ArrayList<>(kept);
  }

  /** When the next place becomes free, if any is taken. */
  public Optional<Instant> nextRelease(Instant now) {
    Optional<Instant> next = Optional.empty();
    for (Kind kind : Kind.values()) {
      List<Admitted> kept = admitted(kind, now);
      if (!kept.isEmpty()) {
        Instant free = kept.getFirst().at().plus(settings.window());
        next = Optional.of(next.isEmpty() || free.isBefore(next.get()) ? free : next.get());
      }
    }
    return next;
  }

  private ArrayDeque<Admitted> of(Kind kind) {
    ArrayDeque<Admitted> kept = window.get(kind);
    if (kept == null) {
      throw new IllegalStateException("breaker has no window for " + kind);
    }
    return kept;
  }
}
