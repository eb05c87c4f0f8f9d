package io.penumbra.app;

import io.penumbra.app.agent.AgentCommand;
import io.penumbra.app.decisions.DecisionsCommand;
import io.penumbra.app.gateway.GatewayCommand;
import io.penumbra.app.lab.LabCommand;
import io.penumbra.app.serve.ServeCommand;
import io.penumbra.app.simulate.DemoCommand;
import io.penumbra.app.simulate.SimulateCommand;
import io.penumbra.app.simulate.SoakCommand;
import io.penumbra.app.store.StoreCommand;
import io.penumbra.app.sync.SyncCommand;
import io.penumbra.app.train.TrainCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The root of the command line: says what there is. A command without a subcommand teaches. */
@Command(
    name = "penumbra",
    versionProvider = PenumbraVersion.class,
    mixinStandardHelpOptions = true,
    usageHelpAutoWidth = true,
    sortOptions = false,
    description = {
      "",
      "Keeps a shadow of every virtual machine that deserves one, on other hardware,",
      "and brings it to life before or just after the original dies.",
      ""
    },
    subcommands = {
      DemoCommand.class,
      SimulateCommand.class,
      DecisionsCommand.class,
      SoakCommand.class,
      StoreCommand.class,
      TrainCommand.class,
      SyncCommand.class,
      ServeCommand.class,
      AgentCommand.class,
      GatewayCommand.class,
      LabCommand.class,
      DoctorCommand.class
    },
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions, for every command:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./penumbra demo               a data centre in virtual time, within a minute",
      "  ./penumbra decisions list     what it decided; then: decisions explain VM",
      "  ./penumbra simulate --help    what one command can do",
      "  ./penumbra sync --help        keep a copy of a changing image on another machine",
      "  ./penumbra doctor             what is missing on this machine",
      "  ./penumbra test               build everything and run every test"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:something unexpected, or something is missing on this machine",
      "2:a flag, a file or a configuration key cannot be used; nothing was written",
      "3:a simulation broke a safety rule; the seed that repeats it is printed",
      "4:a simulation did not come to rest; the seed that repeats it is printed"
    })
final class PenumbraCommand implements Runnable {

  @Spec private CommandSpec spec;

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Print the stack trace when something fails.")
  private boolean verbose;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  PenumbraCommand() {}

  boolean verbose() {
    return verbose;
  }

  @Override
  public void run() {
    CommandLine self = spec.commandLine();
    self.usage(self.getOut());
  }
}
