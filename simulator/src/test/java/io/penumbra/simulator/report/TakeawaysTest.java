package io.penumbra.simulator.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.simulator.report.ComparisonReport.Complete;
import io.penumbra.simulator.report.PolicyResult.AllMemorySinceBoot;
import io.penumbra.simulator.report.PolicyResult.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TakeawaysTest {

  @Test
  void namesTheWinnerAndByHowMuch() {
    assertThat(Takeaways.of(report(2, 20)).getFirst()).contains("'ours'").contains("10.0 times");
  }

  @Test
  void saysSoWhenTheShadowsDidNotHelp() {
    assertThat(Takeaways.of(report(20, 2)).getFirst()).startsWith("No shadow policy beat 'theirs'");
  }

  @Test
  void saysNothingWithoutSomethingToCompare() {
    assertThat(Takeaways.of(SampleReports.with(List.of(), new Complete()))).isEmpty();
  }

  private static ComparisonReport report(double ours, double theirs) {
    return SampleReports.with(
        List.of(
            SampleReports.policy("theirs", Kind.BASELINE, theirs, new AllMemorySinceBoot()),
            SampleReports.policy("ours", Kind.PENUMBRA, ours, new AllMemorySinceBoot())),
        new Complete());
  }
}
