package io.penumbra.benchmarks;

import io.penumbra.domain.Resources;
import io.penumbra.domain.fleet.Host;
import io.penumbra.simulator.hardware.FailureSchedule;
import io.penumbra.simulator.hardware.HardwareFailure;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioDraft;
import io.penumbra.simulator.scenario.ScenarioFleet;
import io.penumbra.simulator.workload.VmTrace;
import io.penumbra.simulator.workload.Workload;
import java.util.ArrayList;
import java.util.List;

/**
 * A scenario with nothing in it that either simulator could not run: hosts, VMs that come and go,
 * hosts that break and are mended. Times are seconds from the start.
 *
 * @param hosts what each host can promise
 * @param arrivals in time order
 * @param failures in time order; a host does not fail again before it is mended
 */
public record SharedScenario(
    List<Resources> hosts, double seconds, List<Arrival> arrivals, List<Failure> failures) {

  private static final double MILLIS = 1_000;

  public SharedScenario {
    hosts = List.copyOf(hosts);
    arrivals = List.copyOf(arrivals);
    failures = List.copyOf(failures);
  }

  /** One VM: when it comes, how long it stays, how large it is. */
  public record Arrival(double at, double lifetime, Resources size) {}

  /** One host that is down from {@code at} to {@code mended}. */
  public record Failure(int host, double at, double mended) {}

  /** How full the fleet gets. */
  enum Load {
    /** Lifetimes as in the Azure trace: most VMs are gone within the hour. */
    TRACE,
    /** Every VM stays to the end, so the fleet fills up and failures hit many. */
    STAYING
  }

  /**
   * The scenario of the benchmark for Penumbra. CPU is not overcommitted, because CloudSim Plus
   * would have to be given four processing elements for every thread and pay for them.
   */
  static Scenario scenario(int hosts, int vms, int days, Load load, long seed) {
    String lifetimes =
        switch (load) {
          case TRACE -> "";
          case STAYING ->
              """
              workload: {generator: {lifetimes: [{share: 1, medianMinutes: 10000000, sigma: 0}]}}
              """;
        };
    return ScenarioDraft.fromText("benchmark", lifetimes)
        .seed(seed)
        .hosts(hosts)
        .vms(vms)
        .set("duration", days + "d", "benchmark")
        .set("fleet.cpuOvercommit", "1", "benchmark")
        .set("hardware.guestCrashesPerVmYear", "0", "benchmark")
        .build();
  }

  /** The same for CloudSim Plus: the arrivals and the host failures of a scenario. */
  static SharedScenario of(Scenario scenario) {
    ScenarioFleet fleet = ScenarioFleet.of(scenario);
    VmTrace trace = Workload.of(scenario);
    double end = scenario.duration().toMillis() / MILLIS;
    List<Arrival> arrivals = new ArrayList<>(trace.size());
    for (int vm = 0; vm < trace.size(); vm++) {
      double lifetime =
          trace.lifetimeMillis(vm) == VmTrace.STAYS ? end : trace.lifetimeMillis(vm) / MILLIS;
      arrivals.add(new Arrival(trace.atMillis(vm) / MILLIS, lifetime, trace.flavor(vm).size()));
    }
    List<Failure> failures = new ArrayList<>();
    for (HardwareFailure crash : FailureSchedule.draw(scenario, fleet).crashes()) {
      double at = crash.at().toMillis() / MILLIS;
      if (at < end) {
        failures.add(new Failure(crash.host(), at, crash.until().toMillis() / MILLIS));
      }
    }
    return new SharedScenario(
        fleet.hosts().stream().map(Host::capacity).toList(), end, arrivals, failures);
  }
}
