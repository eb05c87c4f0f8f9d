package io.penumbra.app.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.app.simulate.Comparison.Result;
import io.penumbra.app.simulate.Comparison.Task;
import io.penumbra.placement.log.DecisionHistory;
import io.penumbra.simulator.report.ComparisonReport.Complete;
import io.penumbra.simulator.report.ComparisonReport.Partial;
import io.penumbra.simulator.report.PolicyResult;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioDraft;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EngineComparisonTest {

  private final EngineComparison comparison = new EngineComparison();

  @Test
  void everyPolicyMeetsTheSameArrivalsAndIsReported(@TempDir Path directory) {
    Result result = comparison.run(task(comparison.policies(), directory), new Patient());

    assertThat(result.breaches()).isEmpty();
    assertThat(result.report().completion()).isEqualTo(new Complete());
    assertThat(result.report().policies().stream().map(PolicyResult::name).toList())
        .isEqualTo(comparison.policies());
    assertThat(result.report().policies().stream().map(PolicyResult::availability))
        .allMatch(share -> share > 0.9 && share <= 1);
    assertThat(result.report().timeline()).isPresent();
  }

  @Test
  void theStoriesCanBeReadInTheLog(@TempDir Path directory) {
    Result result = comparison.run(task(List.of("warm"), directory), new Patient());

    assertThat(result.report().decisions()).isNotEmpty();
    DecisionHistory history = DecisionHistory.open(directory);
    assertThat(result.report().decisions())
        .allMatch(story ->
            history.entries().stream().anyMatch(entry -> entry.vm().value().equals(story.vm())))
        .allMatch(story -> story.command().startsWith("./penumbra decisions explain "))
        .allMatch(story -> !story.explanation().isBlank());
  }

  @Test
  void aSecondRunReplacesTheLogOfTheFirstAndLeavesOtherFilesAlone(@TempDir Path directory)
      throws Exception {
    Path mine = Files.writeString(directory.resolve("notes.txt"), "mine");
    comparison.run(task(List.of("warm"), directory), new Patient());
    int once = DecisionHistory.open(directory).entries().size();

    comparison.run(task(List.of("warm"), directory), new Patient());

    assertThat(DecisionHistory.open(directory).entries()).hasSize(once);
    assertThat(mine).hasContent("mine");
  }

  @Test
  void whoStopsItGetsWhatThereIs(@TempDir Path directory) {
    Result result =
        comparison.run(
            task(List.of("none", "warm"), directory),
            new Patient() {
              @Override
              public boolean passed(Duration simulated) {
                return simulated.compareTo(Duration.ofHours(12)) < 0;
              }
            });

    assertThat(result.report().completion()).isInstanceOf(Partial.class);
    assertThat(result.report().policies()).hasSize(1);
  }

  private static Task task(List<String> policies, Path directory) {
    return new Task(
        scenario(),
        policies,
        Optional.of(directory),
        Optional.empty(),
        ControlSettings.defaults(),
        "./penumbra simulate");
  }

  private static Scenario scenario() {
    return ScenarioDraft.defaults()
        .seed(5)
        .duration(Duration.ofDays(2))
        .hosts(12)
        .racks(4)
        .powerFeeds(2)
        .vms(40)
        .set("hardware.host.rate", "40", "test")
        .build();
  }

  /** Lets it run to the end. */
  private static class Patient implements Comparison.Watch {
    private final List<String> begun = new ArrayList<>();

    @Override
    public void began(String policy) {
      begun.add(policy);
    }

    @Override
    public boolean passed(Duration simulated) {
      return !begun.isEmpty();
    }
  }
}
