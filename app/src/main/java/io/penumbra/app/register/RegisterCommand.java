package io.penumbra.app.register;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code penumbra register}: makes a cloud ask Penumbra. */
@Command(name = "register", description = "Make a cloud ask Penumbra, and give it a user there.")
public final class RegisterCommand implements Runnable {

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  RegisterCommand() {}

  /** The command with its clouds. */
  public static CommandLine commandLine() {
    return new CommandLine(new RegisterCommand()).addSubcommand(new OpenStackCommand(false));
  }

  @Override
  public void run() {
    CommandLine self = spec.commandLine();
    self.usage(self.getOut());
  }
}
