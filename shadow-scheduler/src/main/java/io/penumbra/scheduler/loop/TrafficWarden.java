package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Knows whose clients may be sent where their VM is not, and sends them after it until they are
 * where it is. A failover sends them itself; what it leaves undone, for whatever reason it ends, is
 * done here.
 */
final class TrafficWarden {

  private static final Duration AGAIN = Duration.ofSeconds(30);

  private final LoopState state;

  TrafficWarden(LoopState state) {
    this.state = state;
  }

  /** The VM is leaving the host where its clients are sent, or may be. */
  void leaving(Ward ward) {
    Redirect redirect = state.redirects.computeIfAbsent(ward.id(), vm -> new Redirect());
    redirect.maybeAt.add(ward.host);
    redirect.loadBalancerAt = Optional.empty();
    redirect.dnsAt = Optional.empty();
    write(ward.id(), List.copyOf(redirect.maybeAt));
  }

  /** It has not left after all; if nobody was sent elsewhere, all is as before. */
  void stayed(Ward ward) {
    Redirect redirect = state.redirects.get(ward.id());
    if (redirect != null && redirect.maybeAt.stream().allMatch(ward.host::equals)) {
      forget(ward.id());
    }
  }

  void forget(VmId vm) {
    if (state.redirects.remove(vm) != null) {
      write(vm, List.of());
    }
  }

  private void write(VmId vm, List<HostId> maybeAt) {
    state.write(JournalCodec.REDIRECT, vm.value(), new JournalCodec.RedirectLine(maybeAt));
  }

  /** Asks for whatever does not yet point to the VM, and looks again some time later. */
  void follow(Ward ward) {
    Redirect redirect = state.redirects.get(ward.id());
    if (redirect == null || ward.lostTrack || state.now.isBefore(redirect.notBefore)) {
      return;
    }
    Optional<HostId> here = Optional.of(ward.host);
    if (!redirect.loadBalancerAt.equals(here)) {
      state.command(
          new Command.PointLoadBalancer(state.newCommand(), ward.id(), ward.host),
          new Owner.OfTraffic(ward.id(), ward.host, true));
    }
    if (!redirect.dnsAt.equals(here)) {
      state.command(
          new Command.PointDns(state.newCommand(), ward.id(), ward.host),
          new Owner.OfTraffic(ward.id(), ward.host, false));
    }
    Instant again = state.now.plus(AGAIN);
    redirect.notBefore = again;
    state.timers.at(again, new Wake.LookAt(ward.id()));
  }

  void report(Owner.OfTraffic owner, Outcome outcome) {
    if (outcome instanceof Outcome.Done) {
      // Anything else is asked for again when the VM is looked at next.
      state.ward(owner.vm()).ifPresent(ward -> pointed(ward, owner.host(), owner.loadBalancer()));
    }
  }

  /** One of both ways was seen to point to a host. */
  void pointed(Ward ward, HostId at, boolean loadBalancer) {
    Redirect redirect = state.redirects.get(ward.id());
    if (redirect == null || ward.lostTrack) {
      return; // where it is, somebody else has to say first
    }
    if (loadBalancer) {
      redirect.loadBalancerAt = Optional.of(at);
    } else {
      redirect.dnsAt = Optional.of(at);
    }
    Optional<HostId> here = Optional.of(ward.host);
    if (redirect.loadBalancerAt.equals(here) && redirect.dnsAt.equals(here)) {
      forget(ward.id());
      state.touch(ward.id());
    }
  }
}
