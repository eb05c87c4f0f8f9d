package io.penumbra.app.sync;

import io.penumbra.app.ExitCode;
import io.penumbra.sync.engine.WentAhead;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.file.DirectoryStatus;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what a directory keeps, beside a receiver at work or after one. */
@Command(name = "status", description = "%nSays what a receiver's directory keeps.%n")
final class StatusCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "A receiver's --dir.")
  private Path dir;

  @Option(
      names = "--last",
      paramLabel = "N",
      defaultValue = "10",
      description = "How many of the newest epochs are listed; ${DEFAULT-VALUE} if not given.")
  private int last;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  StatusCommand() {}

  @Override
  public Integer call() throws IOException {
    DirectoryStatus status = DirectoryStatus.read(dir);
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        Locale.ROOT,
        "%s, %s, receiver %s%n",
        status.vm(),
        Amounts.bytes(status.layout().bytes()),
        status.inUse() ? "at work" : "not running");
    for (Region region : status.layout().regions()) {
      out.printf(Locale.ROOT, "  region %s: %,d bytes%n", region.id(), region.bytes());
    }
    List<DirectoryStatus.Kept> kept = status.kept();
    if (kept.isEmpty()) {
      out.println("the first epoch is still arriving; nothing can be restored yet");
      return ExitCode.OK;
    }
    EpochManifest newest = kept.getLast().manifest();
    out.printf(
        Locale.ROOT,
        "newest epoch %d, root %s, cut %s ago; kept are %d to %d, %s to go back%n",
        newest.epoch(),
        newest.root(),
        Amounts.time(Duration.between(newest.cutAt(), Instant.now())),
        kept.getFirst().manifest().epoch(),
        newest.epoch(),
        Amounts.bytes(kept.stream().mapToLong(DirectoryStatus.Kept::bytes).sum()));
    for (DirectoryStatus.Kept epoch :
        kept.subList(Math.max(0, kept.size() - Math.max(0, last)), kept.size())) {
      out.printf(
          Locale.ROOT,
          "  epoch %d, cut at %s, %,d pages changed, %s%s%n",
          epoch.manifest().epoch(),
          epoch.manifest().cutAt(),
          epoch.manifest().changedPages(),
          epoch.manifest().consistency().name().toLowerCase(Locale.ROOT),
          ahead(epoch.manifest()));
    }
    return ExitCode.OK;
  }

  private static String ahead(EpochManifest epoch) {
    OptionalInt pages = WentAhead.pagesOf(epoch);
    return pages.isEmpty()
        ? ""
        : String.format(
            Locale.ROOT,
            ", %,d ahead of the cut (%,d held)",
            pages.getAsInt(),
            WentAhead.heldOf(epoch).orElse(0));
  }
}
