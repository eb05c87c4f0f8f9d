package io.penumbra.simulator.engine;

import io.penumbra.simulator.hardware.GuestFailure;
import io.penumbra.simulator.hardware.HardwareFailure;
import io.penumbra.simulator.run.ScenarioInputs;
import io.penumbra.simulator.scenario.FailureCause;
import io.penumbra.simulator.world.WorldHost;
import java.util.List;

/**
 * Brings the drawn failures to the world, one after the other, each announced to the heartbeats a
 * little ahead so that the detector has something to go by.
 */
final class FailureFeed {

  private final Rig rig;
  private final ScenarioInputs inputs;
  private final List<HardwareFailure> failures;
  private final List<GuestFailure> guests;

  FailureFeed(ScenarioInputs inputs, Rig rig) {
    this.inputs = inputs;
    this.rig = rig;
    this.failures = inputs.failures().failures();
    this.guests = inputs.guestFailures();
  }

  void start() {
    announce(0);
    guest(0);
  }

  private void announce(int next) {
    if (next == failures.size()) {
      return;
    }
    HardwareFailure failure = failures.get(next);
    long at = failure.at().toNanos();
    long ahead = at - rig.heartbeats().leadNanos() - 2_000_000_000L;
    rig.time()
        .at(
            ahead,
            () -> {
              WorldHost host = rig.world().hosts().get(failure.host());
              rig.heartbeats().watch(host, at + rig.heartbeats().leadNanos());
              rig.time().at(at, () -> strike(host, failure));
              announce(next + 1);
            });
  }

  private void strike(WorldHost host, HardwareFailure failure) {
    String why = "its host failed: " + failure.cause();
    switch (failure.kind()) {
      case CRASH -> {
        if (failure.cause() == FailureCause.RACK || failure.cause() == FailureCause.POWER_FEED) {
          rig.operations().powerFails(List.of(host), failure.lasts(), why);
        } else {
          rig.operations().hostFails(host, failure.lasts(), why);
        }
      }
      case FREEZE -> rig.operations().hostFreezes(host, failure.lasts(), why);
      case SLOW -> rig.operations().hostSlows(host, failure.slowdown(), failure.lasts());
    }
  }

  private void guest(int next) {
    if (next == guests.size()) {
      return;
    }
    GuestFailure failure = guests.get(next);
    rig.time()
        .at(
            failure.at().toNanos(),
            () -> {
              rig.world()
                  .vm(inputs.trace().id(failure.vm()))
                  .ifPresent(vm -> rig.operations().guestCrashes(vm, "its guest crashed"));
              guest(next + 1);
            });
  }
}
