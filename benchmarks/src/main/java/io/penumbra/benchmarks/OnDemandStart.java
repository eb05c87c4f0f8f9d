package io.penumbra.benchmarks;

import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.archive.OnDemandRestore;
import io.penumbra.sync.archive.TierArchive;
import io.penumbra.sync.epoch.Consistency;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionId;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.tiers.StorageSettings;
import io.penumbra.tiers.StoreOpening.OpenStore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * How long a machine waits for the pages that it touches first when its state is in the object
 * tier: restored as a whole before it starts, on demand without and with the order of the last
 * time, in one run.
 *
 * <pre>
 * benchmarks/run ondemand DIRECTORY MIB [S3-ENDPOINT]    keys as for benchmarks/run store
 * </pre>
 */
public final class OnDemandStart {

  private static final VmId VM = VmId.of("bench");
  private static final int ROUNDS = 5;

  /** Too small to remember a round until the next. */
  private static final StorageSettings.Cache SMALL_CACHE = new StorageSettings.Cache(true, 8, 1, 2);

  /** Pages that are touched before a service answers, each in another 64 KiB: some 32 MiB. */
  private static final int PLACES = 512;

  private final StateLayout layout;
  private final int[] touches;

  private OnDemandStart(int mib) {
    layout = StateLayout.of(new Region(RegionId.of("ram"), RegionKind.RAM, (long) mib << 20));
    touches = new SplittableRandom(7).ints(PLACES, 0, layout.pages()).toArray();
  }

  /** Runs it. */
  public static void main(String... arguments) throws Exception {
    if (arguments.length < 2 || arguments.length > 3) {
      throw new IllegalArgumentException("expected a directory, MiB, and maybe an S3 endpoint");
    }
    Path directory = Path.of(arguments[0]);
    Files.createDirectories(directory);
    new OnDemandStart(Integer.parseInt(arguments[1]))
        .run(directory, arguments.length == 3 ? Optional.of(arguments[2]) : Optional.empty());
  }

  private void run(Path directory, Optional<String> endpoint) throws Exception {
    try (OpenStore open =
        StoreTiers.open(directory.resolve("store"), endpoint, 1 << 20, SMALL_CACHE)) {
      keep(archive(open));
      open.store().flush();
    }
    try (OpenStore open = StoreTiers.open(directory.resolve("store"), endpoint, 1, SMALL_CACHE)) {
      open.store().upkeep();
      TierArchive archive = archive(open);
      double[] whole = new double[ROUNDS];
      double[] without = new double[ROUNDS];
      double[] with = new double[ROUNDS];
      for (int round = 0; round < ROUNDS; round++) {
        whole[round] = whole(archive);
        open.store().restoreOrders().forget(VM);
        without[round] = onDemand(archive, open);
        with[round] = onDemand(archive, open);
      }
      print("whole state first", whole);
      print("on demand, no order", without);
      print("on demand, last order", with);
    }
  }

  private static TierArchive archive(OpenStore open) {
    return new TierArchive(
        VM, open.store().lane(VM, ShadowMode.COLD), open.store().manifests(), ShadowMode.COLD);
  }

  private void keep(TierArchive archive) {
    try (Arena arena = Arena.ofShared()) {
      RegionPages state = memory(arena);
      SplittableRandom random = new SplittableRandom(3);
      MemorySegment bytes = state.region(0);
      for (long at = 0; at < bytes.byteSize(); at += 2L * Long.BYTES) {
        bytes.set(ValueLayout.JAVA_LONG, at, random.nextLong());
      }
      long[] hashes = new long[layout.pages()];
      for (int page = 0; page < hashes.length; page++) {
        hashes[page] = PageHash.of(state, page);
      }
      EpochManifest epoch =
          new EpochManifest(
              VM,
              1,
              0,
              Instant.EPOCH,
              layout,
              PageHashes.of(hashes).root(),
              hashes.length,
              Consistency.STABLE,
              0,
              HealthSnapshot.UNKNOWN);
      if (archive.keep(epoch, new int[0], state) instanceof TierArchive.Keeping.NotKept why) {
        throw new IllegalStateException("not kept: " + why);
      }
    }
  }

  private RegionPages memory(Arena arena) {
    return new RegionPages(
        layout, List.of(arena.allocate((long) layout.pages() << PageSize.SHIFT, PageSize.BYTES)));
  }

  private double whole(TierArchive archive) throws IOException {
    try (Arena arena = Arena.ofShared()) {
      RegionPages into = memory(arena);
      long start = System.nanoTime();
      archive.restore(1, into);
      return (System.nanoTime() - start) / 1e9;
    }
  }

  /** Touches one page after the other while a thread fills. */
  private double onDemand(TierArchive archive, OpenStore open) throws Exception {
    try (Arena arena = Arena.ofShared()) {
      RegionPages into = memory(arena);
      long start = System.nanoTime();
      OnDemandRestore restore = archive.restoreOnDemand(1, into, open.store().restoreOrders());
      Thread filler =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  restore.fill();
                } catch (IOException e) {
                  // Given up below, when what counts is measured.
                }
              });
      for (int page : touches) {
        restore.await(page);
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      restore.close();
      filler.join();
      return seconds;
    }
  }

  private static void print(String what, double... seconds) {
    double[] sorted = seconds.clone();
    Arrays.sort(sorted);
    System.out.println(
        String.format(
            Locale.ROOT,
            "%-24s %7.0f ms  (%.0f to %.0f, %d rounds)",
            what,
            sorted[ROUNDS / 2] * 1e3,
            sorted[0] * 1e3,
            sorted[ROUNDS - 1] * 1e3,
            ROUNDS));
  }
}
