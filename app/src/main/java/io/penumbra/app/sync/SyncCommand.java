package io.penumbra.app.sync;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Replicates images; a command of its own only to hold the others. */
@Command(
    name = "sync",
    description = {
      "",
      "Keeps a copy of a changing file or block image current, epoch by epoch,",
      "and can go back to any epoch that is kept.",
      ""
    },
    subcommands = {
      SendCommand.class,
      ReceiveCommand.class,
      StatusCommand.class,
      RestoreCommand.class
    },
    footerHeading = "%nExample:%n",
    footer = {
      "  there$ ./penumbra sync receive --dir /srv/copy --listen 0.0.0.0:7400",
      "  here$  ./penumbra sync send disk.raw --to there:7400 --epoch 1s",
      "  there$ ./penumbra sync restore /srv/copy --epoch 42 --to disk-then.raw"
    })
public final class SyncCommand implements Runnable {

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  public SyncCommand() {}

  @Override
  public void run() {
    CommandLine self = spec.commandLine();
    self.usage(self.getOut());
  }
}
