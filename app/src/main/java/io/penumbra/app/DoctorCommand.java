package io.penumbra.app;

import io.penumbra.app.Finding.Health;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penumbra doctor}: what is missing on this machine, and how to get it. */
@Command(
    name = "doctor",
    description = "What is missing on this machine, and how to get it.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:nothing is missing", "1:something is missing; the table says what"})
final class DoctorCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "penumbra-out",
      description = "Where reports and logs will go (default: ${DEFAULT-VALUE}).")
  private Path output;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  DoctorCommand() {}

  @Override
  public Integer call() {
    List<Finding> findings = new Checkup(System.getenv(), output).findings();
    print(findings, spec.commandLine().getOut());
    boolean missing = findings.stream().anyMatch(finding -> finding.health() == Health.MISSING);
    return missing ? ExitCode.UNEXPECTED : ExitCode.OK;
  }

  static void print(List<Finding> findings, PrintWriter out) {
    for (Finding finding : findings) {
      out.printf("%-8s %-11s %s%n", finding.health().label(), finding.subject(), finding.detail());
      if (!finding.remedy().isEmpty()) {
        out.printf("%-8s %-11s -> %s%n", "", "", finding.remedy());
      }
    }
  }
}
