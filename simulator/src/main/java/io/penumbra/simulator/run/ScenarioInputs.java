package io.penumbra.simulator.run;

import io.penumbra.domain.Vm;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.simulator.hardware.FailureSchedule;
import io.penumbra.simulator.hardware.GuestFailure;
import io.penumbra.simulator.hardware.GuestFailures;
import io.penumbra.simulator.scenario.PolicyMix;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioFleet;
import io.penumbra.simulator.workload.VmTrace;
import io.penumbra.simulator.workload.Workload;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** What every policy is given alike: hosts, arrivals, failures. Drawn once, before any run. */
public record ScenarioInputs(
    Scenario scenario,
    ScenarioFleet fleet,
    VmTrace trace,
    FailureSchedule failures,
    List<GuestFailure> guestFailures) {

  /** Draws or reads everything a scenario names. */
  public static ScenarioInputs of(Scenario scenario) {
    ScenarioFleet fleet = ScenarioFleet.of(scenario);
    VmTrace trace = Workload.of(scenario);
    return new ScenarioInputs(
        scenario,
        fleet,
        trace,
        FailureSchedule.draw(scenario, fleet),
        GuestFailures.draw(scenario, trace));
  }

  /** What may be promised on this scenario's hosts. */
  public FleetSettings fleetSettings() {
    return new FleetSettings(
        scenario.fleet().cpuOvercommit(),
        scenario.fleet().memoryOvercommit(),
        scenario.fleet().diskOvercommit(),
        FleetSettings.defaults().correlated());
  }

  /** What the owner of a VM of the workload asks for. */
  public Wish wish(PolicyMix policies, int index) {
    Vm vm =
        new Vm(
            trace.id(index),
            trace.project(index),
            trace.flavor(index).id(),
            trace.flavor(index).size(),
            new TreeMap<>(),
            List.of(),
            policies.policyOf(scenario.seeds(), index));
    long life = trace.lifetimeMillis(index);
    return new Wish(
        index,
        vm,
        scenario.sync().forVm(scenario.seeds(), index, vm.size()),
        life == VmTrace.STAYS ? Optional.empty() : Optional.of(Duration.ofMillis(life)),
        scenario.seeds().of("placement-tie", index));
  }
}
