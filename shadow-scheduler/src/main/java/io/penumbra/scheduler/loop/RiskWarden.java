package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.scheduler.risk.RiskAnswer;
import io.penumbra.scheduler.risk.RiskAppraisal;
import java.time.Duration;
import java.util.Optional;

/**
 * Answers risk: shadows grow and are kept fresher while it is up, VMs move when that is cheaper
 * than waiting, and everything goes back when the host has been calm for a while.
 */
final class RiskWarden {

  private final LoopState state;

  RiskWarden(LoopState state) {
    this.state = state;
  }

  void reported(HostRecord host, RiskScore risk) {
    host.risk = Optional.of(risk);
    state.change(new FleetChange.HostRiskChanged(host.id(), risk));
    boolean up = false;
    for (VmId vm : state.fleet.primariesOn(host.id())) {
      Optional<Ward> ward = state.ward(vm).filter(found -> found.policy().shadows() > 0);
      if (ward.isPresent()) {
        up |= answer(ward.get(), risk);
      }
    }
    if (up) {
      host.heightened = true;
      host.calmSince = Optional.empty();
    } else if (host.heightened) {
      calming(host, risk);
    }
  }

  /** Whether the risk is answered with anything. */
  private boolean answer(Ward ward, RiskScore risk) {
    switch (RiskAppraisal.appraise(risk, ward.vm, state.settings.risk())) {
      case RiskAnswer.Ignore ignore -> {
        stay(ward);
        return false;
      }
      case RiskAnswer.CheckAgain again -> {
        stay(ward);
        heighten(ward);
        return true;
      }
      case RiskAnswer.Act act -> {
        ward.moveWanted = true;
        heighten(ward);
        return true;
      }
    }
  }

  /** A move that waits for its turn is called off when it is looked at. */
  private void stay(Ward ward) {
    if (ward.moveWanted) {
      ward.moveWanted = false;
      state.touch(ward.id());
    }
  }

  private void heighten(Ward ward) {
    state.touch(ward.id());
    if (!ward.heightened) {
      ward.heightened = true;
      Duration interval = scaled(ward.policy().rpo(), state.settings.risk().epochFactor());
      pace(ward, interval, state.settings.risk().dnsTtlRisk());
    }
  }

  private static Duration scaled(Duration rpo, double factor) {
    return Duration.ofNanos(Math.max(1_000_000L, (long) (rpo.toNanos() * factor)));
  }

  private void pace(Ward ward, Duration interval, Duration ttl) {
    state.command(new Command.SetEpochInterval(state.newCommand(), ward.id(), interval));
    state.command(new Command.SetDnsTtl(state.newCommand(), ward.id(), ttl));
  }

  /** Below the threshold is not calm yet: it has to stay well below it for a while. */
  private void calming(HostRecord host, RiskScore risk) {
    boolean calm = true;
    for (VmId vm : state.fleet.primariesOn(host.id())) {
      calm &=
          state
              .ward(vm)
              .filter(ward -> ward.heightened)
              .map(ward -> RiskAppraisal.calm(risk, ward.vm, state.settings.risk()))
              .orElse(true);
    }
    if (!calm) {
      host.calmSince = Optional.empty();
    } else if (host.calmSince.isEmpty()) {
      host.calmSince = Optional.of(state.now);
      state.timers.at(
          state.now.plus(state.settings.risk().calmAfter()),
          new Wake.CalmCheck(host.id(), state.now));
    }
  }

  void check(Wake.CalmCheck wake) {
    Optional<HostRecord> host = state.host(wake.host());
    if (host.isEmpty() || !host.get().calmSince.equals(Optional.of(wake.calmSince()))) {
      return;
    }
    host.get().heightened = false;
    host.get().calmSince = Optional.empty();
    calmAll(wake.host());
  }

  private void calmAll(HostId host) {
    for (VmId vm : state.fleet.primariesOn(host)) {
      state.ward(vm).ifPresent(this::calm);
    }
  }

  /** The VM is on quiet ground: its shadows shrink, epochs and DNS go back to normal. */
  void calm(Ward ward) {
    if (ward.heightened) {
      ward.heightened = false;
      ward.moveWanted = false;
      pace(ward, scaled(ward.policy().rpo(), 1), state.settings.risk().dnsTtlCalm());
      state.touch(ward.id());
    }
  }

  /** A VM has come to a host: what holds there holds for it. */
  void moved(Ward ward) {
    Optional<HostRecord> host = state.host(ward.host);
    Optional<RiskScore> risk = host.flatMap(found -> found.risk);
    boolean up = ward.policy().shadows() > 0 && risk.isPresent() && answer(ward, risk.get());
    if (up) {
      host.get().heightened = true;
    } else {
      calm(ward);
    }
  }
}
