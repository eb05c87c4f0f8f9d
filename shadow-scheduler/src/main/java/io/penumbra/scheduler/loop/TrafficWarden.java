package io.penumbra.scheduler.loop;

import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Sends clients after a VM that was found elsewhere than a failover of ours had left it, until they
 * are where it is. A failover sends them itself.
 */
final class TrafficWarden {

  private static final Duration AGAIN = Duration.ofSeconds(30);

  private final LoopState state;

  TrafficWarden(LoopState state) {
    this.state = state;
  }

  /** Asks for both ways to be pointed anew, and looks again some time later. */
  void follow(Ward ward) {
    if (ward.clientsAt.isEmpty() || state.now.isBefore(ward.redirectNotBefore)) {
      return;
    }
    if (!ward.loadBalancerFollowed) {
      state.command(
          new Command.PointLoadBalancer(state.newCommand(), ward.id(), ward.host),
          new Owner.OfTraffic(ward.id(), ward.host, true));
    }
    if (!ward.dnsFollowed) {
      state.command(
          new Command.PointDns(state.newCommand(), ward.id(), ward.host),
          new Owner.OfTraffic(ward.id(), ward.host, false));
    }
    ward.redirectNotBefore = state.now.plus(AGAIN);
    state.timers.at(ward.redirectNotBefore, new Wake.LookAt(ward.id()));
  }

  void report(Owner.OfTraffic owner, Outcome outcome) {
    Optional<Ward> ward = state.ward(owner.vm()).filter(found -> found.host.equals(owner.host()));
    if (ward.isEmpty() || !(outcome instanceof Outcome.Done)) {
      return; // asked for again when it is looked at next
    }
    ward.get().loadBalancerFollowed |= owner.loadBalancer();
    ward.get().dnsFollowed |= !owner.loadBalancer();
    if (ward.get().loadBalancerFollowed && ward.get().dnsFollowed) {
      ward.get().clientsAt = Optional.empty();
      ward.get().redirectNotBefore = Instant.MIN;
      state.touch(ward.get().id());
    }
  }
}
