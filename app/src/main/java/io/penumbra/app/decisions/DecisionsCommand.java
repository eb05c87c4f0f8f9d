package io.penumbra.app.decisions;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code penumbra decisions}: reads the decision log. */
@Command(
    name = "decisions",
    description = "What placement decided, why, and what it would decide otherwise.",
    subcommands = {ListCommand.class, ShowCommand.class, ExplainCommand.class, ReplayCommand.class},
    footerHeading = "%nExamples:%n",
    footer = {
      "  penumbra decisions list --outcome refused     what found no host",
      "  penumbra decisions explain vm-17              why it is where it is",
      "  penumbra decisions show 42 --host hv-3        every number about one host",
      "  penumbra decisions replay 42 --multiplier risk=x3",
      "                                                what if risk counted three times as much"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:done", "2:no such log, VM or decision, or a line that makes no sense"})
public final class DecisionsCommand implements Runnable {

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  public DecisionsCommand() {}

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
