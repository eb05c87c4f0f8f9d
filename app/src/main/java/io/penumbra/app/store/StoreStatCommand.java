package io.penumbra.app.store;

import io.penumbra.tiers.StorageSettings;
import io.penumbra.tiers.StoreCounts;
import io.penumbra.tiers.StoreFacts;
import io.penumbra.tiers.StoreHealth;
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
      PrintWriter out = spec.commandLine().getOut();
      StorageSettings.Costs costs = options.settings().costs();
      sizes(out, open.store().facts(), costs);
      reads(out, open.store().counts(), costs);
      StoreHealth health = open.store().health();
      out.println(
          "write-behind "
              + health
                  .waitingSince()
                  .map(since ->
                      String.format(
                          Locale.ROOT,
                          "%,.1f MiB wait for the object tier, the oldest since %s",
                          mib(health.waitingBytes()),
                          since))
                  .orElse("nothing waits"));
      out.println("health       " + health.sentence());
    }
    return 0;
  }

  private static void sizes(PrintWriter out, StoreFacts facts, StorageSettings.Costs costs) {
    out.printf(
        Locale.ROOT,
        "chunks       %,12d   %,.1f MiB kept, %,.1f MiB of garbage in packs%n",
        facts.chunks(),
        mib(facts.liveBytes()),
        mib(facts.garbageBytes()));
    tier(out, "SSD", facts.ssdPacks(), facts.ssdBytes(), costs.ssdGibMonth());
    tier(out, "object tier", facts.objectPacks(), facts.objectBytes(), costs.objectGibMonth());
    out.printf(Locale.ROOT, "warm packs   %,12d%n", facts.warmPacks());
  }

  /** Since the store was made; what an unclean stop forgets is a few seconds. */
  private static void reads(PrintWriter out, StoreCounts counts, StorageSettings.Costs costs) {
    long reads = counts.ssdReads() + counts.cacheReads() + counts.objectReads();
    out.printf(
        Locale.ROOT,
        "reads        %,12d   %s from SSD, %s from the cache, %s from the object tier%n",
        reads,
        share(counts.ssdReads(), reads),
        share(counts.cacheReads(), reads),
        share(counts.objectReads(), reads));
    out.printf(
        Locale.ROOT,
        "puts         %,12d   %s were there already; %,.1f MiB given, %,.1f MiB written%n",
        counts.puts(),
        share(counts.duplicates(), counts.puts()),
        mib(counts.putBytes()),
        mib(counts.sealedBytes()));
    out.printf(
        Locale.ROOT,
        "requests     %,12d   %,d packs sent and %,d parts read cost %.4f USD so far%n",
        counts.objectWrites() + counts.objectRequests(),
        counts.objectWrites(),
        counts.objectRequests(),
        counts.objectWrites() * costs.thousandPuts() / 1000
            + counts.objectRequests() * costs.thousandGets() / 1000);
    out.printf(Locale.ROOT, "mended       %,12d%n", counts.repairs());
  }

  private static String share(long part, long whole) {
    return whole == 0 ? "none" : String.format(Locale.ROOT, "%.1f %%", 100.0 * part / whole);
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
