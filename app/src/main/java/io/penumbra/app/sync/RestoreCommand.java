package io.penumbra.app.sync;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import io.penumbra.app.ExitCode;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.sync.archive.TierArchive;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.sync.file.DirectoryStatus;
import io.penumbra.sync.file.ImageRestore;
import io.penumbra.sync.file.ScratchFile;
import io.penumbra.tiers.StoreOpening;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
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

  private static final long PIECE_BYTES = 64L << 20;

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

  @Option(
      names = "--from-store",
      paramLabel = "VM",
      description = "DIR is a receiver's --store, and this VM's epochs are read from there.")
  private Optional<String> fromStore = Optional.empty();

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  RestoreCommand() {}

  @Override
  public Integer call() throws IOException {
    if (fromStore.isPresent()) {
      fromStore(fromStore.get());
      return ExitCode.OK;
    }
    ImageRestore restore = ImageRestore.from(dir);
    Region wanted = region(restore.layout().regions());
    EpochManifest manifest = restore.restore(number(), wanted, to.toAbsolutePath());
    tell(manifest, wanted);
    return ExitCode.OK;
  }

  private void fromStore(String vm) throws IOException {
    if (Files.exists(to)) {
      throw new BadInputException(
          to.toString(), "exists already", "Move it away, or choose another path.");
    }
    Path place = Optional.ofNullable(to.toAbsolutePath().getParent()).orElse(to);
    try (StoreOpening.OpenStore open = StoreArchiving.open(dir, spec.commandLine().getErr());
        ScratchFile scratch = ScratchFile.in(place)) {
      TierArchive archive = StoreArchiving.archive(VmId.of(vm), open.store());
      List<EpochManifest> kept = archive.epochs();
      if (kept.isEmpty()) {
        throw new BadInputException(
            dir.toString(), "has no epoch of '%s'".formatted(vm), "Was it a --store?");
      }
      EpochManifest newest = kept.getLast();
      Region wanted = region(newest.layout().regions());
      RegionPages state = scratch.pages(newest.layout());
      EpochManifest manifest = archive.restore(epoch.orElse(newest.epoch()), state);
      int number = newest.layout().regions().indexOf(wanted);
      try (FileChannel file = FileChannel.open(to, CREATE_NEW, WRITE)) {
        for (long at = 0; at < wanted.bytes(); at += PIECE_BYTES) {
          long bytes = Math.min(PIECE_BYTES, wanted.bytes() - at);
          ByteBuffer piece = state.region(number).asSlice(at, bytes).asByteBuffer();
          while (piece.hasRemaining()) {
            file.write(piece);
          }
        }
        file.force(true);
      }
      tell(manifest, wanted);
    }
  }

  private void tell(EpochManifest manifest, Region wanted) {
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
