package io.penumbra.app.store;

import io.penumbra.app.progress.Progress;
import io.penumbra.tiers.ChunkSource;
import io.penumbra.tiers.Scrub;
import io.penumbra.tiers.StoreOpening.OpenStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penumbra store verify}: reads everything, and mends what another tier has whole. */
@Command(name = "verify", description = "Reads and checks every chunk; mends what can be mended.")
final class StoreVerifyCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private StoreOptions options;

  @Option(names = "--remote", description = "Read what the object tier has, too; that costs.")
  private boolean remote;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  StoreVerifyCommand() {}

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try (OpenStore open = options.open(err)) {
      int packs = open.store().facts().ssdPacks() + open.store().facts().objectPacks();
      Scrub.Report report;
      try (Progress progress = Progress.on(err).begin("Verifying", "packs", packs)) {
        report =
            new Scrub(open.store(), ChunkSource.NOBODY, remote)
                .run((done, all, bytes) -> progress.at(done));
      }
      out.println(
          String.format(
              Locale.ROOT,
              "%,d packs, %,d chunks, %,d manifests, %,.1f MiB read: %d damaged, %d mended, %d lost",
              report.packs(),
              report.chunks(),
              report.manifests(),
              report.bytes() / 1048576.0,
              report.damaged(),
              report.mended(),
              report.lost().size()));
      report.lost().forEach(id -> out.println("lost " + id));
      report.problems().forEach(problem -> out.println("not checked: " + problem));
      return report.lost().isEmpty() && report.problems().isEmpty() ? 0 : 1;
    }
  }
}
