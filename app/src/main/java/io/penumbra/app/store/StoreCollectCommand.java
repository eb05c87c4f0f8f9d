package io.penumbra.app.store;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.tiers.GarbageCollection;
import io.penumbra.tiers.GarbageCollection.Collected;
import io.penumbra.tiers.StoreOpening.OpenStore;
import io.penumbra.tiers.pack.PackCollector.Swept;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
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
      "Where a receiver is at work, a chunk is safe for a grace period after it was put, until a",
      "manifest names it. This command has the store to itself, nobody is between the two, and so",
      "it grants none unless --grace says so."
    })
final class StoreCollectCommand implements Callable<Integer> {

  private static final Duration NEXT_SECOND = Duration.ofMillis(1_100);

  @Spec private CommandSpec spec;
  @Mixin private StoreOptions options;

  @Option(
      names = "--rekey",
      description = "Rewrite packs with chunks under a key that is no longer active.")
  private boolean rekey;

  @Option(
      names = "--grace",
      paramLabel = "DURATION",
      defaultValue = "PT0S",
      description = {
        "Keep chunks that were put or named so lately, such as PT10M (default: ${DEFAULT-VALUE}).",
        "Opening a store counts as touching all of it, so any other value keeps everything."
      })
  private Duration grace;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  StoreCollectCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (grace.isNegative()) {
      throw new BadInputException("--grace", "is %s; expected PT0S or more".formatted(grace), "");
    }
    try (OpenStore open = options.open(spec.commandLine().getErr())) {
      // The rule counts in whole seconds, and what was found at the opening counts as touched then.
      Thread.sleep(NEXT_SECOND);
      return collect(open);
    }
  }

  private int collect(OpenStore open) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    return switch (new GarbageCollection(open.store()).run(rekey, grace)) {
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
        // What was rewritten is only here until it is sent, and this directory may not stay.
        open.store().flush().problem().ifPresent(problem -> out.println("not sent: " + problem));
        dangling.forEach(
            (vm, missing) -> out.printf("%s names %d chunks that are lost%n", vm, missing));
        yield dangling.isEmpty() ? 0 : 1;
      }
    };
  }
}
