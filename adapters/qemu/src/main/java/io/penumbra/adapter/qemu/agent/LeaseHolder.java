package io.penumbra.adapter.qemu.agent;

import io.penumbra.domain.HostId;
import io.penumbra.scheduler.lease.LeaseClock;
import io.penumbra.scheduler.lease.LeaseTerms;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * One primary's right to serve: the pure rule of {@link LeaseClock}, and the deadline that follows
 * from it where the watchdog sees it. The deadline is moved before anybody relies on it.
 */
final class LeaseHolder {

  private final LongSupplier clock;
  private final LeasePage page;
  private final LeaseTerms terms;
  private LeaseClock lease;
  private int slot = -1;

  LeaseHolder(LeaseTerms terms, LongSupplier clock, LeasePage page) {
    this.terms = terms;
    this.clock = clock;
    this.page = page;
    lease = LeaseClock.unleased(terms);
  }

  /**
   * Goes on where the agent before has stopped: what it last promised stands in the page.
   *
   * @param pid the guest's process; 0 if it has none
   * @param keeper who kept its lease
   */
  synchronized void takeUp(long pid, Optional<HostId> keeper) {
    if (pid > 1) {
      slot = page.take(pid);
    }
    lease = LeaseClock.unleased(terms);
    if (keeper.isPresent()) {
      long deadline = slot < 0 ? 0 : page.read(slot).deadline();
      long now = clock.getAsLong();
      boolean known = deadline != 0 && deadline - now <= terms.lasts().toNanos();
      long renewed = deadline - terms.lasts().toNanos();
      lease =
          known
              ? new LeaseClock(terms, keeper, renewed, renewed, false).at(now)
              : LeaseClock.lost(terms, keeper.get(), now);
    }
    publish();
  }

  /** The guest has another process from now on. */
  synchronized void moved(long pid) {
    release();
    if (pid > 1) {
      slot = page.take(pid);
    }
    publish();
  }

  /** There is no guest any more. */
  synchronized void release() {
    if (slot >= 0) {
      page.free(slot);
      slot = -1;
    }
  }

  /** The controller's word about who keeps the lease; true if it is in force now. */
  synchronized boolean kept(Optional<HostId> keeper, long askedNanos) {
    long now = clock.getAsLong();
    if (keeper.equals(lease.keeper())) {
      return true;
    }
    if (keeper.isEmpty()) {
      lease = lease.released();
    } else if (lease.keeper().isEmpty()) {
      lease = lease.leased(keeper.get(), now);
    } else {
      lease = lease.handOver(keeper.get(), askedNanos, now);
    }
    publish();
    return keeper.equals(lease.keeper());
  }

  /** A renewal in the controller's answer to a heartbeat that was sent then. */
  synchronized void heardController(long askedNanos) {
    lease = lease.heardController(askedNanos, clock.getAsLong());
    publish();
  }

  /** An ack or a renewal of the keeper, for something that was sent then. */
  synchronized void heardKeeper(HostId from, long sentNanos) {
    lease = lease.heardKeeper(from, sentNanos, clock.getAsLong());
    publish();
  }

  synchronized boolean mayServe() {
    lease = lease.at(clock.getAsLong());
    return lease.mayServe(clock.getAsLong());
  }

  synchronized Optional<HostId> keeper() {
    return lease.keeper();
  }

  /** For how long nothing has been heard of the keeper. */
  synchronized long keeperSilentNanos() {
    return clock.getAsLong() - lease.keeperNanos();
  }

  private void publish() {
    if (slot < 0) {
      return;
    }
    long now = clock.getAsLong();
    long deadline = lease.left(now).map(left -> Math.max(1, now + left.toNanos())).orElse(0L);
    page.deadline(slot, deadline);
  }
}
