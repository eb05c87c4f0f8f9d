package io.penumbra.app.store;

import io.penumbra.tiers.StorageSettings;
import io.penumbra.tiers.StoreFacts;
import io.penumbra.tiers.StoreOpening.OpenStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code penumbra store stat}: sizes, tiers and what they cost. */
@Command(name = "stat", description = "Sizes, tiers, what they cost, and how the store is.")
final class StoreStatCommand implements Callable<Integer> {

  private static final double GIB = 1 << 30;

  @Spec private CommandSpec spec;
  @Mixin private StoreOptions options;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  StoreStatCommand() {}

  @Override
  public Integer call() throws IOException {
    try (OpenStore open = options.open(spec.commandLine().getErr())) {
      print(
          spec.commandLine().getOut(),
          open.store().facts(),
          options.settings().costs(),
          open.store().health().sentence());
    }
    return 0;
  }

  private static void print(
      PrintWriter out, StoreFacts facts, StorageSettings.Costs costs, String health) {
    out.println(
        String.format(
            Locale.ROOT,
            "chunks       %,12d   %,.1f MiB kept, %,.1f MiB of garbage in packs",
            facts.chunks(),
            mib(facts.liveBytes()),
            mib(facts.garbageBytes())));
    tier(out, "SSD", facts.ssdPacks(), facts.ssdBytes(), costs.ssdGibMonth());
    tier(out, "object tier", facts.objectPacks(), facts.objectBytes(), costs.objectGibMonth());
    out.println(
        String.format(
            Locale.ROOT,
            "requests     %,12d   packs written so far cost %.4f USD, reading each once %.4f USD",
            facts.objectPacks(),
            facts.objectPacks() * costs.thousandPuts() / 1000,
            facts.objectPacks() * costs.thousandGets() / 1000));
    out.println("warm packs   " + String.format(Locale.ROOT, "%,12d", facts.warmPacks()));
    out.println("health       " + health);
  }

  private static void tier(PrintWriter out, String name, int packs, long bytes, double price) {
    out.println(
        String.format(
            Locale.ROOT,
            "%-12s %,12d   packs, %,.1f MiB, %.4f USD a month",
            name,
            packs,
            mib(bytes),
            bytes / GIB * price));
  }

  private static double mib(long bytes) {
    return bytes / 1048576.0;
  }
}
