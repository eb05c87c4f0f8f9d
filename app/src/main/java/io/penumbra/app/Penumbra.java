package io.penumbra.app;

import io.penumbra.app.register.RegisterCommand;
import io.penumbra.app.register.UnregisterCommand;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Entry point of the process. */
public final class Penumbra {

  private Penumbra() {}

  /** Runs one command and ends the process with its exit code. */
  public static void main(String... args) {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    System.exit(run(out, err, args));
  }

  /** Runs one command; returns one of {@link ExitCode} and never throws. */
  static int run(PrintWriter out, PrintWriter err, String... args) {
    PenumbraCommand root = new PenumbraCommand();
    CommandLine commandLine =
        new CommandLine(root)
            .setOut(out)
            .setErr(err)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setParameterExceptionHandler((e, _) -> explain(e))
            .setExecutionExceptionHandler((e, _, _) -> tell(e, root.verbose(), err));
    commandLine.addSubcommand(RegisterCommand.commandLine());
    commandLine.addSubcommand(UnregisterCommand.commandLine());
    helpEverywhere(commandLine);
    try {
      return commandLine.execute(args);
    } catch (Error e) {
      // picocli passes on errors such as OutOfMemoryError; a person gets a sentence all the same.
      return tell(e, root.verbose(), err);
    }
  }

  /** Every command at every depth answers --help, also one that forgot to say so. */
  private static void helpEverywhere(CommandLine command) {
    for (CommandLine sub : command.getSubcommands().values()) {
      sub.getCommandSpec().mixinStandardHelpOptions(true);
      sub.getCommandSpec().usageMessage().autoWidth(true);
      helpEverywhere(sub);
    }
  }

  private static int explain(ParameterException e) {
    CommandLine command = e.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("penumbra: " + e.getMessage());
    if (!CommandLine.UnmatchedArgumentException.printSuggestions(e, err)) {
      err.printf("Try: %s --help%n", command.getCommandSpec().qualifiedName());
    }
    return ExitCode.BAD_INPUT;
  }

  private static int tell(Throwable thrown, boolean verbose, PrintWriter err) {
    Failure failure = Failure.of(thrown);
    err.println("penumbra: " + failure.what());
    if (!failure.advice().isEmpty()) {
      err.println(failure.advice());
    }
    if (verbose) {
      thrown.printStackTrace(err);
    }
    return failure.exitCode();
  }
}
