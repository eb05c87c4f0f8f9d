package io.penumbra.tiers.twin;

import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.ChunkStore;
import io.penumbra.tiers.GarbageCollection;
import io.penumbra.tiers.StorageSettings;
import io.penumbra.tiers.StoreOpening;
import io.penumbra.tiers.TieredChunkStore;
import io.penumbra.tiers.manifest.Manifest;
import io.penumbra.tiers.manifest.ManifestStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A process that puts, commits, moves and collects until somebody kills it. What it was promised it
 * says on a line of standard output, each after the promise: {@code acked VM VERSION EPOCH}.
 */
public final class StoreLife {

  private static final int CONTENTS = 400;

  private final TieredChunkStore store;
  private final SplittableRandom dice;

  private StoreLife(TieredChunkStore store, SplittableRandom dice) {
    this.store = store;
    this.dice = dice;
  }

  /** Lives in a directory, by a seed. */
  public static void main(String... arguments) throws IOException {
    StoreOpening.OpenStore open = open(Path.of(arguments[0]));
    SplittableRandom dice = new SplittableRandom(Long.parseLong(arguments[1]));
    SplittableRandom other = dice.split();
    StoreLife life = new StoreLife(open.store(), dice);
    Thread.ofPlatform().daemon().start(() -> life.lookAfter(other));
    life.say("ready");
    while (true) {
      life.epoch();
    }
  }

  /** The store of such a process; packs and SSD are so small that everything moves all the time. */
  public static StoreOpening.OpenStore open(Path directory) throws IOException {
    StorageSettings defaults = StorageSettings.defaults();
    return new StoreOpening(
            new StorageSettings(
                directory,
                new StorageSettings.Ssd(24, 0.5, 0.3, Duration.ofHours(1), 2, 0),
                new StorageSettings.Cache(false, 256, 64, 1024),
                new StorageSettings.Packs(1, Duration.ofMillis(200), 1, 0.7, 64),
                defaults.objects(),
                defaults.encryption(),
                new StorageSettings.Retention(3, Duration.ZERO, Duration.ZERO),
                defaults.vms(),
                defaults.keeping(),
                defaults.costs()),
            InstantSource.system(),
            _ -> "",
            "life",
            _ -> {})
        .open();
  }

  /** The content that a number in a manifest's body stands for. */
  public static ByteBuffer content(long number) {
    byte[] bytes = new byte[500 + (int) (number * 37 % 7_000)];
    new SplittableRandom(number).nextBytes(bytes);
    return ByteBuffer.wrap(bytes);
  }

  private void epoch() {
    VmId vm = VmId.of("vm-" + dice.nextInt(3));
    List<ByteBuffer> contents = new ArrayList<>();
    ByteBuffer numbers = ByteBuffer.allocate(40 * Long.BYTES);
    int count = 1 + dice.nextInt(40);
    for (int i = 0; i < count; i++) {
      long number = dice.nextInt(CONTENTS);
      numbers.putLong(number);
      contents.add(content(number));
    }
    List<ChunkId> chunks = new ArrayList<>();
    for (ChunkStore.Put put : store.putAll(contents)) {
      if (!(put instanceof ChunkStore.Put.Stored(ChunkId id, boolean _))) {
        return;
      }
      chunks.add(id);
    }
    long version = 0;
    long epoch = 1;
    if (store.manifests().newest(vm) instanceof ManifestStore.Reading.Found found) {
      version = found.version();
      epoch = found.manifest().epoch() + 1;
    }
    long base = dice.nextInt(3) == 0 ? version : 0;
    Manifest manifest =
        new Manifest(vm, epoch, base, Instant.EPOCH, ShadowMode.COLD, chunks, numbers.flip());
    if (store.manifests().commit(manifest, version)
        instanceof ManifestStore.Commit.Committed(long committed)) {
      say("acked %s %d %d".formatted(vm, committed, epoch));
    }
  }

  private void lookAfter(SplittableRandom other) {
    try {
      while (true) {
        switch (other.nextInt(4)) {
          case 0 -> store.flush();
          case 1 -> new GarbageCollection(store).run(false);
          default -> store.upkeep();
        }
        Thread.sleep(other.nextInt(20));
      }
    } catch (IOException e) {
      say("failed " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void say(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
