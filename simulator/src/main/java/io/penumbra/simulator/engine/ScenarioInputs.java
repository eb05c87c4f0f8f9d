package io.penumbra.simulator.engine;

import io.penumbra.simulator.hardware.FailureSchedule;
import io.penumbra.simulator.hardware.GuestFailure;
import io.penumbra.simulator.hardware.GuestFailures;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioFleet;
import io.penumbra.simulator.workload.VmTrace;
import io.penumbra.simulator.workload.Workload;
import java.util.List;

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
}
