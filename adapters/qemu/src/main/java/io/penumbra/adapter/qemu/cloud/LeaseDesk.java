package io.penumbra.adapter.qemu.cloud;

import io.penumbra.adapter.qemu.api.Heartbeat.InstanceReport;
import io.penumbra.adapter.qemu.api.Heartbeat.ReplicaReport;
import io.penumbra.adapter.qemu.api.HeartbeatReply.LeaseWord;
import io.penumbra.adapter.qemu.cloud.Books.VmEntry;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.scheduler.lease.LeaseBook;
import io.penumbra.scheduler.lease.LeaseTerms;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/**
 * Decides what is said about a primary's lease in the answer to a heartbeat: whether it is renewed,
 * and who keeps it. Only the one that the books call the primary is renewed, and only while nobody
 * waits for its end. A keeper is changed while the controller renews and at no other time, and the
 * decision is written down before it is told: see {@code docs/decisions/0003}.
 */
final class LeaseDesk {

  private final Books books;
  private final LeaseBook leases;
  private final long patienceMillis;
  private final LongSupplier clock;
  private final SortedMap<VmId, Long> inForce = new TreeMap<>();

  LeaseDesk(Books books, LeaseBook leases, LeaseTerms terms, LongSupplier clock) {
    this.books = books;
    this.leases = leases;
    this.patienceMillis = terms.lasts().toMillis() / 2;
    this.clock = clock;
  }

  /** To be asked right before the answer is sent. */
  synchronized LeaseWord word(HostId host, InstanceReport report) {
    VmId vm = report.vm();
    Optional<VmEntry> entry =
        books.vm(vm).filter(known -> known.host().equals(host) && known.term() == report.term());
    if (entry.isEmpty() || !leases.renew(vm, host, clock.getAsLong())) {
      return new LeaseWord(vm, false, report.lease(), report.keeper());
    }
    VmEntry known = entry.get();
    boolean heard = report.lease() == known.lease();
    if (heard) {
      inForce.put(vm, known.lease());
    }
    if (heard && known.keeper().isPresent()) {
      heard(known, host, known.keeper().get());
    }
    VmEntry told = heard ? decide(known, host, report) : known;
    return new LeaseWord(vm, true, told.lease(), told.keeper());
  }

  /** Whether the primary has said that it keeps to that decision. */
  synchronized boolean isInForce(VmId vm, long number) {
    return Long.valueOf(number).equals(inForce.get(vm));
  }

  /** The primary keeps to the last decision, so nobody else can be renewing any more. */
  private void heard(VmEntry known, HostId host, HostId keeper) {
    leases.keptBy(known.vm().id(), host, keeper);
    if (!known.mayKeep().equals(List.of(keeper))) {
      books.change(
          known.vm().id(),
          entry -> entry.withLease(entry.lease(), entry.keeper(), List.of(keeper)));
    }
  }

  private VmEntry decide(VmEntry known, HostId host, InstanceReport report) {
    Optional<HostId> best = best(known.keeper(), report);
    if (best.equals(known.keeper())) {
      return known;
    }
    VmId vm = known.vm().id();
    List<HostId> mayKeep = List.of();
    if (best.isPresent()) {
      HostId before = known.keeper().orElse(best.get());
      Optional<LeaseBook.Keepers> consent = leases.consent(vm, host, before, best.get());
      if (consent.isEmpty()) {
        return known;
      }
      mayKeep = consent.get().mayKeep();
    }
    List<HostId> candidates = mayKeep;
    return books
        .change(vm, entry -> entry.withLease(entry.lease() + 1, best, candidates))
        .orElse(known);
  }

  /** The keeper stays one until it is gone, or silent while another could stand in. */
  private Optional<HostId> best(Optional<HostId> keeper, InstanceReport report) {
    Optional<ReplicaReport> present =
        report.replicas().stream()
            .filter(replica -> keeper.filter(replica.host()::equals).isPresent())
            .filter(ReplicaReport::complete)
            .findFirst();
    if (present.isPresent() && present.get().silentMillis() <= patienceMillis) {
      return keeper;
    }
    Optional<HostId> other =
        report.replicas().stream()
            .filter(replica -> replica.complete() && replica.silentMillis() <= patienceMillis)
            .map(ReplicaReport::host)
            .filter(candidate -> !keeper.equals(Optional.of(candidate)))
            .findFirst();
    boolean gone =
        report.replicas().stream()
            .noneMatch(replica -> keeper.filter(replica.host()::equals).isPresent());
    return other.isPresent() ? other : gone ? Optional.empty() : keeper;
  }
}
