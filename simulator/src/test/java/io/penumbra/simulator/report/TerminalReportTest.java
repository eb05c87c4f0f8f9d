package io.penumbra.simulator.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.simulator.report.ComparisonReport.Partial;
import io.penumbra.simulator.report.PolicyResult.AllMemorySinceBoot;
import io.penumbra.simulator.report.PolicyResult.Kind;
import io.penumbra.simulator.report.TerminalReport.Ink;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TerminalReportTest {

  @Test
  void fitsAHundredColumns() {
    List<String> lines = TerminalReport.lines(SampleReports.seven(), Ink.PLAIN);

    assertThat(lines).allMatch(line -> line.length() <= TerminalReport.COLUMNS);
  }

  @Test
  void figuresStandUnderTheirHeaders() {
    List<String> lines = TerminalReport.lines(SampleReports.seven(), Ink.PLAIN);
    int header = index(lines, "availability");
    int end = lines.get(header).indexOf("availability") + "availability".length();

    for (int row = header + 3; row < header + 10; row++) {
      String line = lines.get(row);
      assertThat(line.charAt(end - 1)).as(line).isBetween('0', '9');
      assertThat(line.charAt(end)).as(line).isIn(' ', '*');
    }
  }

  @Test
  void marksTheBestWithoutColourAndNeverTheBound() {
    List<String> lines = TerminalReport.lines(SampleReports.seven(), Ink.PLAIN);

    assertThat(lines).noneMatch(line -> line.contains("\u001b"));
    assertThat(lines.stream().filter(line -> line.startsWith("warm + predictive")).findFirst())
        .hasValueSatisfying(line -> assertThat(line).contains("0.82*"));
    assertThat(lines.stream().filter(line -> line.startsWith("clairvoyant")))
        .noneMatch(line -> line.contains("*"));
  }

  @Test
  void saysWhyFailoversWereMissed() {
    assertThat(TerminalReport.lines(SampleReports.seven(), Ink.PLAIN))
        .contains(
            "Missed under 'warm': 2 because its shadow's host was down, too.",
            "Missed under 'no protection': 214 because the policy waits for the repair.");
  }

  @Test
  void ansiAddsNothingButEscapes() {
    List<String> plain = TerminalReport.lines(SampleReports.seven(), Ink.PLAIN);
    List<String> ansi = TerminalReport.lines(SampleReports.seven(), Ink.ANSI);

    assertThat(ansi.stream().map(line -> line.replaceAll("\u001b\\[\\d+m", "")).toList())
        .isEqualTo(plain);
  }

  @Test
  void aLongNameWithEscapesNeitherBreaksTheTableNorReachesTheTerminal() {
    ComparisonReport report =
        SampleReports.with(
            List.of(
                SampleReports.policy(
                    "\u001b[2Ja name far too long for its column",
                    Kind.PENUMBRA,
                    3,
                    new AllMemorySinceBoot())),
            new Partial("stopped"));

    List<String> lines = TerminalReport.lines(report, Ink.PLAIN);

    assertThat(lines).noneMatch(line -> line.contains("\u001b"));
    assertThat(lines).allMatch(line -> line.length() <= TerminalReport.COLUMNS);
    assertThat(lines).contains("PARTIAL: stopped");
  }

  private static int index(List<String> lines, String part) {
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).contains(part)) {
        return i;
      }
    }
    throw new AssertionError("no line with " + part);
  }
}
