package io.penumbra.scheduler.lease;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The controller's side of all leases: whom it may renew, when it did so last, and who may keep
 * them. Safe to use from any thread, because heartbeats are answered on many.
 *
 * <p>After a restart a book begins with the keepers that were written down and nothing else.
 * Whoever starts a controller has to give the fencer its unfinished commands <em>before</em> the
 * first heartbeat is answered; then everything that was stopped is stopped again. That the
 * controller before may have renewed up to its last moment is reckoned with.
 */
public final class LeaseBook {

  private final long begunNanos;
  private final Ledger ledger;
  private final Map<Seat, Entry> entries = new HashMap<>();

  /**
   * The hosts whose shadows may be renewing one primary's lease. More than one while a change of
   * the keeper has been consented to and the primary hasn't said that it heard so.
   */
  public record Keepers(VmId vm, HostId primary, List<HostId> mayKeep) {
    public Keepers {
      mayKeep = List.copyOf(mayKeep);
    }
  }

  /** Where it is written down for whom nobody renews, so that a restart does not forget it. */
  public interface Ledger {

    /** For a book whose stops come again from elsewhere after a restart. */
    Ledger NONE =
        new Ledger() {
          @Override
          public void stopped(VmId vm, HostId primary) {}

          @Override
          public void takenUp(VmId vm, HostId primary) {}
        };

    /** Durable on return: only then is anybody asked about the end. */
    void stopped(VmId vm, HostId primary);

    /** Durable on return: only then is anybody renewed. */
    void takenUp(VmId vm, HostId primary);
  }

  private record Seat(VmId vm, HostId primary) {}

  private static final class Entry {
    private Optional<Long> renewedNanos = Optional.empty();
    private boolean stopped;
    private List<HostId> mayKeep = List.of();
  }

  /**
   * A book of a controller that begins.
   *
   * @param keepers what {@link #consent} gave to be written down
   * @param nowNanos of the controller's own clock that only runs forward
   */
  public LeaseBook(List<Keepers> keepers, long nowNanos) {
    this(keepers, nowNanos, Ledger.NONE);
  }

  /**
   * A book whose stops are written down, too.
   *
   * @param ledger is told of every stop before it counts
   */
  public LeaseBook(List<Keepers> keepers, long nowNanos, Ledger ledger) {
    begunNanos = nowNanos;
    this.ledger = ledger;
    for (Keepers known : keepers) {
      entry(known.vm(), known.primary()).mayKeep = known.mayKeep();
    }
  }

  /**
   * Whether the answer to a heartbeat may renew this primary's lease. To be asked right before the
   * answer is sent, and only for whom the loop takes for the primary.
   */
  public synchronized boolean renew(VmId vm, HostId primary, long nowNanos) {
    Entry entry = entry(vm, primary);
    if (entry.stopped) {
      return false;
    }
    long before = entry.renewedNanos.orElse(nowNanos);
    entry.renewedNanos = Optional.of(before - nowNanos > 0 ? before : nowNanos);
    return true;
  }

  /** Stops renewing. The answer: how long ago this controller's last renewal left, at least. */
  public synchronized Duration stop(VmId vm, HostId primary, long nowNanos) {
    Entry entry = entry(vm, primary);
    entry.stopped = true;
    ledger.stopped(vm, primary);
    return Duration.ofNanos(Math.max(0, nowNanos - entry.renewedNanos.orElse(begunNanos)));
  }

  /** Whether somebody waits, or has waited, for this primary's lease to run out. */
  public synchronized boolean isStopped(VmId vm, HostId primary) {
    Entry entry = entries.get(new Seat(vm, primary));
    return entry != null && entry.stopped;
  }

  /** This host's instance is, or is again, the one that is to serve. */
  public synchronized void takeUp(VmId vm, HostId primary) {
    ledger.takenUp(vm, primary);
    entry(vm, primary).stopped = false;
  }

  /**
   * A primary, whose keeper has fallen silent, wants another shadow to keep its lease. Consent is
   * what this returns, written down durably and then sent; none while somebody waits for the lease
   * to run out.
   */
  public synchronized Optional<Keepers> consent(
      VmId vm, HostId primary, HostId before, HostId next) {
    Entry entry = entry(vm, primary);
    boolean undecided = entry.mayKeep.size() > 1 && !entry.mayKeep.contains(next);
    if (entry.stopped || undecided) {
      return Optional.empty();
    }
    entry.mayKeep = before.equals(next) ? List.of(next) : List.of(before, next);
    return Optional.of(new Keepers(vm, primary, entry.mayKeep));
  }

  /**
   * A primary says who keeps its lease. While a change is under way only the new keeper's name ends
   * it: the old one's may have been said before the consent arrived.
   */
  public synchronized void keptBy(VmId vm, HostId primary, HostId keeper) {
    Entry entry = entry(vm, primary);
    boolean underWay = entry.mayKeep.size() > 1;
    if (!underWay || entry.mayKeep.getLast().equals(keeper)) {
      entry.mayKeep = List.of(keeper);
    }
  }

  /**
   * Whether the word of this shadow's agent is enough to know that the lease has run out. When
   * nothing is known of a keeper, that agent is asked whether it is the one.
   */
  public synchronized boolean canEnd(VmId vm, HostId primary, HostId shadow) {
    List<HostId> mayKeep = entry(vm, primary).mayKeep;
    return mayKeep.isEmpty() || mayKeep.equals(List.of(shadow));
  }

  /** The VM is gone. */
  public synchronized void forget(VmId vm) {
    entries.keySet().removeIf(seat -> seat.vm().equals(vm));
  }

  private Entry entry(VmId vm, HostId primary) {
    return entries.computeIfAbsent(new Seat(vm, primary), seat -> new Entry());
  }
}
