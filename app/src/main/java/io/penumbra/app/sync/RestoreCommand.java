package io.penumbra.app.sync;

import io.penumbra.app.ExitCode;
import io.penumbra.domain.BadInputException;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.file.DirectoryStatus;
import io.penumbra.sync.file.ImageRestore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes an epoch to a file; a receiver may be at work meanwhile. */
@Command(
    name = "restore",
    description = "%nWrites an epoch that is kept to a new file, and verifies every page.%n")
final class RestoreCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "A receiver's --dir.")
  private Path dir;

  @Option(
      names = "--epoch",
      paramLabel = "N",
      description = "Which one, see 'penumbra sync status'; the newest if not given.")
  private Optional<Long> epoch = Optional.empty();

  @Option(names = "--to", required = true, paramLabel = "FILE", description = "A new file.")
  private Path to;

  @Option(
      names = "--region",
      paramLabel = "NAME",
      description = "Which region, if there are several.")
  private Optional<String> region = Optional.empty();

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  RestoreCommand() {}

  @Override
  public Integer call() throws IOException {
    ImageRestore restore = ImageRestore.from(dir);
    Region wanted = region(restore.layout().regions());
    EpochManifest manifest = restore.restore(number(), wanted, to.toAbsolutePath());
    spec.commandLine()
        .getOut()
        .printf(
            Locale.ROOT,
            "epoch %d, cut at %s, %s, root %s verified: %s, %,d bytes%n",
            manifest.epoch(),
            manifest.cutAt(),
            manifest.consistency().name().toLowerCase(Locale.ROOT),
            manifest.root(),
            to,
            wanted.bytes());
    return ExitCode.OK;
  }

  private long number() throws IOException {
    if (epoch.isPresent()) {
      return epoch.get();
    }
    return DirectoryStatus.read(dir)
        .newest()
        .map(EpochManifest::epoch)
        .orElseThrow(() ->
            new BadInputException(
                dir.toString(), "no epoch is whole yet", "The first is still arriving."));
  }

  private Region region(List<Region> regions) {
    if (region.isEmpty() && regions.size() == 1) {
      return regions.getFirst();
    }
    return regions.stream()
        .filter(candidate -> region.filter(candidate.id().value()::equals).isPresent())
        .findFirst()
        .orElseThrow(() ->
            new BadInputException(
                "--region", "expected one of " + regions.stream().map(Region::id).toList(), ""));
  }
}
