package io.penumbra.app.simulate;

import picocli.CommandLine;

/** Adds the commands of this package to a command line. */
public final class SimulationCommands {

  private SimulationCommands() {}

  /** Adds {@code demo}, {@code simulate} and {@code soak}. */
  static CommandLine addTo(CommandLine commandLine, Comparison comparison) {
    return commandLine
        .addSubcommand(new DemoCommand(comparison))
        .addSubcommand(new SimulateCommand(comparison))
        .addSubcommand(new SoakCommand());
  }
}
