package io.penumbra.app.simulate;

import io.penumbra.simulator.report.ComparisonReport;
import io.penumbra.simulator.scenario.Scenario;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Runs one scenario under several policies, on the same arrivals and the same failures. */
interface Comparison {

  /** The names of the policies that are compared unless others are asked for, in their order. */
  List<String> policies();

  /** The names of all there are. */
  List<String> known();

  /**
   * Runs them, one after another.
   *
   * @return what was found; partial when {@code watch} said stop
   */
  Result run(Task task, Watch watch);

  /**
   * What to run.
   *
   * @param policies some of {@link #known()}
   * @param decisions directory for the decision log; empty keeps none
   * @param model file of a trained risk model; without one, predictions come from an oracle with
   *     the scenario's precision and recall
   * @param settings how the production control code is set
   * @param command what gives the same again
   */
  record Task(
      Scenario scenario,
      List<String> policies,
      Optional<Path> decisions,
      Optional<Path> model,
      ControlSettings settings,
      String command) {
    public Task {
      policies = List.copyOf(policies);
    }
  }

  /**
   * What was found.
   *
   * @param breaches rules that must never break and did, each with the seed that repeats it
   */
  record Result(ComparisonReport report, List<String> breaches) {
    public Result {
      breaches = List.copyOf(breaches);
    }
  }

  /** Is told how far it has come, and says whether to go on. */
  interface Watch {

    /** The next policy starts. */
    void began(String policy);

    /** So much simulated time of the current policy has passed; false stops everything. */
    boolean passed(Duration simulated);
  }
}
