package io.penumbra.app.simulate;

import io.penumbra.app.ExitCode;
import io.penumbra.app.progress.Progress;
import io.penumbra.app.simulate.Comparison.Result;
import io.penumbra.app.simulate.Comparison.Task;
import io.penumbra.simulator.report.ComparisonReport;
import io.penumbra.simulator.report.ComparisonReport.Complete;
import io.penumbra.simulator.report.ComparisonReport.DecisionStory;
import io.penumbra.simulator.report.HtmlReport;
import io.penumbra.simulator.report.ReportFile;
import io.penumbra.simulator.report.TerminalReport;
import io.penumbra.simulator.report.TerminalReport.Ink;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;

/** Runs a comparison with a bar, then prints and writes what was found, also when interrupted. */
final class ReportDesk {

  private final Comparison comparison;
  private final PrintWriter out;
  private final PrintWriter err;
  private final Ink ink;

  ReportDesk(Comparison comparison, PrintWriter out, PrintWriter err, Ink ink) {
    this.comparison = comparison;
    this.out = out;
    this.err = err;
    this.ink = ink;
  }

  /** Colours when somebody is watching and has not asked for none (https://no-color.org). */
  static Ink ink() {
    String refused = System.getenv("NO_COLOR");
    return Progress.isTerminal() && (refused == null || refused.isEmpty()) ? Ink.ANSI : Ink.PLAIN;
  }

  /** Returns one of {@link ExitCode}. */
  int run(Task task, Path report, Interruption interruption) throws IOException {
    Result result = simulate(task, interruption);
    TerminalReport.lines(result.report(), ink).forEach(out::println);
    ReportFile.write(report, HtmlReport.of(result.report()));
    out.println();
    out.println("Report: " + report.toAbsolutePath().normalize());
    decisions(result.report());
    if (!(result.report().completion() instanceof Complete)) {
      err.println("penumbra: stopped early; the report says what it is missing");
    }
    out.flush();
    return verdict(result);
  }

  private Result simulate(Task task, Interruption interruption) {
    try (PolicyProgress progress =
        new PolicyProgress(Progress.on(err), task.scenario().duration(), interruption)) {
      return comparison.run(task, progress);
    }
  }

  private void decisions(ComparisonReport report) {
    if (report.decisions().isEmpty()) {
      return;
    }
    out.println();
    out.println("Decisions worth a look:");
    for (DecisionStory story : report.decisions()) {
      out.printf("  %s (%s)%n    %s%n", story.title(), story.vm(), story.command());
    }
  }

  private int verdict(Result result) {
    if (result.breaches().isEmpty()) {
      return ExitCode.OK;
    }
    result.breaches().forEach(breach -> err.println("penumbra: " + breach));
    err.println("Again: " + result.report().command());
    return ExitCode.SAFETY_BREACH;
  }

  /** One bar per policy, counted in simulated hours. */
  private static final class PolicyProgress implements Comparison.Watch, AutoCloseable {
    private final Progress.Shown shown;
    private final Duration length;
    private final Interruption interruption;
    private Progress current = new Nothing();

    PolicyProgress(Progress.Shown shown, Duration length, Interruption interruption) {
      this.shown = shown;
      this.length = length;
      this.interruption = interruption;
    }

    @Override
    public void began(String policy) {
      current.close();
      current = shown.begin(policy, "hours", Math.max(1, length.toHours()));
    }

    @Override
    public boolean passed(Duration simulated) {
      current.at(simulated.toHours());
      return !interruption.requested();
    }

    @Override
    public void close() {
      current.close();
    }
  }

  /** Before the first policy. */
  private static final class Nothing implements Progress {
    @Override
    public void at(long done) {
      // Nothing is shown yet.
    }

    @Override
    public void close() {
      // Nothing is shown yet.
    }
  }
}
