package io.penumbra.simulator.report;

import java.util.List;
import java.util.Optional;

/**
 * Several policies on the same arrivals and the same hardware failures, side by side.
 *
 * @param command the command line that gives this report again
 * @param completion whether every policy ran to the end
 * @param policies in the order they are shown, from no protection to the bound
 * @param timeline what happened to the hosts, as one of the policies saw it
 * @param failover one failover, step by step; empty when none happened
 * @param decisions placement decisions worth reading
 * @param definitions what the columns mean, in the order they are shown
 */
public record ComparisonReport(
    ScenarioSummary scenario,
    long seed,
    String command,
    Completion completion,
    List<PolicyResult> policies,
    Optional<Timeline> timeline,
    Optional<FailoverTrace> failover,
    List<DecisionStory> decisions,
    List<Definition> definitions) {

  public ComparisonReport {
    policies = List.copyOf(policies);
    decisions = List.copyOf(decisions);
    definitions = List.copyOf(definitions);
  }

  /** How far the comparison came. */
  public sealed interface Completion {}

  /** Every policy ran to the end of the scenario. */
  public record Complete() implements Completion {}

  /**
   * It was stopped early; what is shown holds for the part that ran.
   *
   * @param why for a reader: {@code interrupted in 'warm' on day 12.5 of 30}
   */
  public record Partial(String why) implements Completion {}

  /** One term and what it means here. */
  public record Definition(String term, String meaning) {}

  /**
   * One decision that is worth a look.
   *
   * @param title why it is worth one: {@code The closest call}
   * @param explanation what the decision log says of it, one paragraph per line
   * @param command what to type to read it whole
   */
  public record DecisionStory(String title, String vm, String explanation, String command) {}
}
