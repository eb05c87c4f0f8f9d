package io.penumbra.tiers;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.VmId;
import io.penumbra.tiers.ChunkStore.Got.Found;
import io.penumbra.tiers.ChunkStore.Put.Stored;
import io.penumbra.tiers.manifest.Manifest;
import io.penumbra.tiers.manifest.ManifestStore;
import io.penumbra.tiers.manifest.ManifestStore.Commit;
import io.penumbra.tiers.manifest.ManifestStore.Reading;
import io.penumbra.tiers.seal.ChunkSeal;
import io.penumbra.tiers.twin.Power;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * The power goes at any point of putting, committing, moving and collecting, again and again; the
 * object store comes and goes, and loses answers. Whatever was acknowledged has to be there.
 */
class CrashPointTest {

  private static final int SEEDS = Integer.getInteger("penumbra.seeds", 120);

  @Test
  void whateverWasAcknowledgedCanBeRestoredWhereverThePowerWasCut() throws IOException {
    long first = Long.getLong("penumbra.seed", 1);
    int cuts = 0;
    for (long seed = first; seed < first + SEEDS; seed++) {
      try {
        Run run = new Run(seed);
        run.play();
        cuts += run.cuts;
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(
            "seed %d; again with -Dpenumbra.seed=%d -Dpenumbra.seeds=1".formatted(seed, seed), e);
      }
    }
    assertThat(cuts).as("power cuts").isGreaterThan(SEEDS);
  }

  private static final class Run {
    final SplittableRandom dice;
    final Bench bench = new Bench();
    final Map<ChunkId, ByteBuffer> contents = new HashMap<>();
    final TreeMap<VmId, Long> acked = new TreeMap<>();
    final List<ChunkId> promised = new ArrayList<>();
    int cuts;
    int epochs;

    Run(long seed) {
      dice = new SplittableRandom(seed);
      if (dice.nextBoolean()) {
        bench.seal = ChunkSeal.encrypted(Bench.RING, 1);
      }
      bench.packBytes = 4096 + dice.nextInt(8192);
      bench.ssdBytes = dice.nextLong(40_000, 140_000);
    }

    void play() throws IOException {
      for (int life = 0; life < 6; life++) {
        bench.power.cutAfter(dice.nextLong(600));
        try {
          live();
        } catch (Power.Cut cut) {
          cuts++;
        }
        bench.power.restore();
        bench.disk.settle(dice);
        bench.objects.away(false);
        bench.objects.losesAnswers(() -> false);
        TieredChunkStore store = bench.open();
        check(store);
        store.close();
      }
    }

    private void live() throws IOException {
      TieredChunkStore store = bench.open();
      for (int step = 0; step < 60; step++) {
        switch (dice.nextInt(12)) {
          case 0, 1, 2, 3, 4 -> epoch(store);
          case 5, 6 -> store.upkeep();
          case 7 -> store.flush();
          case 8 -> collect(store);
          case 9 -> bench.objects.away(dice.nextInt(3) == 0);
          case 10 ->
              bench.objects.losesAnswers(dice.nextInt(3) == 0 ? dice::nextBoolean : () -> false);
          default -> bench.pass(Duration.ofSeconds(dice.nextInt(120)));
        }
      }
      store.close();
    }

    private void epoch(TieredChunkStore store) {
      VmId vm = VmId.of("vm-" + dice.nextInt(3));
      List<ByteBuffer> wanted = new ArrayList<>();
      int count = 1 + dice.nextInt(5);
      for (int i = 0; i < count; i++) {
        // Few different contents: most epochs share chunks with older ones and other VMs.
        wanted.add(Bench.noise(dice.nextInt(60), 100 + dice.nextInt(3) * 700));
      }
      List<ChunkId> chunks = new ArrayList<>();
      for (ChunkStore.Put put : store.putAll(wanted)) {
        if (!(put instanceof Stored(ChunkId id, boolean _))) {
          return;
        }
        contents.put(id, wanted.get(chunks.size()));
        chunks.add(id);
      }
      promised.addAll(chunks);
      if (dice.nextInt(8) == 0) {
        return;
      }
      ManifestStore manifests = store.manifests();
      long expected = manifests.newest(vm) instanceof Reading.Found found ? found.version() : 0;
      long base = expected > 0 && dice.nextInt(3) == 0 ? expected : 0;
      Manifest manifest = bench.manifest(vm, epochs++, base, chunks);
      switch (manifests.commit(manifest, expected)) {
        case Commit.Committed(long version) -> acked.put(vm, version);
        case Commit.Held(long version, String _) -> acked.put(vm, version);
        case Commit.Conflict conflict ->
            throw new AssertionError(
                "%s says %s; object tier has %s, SSD %s"
                    .formatted(
                        vm,
                        conflict,
                        bench.objects.keys("manifests/" + vm),
                        bench.disk.list("manifests/" + vm)));
        case Commit.ChunksMissing missing -> throw new AssertionError(missing);
        case Commit.MissingBase missing -> throw new AssertionError(missing);
        case ManifestStore.Unavailable _ -> {
          // Then nothing was promised.
        }
      }
    }

    private void collect(TieredChunkStore store) throws IOException {
      if (dice.nextBoolean()) {
        bench.pass(Duration.ofMinutes(11));
        promised.clear();
      }
      switch (new GarbageCollection(store).run(dice.nextInt(4) == 0)) {
        case GarbageCollection.Collected.Done done -> assertThat(done.dangling()).isEmpty();
        case GarbageCollection.Collected.NotNow _ -> {
          // The object store is away.
        }
      }
    }

    private void check(TieredChunkStore store) {
      for (ChunkId id : promised) {
        assertThat(store.get(id)).as("chunk").isEqualTo(new Found(content(id)));
      }
      for (Map.Entry<VmId, Long> promise : acked.entrySet()) {
        ManifestStore.Versions versions = store.manifests().versions(promise.getKey());
        List<Long> known = ((ManifestStore.Versions.Known) versions).versions();
        assertThat(known).as("versions of %s", promise.getKey()).isNotEmpty();
        assertThat(known.getLast()).isGreaterThanOrEqualTo(promise.getValue());
        for (long version : known) {
          restore(store, promise.getKey(), version);
        }
        // A write whose answer was cut off may have happened; from now on it counts.
        promise.setValue(known.getLast());
      }
    }

    private ByteBuffer content(ChunkId id) {
      return Optional.ofNullable(contents.get(id)).orElseThrow();
    }

    private void restore(TieredChunkStore store, VmId vm, long version) {
      Reading reading = store.manifests().read(vm, version);
      assertThat(reading).isInstanceOf(Reading.Found.class);
      Manifest manifest = ((Reading.Found) reading).manifest();
      for (ChunkId id : manifest.chunks()) {
        assertThat(store.get(id))
            .as("chunk %s of %s version %d, notes %s", id, vm, version, bench.notes)
            .isEqualTo(new Found(content(id)));
      }
      if (manifest.base() != 0) {
        restore(store, vm, manifest.base());
      }
    }
  }
}
