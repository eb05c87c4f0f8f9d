package io.penumbra.app.simulate;

import io.penumbra.domain.BadInputException;
import io.penumbra.simulator.hardware.FieldFit;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioDraft;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The flags that say what is simulated. A flag wins over the scenario file. */
final class ScenarioOptions {

  private static final double MILLIS_PER_DAY = 86_400_000;

  @Option(
      names = "--scenario",
      paramLabel = "FILE",
      description = "Scenario file (YAML); the flags below win over it.")
  private Optional<Path> file = Optional.empty();

  @Option(names = "--hosts", paramLabel = "N", description = "Hosts (default: 200).")
  private Optional<Integer> hosts = Optional.empty();

  @Option(names = "--racks", paramLabel = "N", description = "Racks to spread the hosts over.")
  private Optional<Integer> racks = Optional.empty();

  @Option(
      names = "--power-feeds",
      paramLabel = "N",
      description = "Power feeds to spread the racks over.")
  private Optional<Integer> powerFeeds = Optional.empty();

  @Option(names = "--days", paramLabel = "D", description = "Simulated days (default: 30).")
  private Optional<Double> days = Optional.empty();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Same seed, same everything, to the last digit (default: 1).")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--vms",
      paramLabel = "FILE",
      description = "VM arrivals in the Azure V1 format; without it they are drawn.")
  private Optional<Path> arrivals = Optional.empty();

  @Option(
      names = "--durations",
      paramLabel = "FILE",
      description = "Lifetimes that go with --vms (name.cSECONDS.txt).")
  private Optional<Path> durations = Optional.empty();

  @Option(
      names = "--vm-count",
      paramLabel = "N",
      description = "How many VMs at most; 0 takes a trace whole (default: 2000).")
  private Optional<Integer> vmCount = Optional.empty();

  @Option(
      names = "--failures",
      paramLabel = "FILE",
      description = "Failure records in the LANL layout; host failures are fitted to them.")
  private Optional<Path> failures = Optional.empty();

  @Option(
      names = "--set",
      paramLabel = "FIELD=VALUE",
      description = "Any other field of a scenario, such as policies.warm=1; may be repeated.")
  private List<String> assignments = List.of();

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  ScenarioOptions() {}

  /** The scenario, checked; nothing has been written when this throws. */
  Scenario scenario() {
    ScenarioDraft draft = file.map(ScenarioDraft::from).orElseGet(ScenarioDraft::defaults);
    hosts.ifPresent(draft::hosts);
    racks.ifPresent(draft::racks);
    powerFeeds.ifPresent(draft::powerFeeds);
    days.ifPresent(count -> draft.duration(length(count)));
    seed.ifPresent(draft::seed);
    vmCount.ifPresent(draft::vms);
    arrivals.ifPresent(draft::arrivals);
    durations.ifPresent(draft::durations);
    assignments.forEach(draft::set);
    Scenario scenario = draft.build();
    return failures.map(records -> FieldFit.refit(scenario, records)).orElse(scenario);
  }

  private static Duration length(double days) {
    if (!(days > 0) || days > 36_525) {
      throw new BadInputException("--days", "is " + days + "; expected more than 0, to 36525", "");
    }
    return Duration.ofMillis(Math.round(days * MILLIS_PER_DAY));
  }
}
