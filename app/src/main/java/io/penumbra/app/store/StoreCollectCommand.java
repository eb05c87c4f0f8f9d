package io.penumbra.app.store;

import io.penumbra.domain.VmId;
import io.penumbra.tiers.GarbageCollection;
import io.penumbra.tiers.GarbageCollection.Collected;
import io.penumbra.tiers.StoreOpening.OpenStore;
import io.penumbra.tiers.pack.PackCollector.Swept;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penumbra store gc}: retention, then garbage. */
@Command(
    name = "gc",
    description = {
      "Removes manifests beyond retention, then chunks that no manifest names.",
      "A store that was just opened keeps every chunk for the grace period."
    })
final class StoreCollectCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private StoreOptions options;

  @Option(
      names = "--rekey",
      description = "Rewrite packs with chunks under a key that is no longer active.")
  private boolean rekey;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  StoreCollectCommand() {}

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    try (OpenStore open = options.open(spec.commandLine().getErr())) {
      return switch (new GarbageCollection(open.store()).run(rekey)) {
        case Collected.NotNow(String reason) -> {
          out.println("nothing was deleted: " + reason);
          yield 1;
        }
        case Collected.Done(int removed, int kept, Map<VmId, Integer> dangling, Swept swept) -> {
          out.println(
              String.format(
                  Locale.ROOT,
                  "%d manifests removed, %d kept; %,d chunks (%,.1f MiB) forgotten; %d packs deleted, %d of them rewritten, %,.1f MiB freed",
                  removed,
                  kept,
                  swept.chunks(),
                  swept.chunkBytes() / 1048576.0,
                  swept.packsDeleted(),
                  swept.packsRewritten(),
                  swept.bytesFreed() / 1048576.0));
          swept.problems().forEach(problem -> out.println("not done: " + problem));
          dangling.forEach(
              (vm, missing) -> out.printf("%s names %d chunks that are lost%n", vm, missing));
          yield dangling.isEmpty() ? 0 : 1;
        }
      };
    }
  }
}
