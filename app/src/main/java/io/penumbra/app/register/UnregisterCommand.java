package io.penumbra.app.register;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code penumbra unregister}: takes Penumbra out of a cloud. */
@Command(name = "unregister", description = "Take Penumbra out of a cloud again.")
public final class UnregisterCommand implements Runnable {

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  UnregisterCommand() {}

  /** The command with its clouds. */
  public static CommandLine commandLine() {
    return new CommandLine(new UnregisterCommand()).addSubcommand(new OpenStackCommand(true));
  }

  @Override
  public void run() {
    CommandLine self = spec.commandLine();
    self.usage(self.getOut());
  }
}
