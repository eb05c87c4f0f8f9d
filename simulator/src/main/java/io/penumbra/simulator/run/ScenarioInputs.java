package io.penumbra.simulator.run;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.Vm;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.simulator.hardware.FailureSchedule;
import io.penumbra.simulator.hardware.GuestFailure;
import io.penumbra.simulator.hardware.GuestFailures;
import io.penumbra.simulator.scenario.PolicyMix;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioFleet;
import io.penumbra.simulator.workload.VmTrace;
import io.penumbra.simulator.workload.Workload;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Function;
import java.util.function.IntFunction;

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

  /** What the owners of the workload's VMs ask for, by their place in the workload. */
  public IntFunction<Wish> wishes(PolicyMix policies) {
    PolicyResolver resolver = policies.resolver();
    // Looked up, never iterated: few kinds of VMs are asked for, and often.
    Map<Kind, EffectivePolicy> resolved = new HashMap<>();
    return index ->
        wish(
            policies,
            kind ->
                resolved.computeIfAbsent(
                    kind, k -> resolver.resolve(k.project(), k.flavor(), k.tags()).effective()),
            index);
  }

  /** What a VM's policy follows from. */
  private record Kind(ProjectId project, FlavorId flavor, SortedMap<String, String> tags) {}

  private Wish wish(PolicyMix policies, Function<Kind, EffectivePolicy> resolved, int index) {
    SortedMap<String, String> tags = policies.tagsOf(scenario.seeds(), index);
    ProjectId project = trace.project(index);
    FlavorId flavor = trace.flavor(index).id();
    Vm vm =
        new Vm(
            trace.id(index),
            project,
            flavor,
            trace.flavor(index).size(),
            tags,
            List.of(),
            resolved.apply(new Kind(project, flavor, tags)));
    long life = trace.lifetimeMillis(index);
    return new Wish(
        index,
        vm,
        scenario.sync().forVm(scenario.seeds(), index, vm.size()),
        life == VmTrace.STAYS ? Optional.empty() : Optional.of(Duration.ofMillis(life)),
        scenario.seeds().of("placement-tie", index));
  }
}
