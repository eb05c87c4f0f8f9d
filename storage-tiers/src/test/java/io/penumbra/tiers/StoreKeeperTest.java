package io.penumbra.tiers;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.tiers.ChunkStore.Got.Found;
import io.penumbra.tiers.ChunkStore.Put.Stored;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class StoreKeeperTest {

  private static final KeeperRules RULES =
      new KeeperRules(
          Duration.ofSeconds(5), Duration.ofMinutes(30), Duration.ofDays(1), true, 4 << 10);

  private final Bench bench = new Bench();
  private final List<String> notes = new ArrayList<>();

  @Test
  void sendsWhatWaitsOnePackAtATimeAndNoFasterThanItMay() throws IOException {
    TieredChunkStore store = bench.open();
    for (int i = 0; i < 40; i++) {
      store.put(Bench.noise(i, 2_000));
    }
    StoreKeeper keeper = keeper(store);
    Instant start = bench.now;
    bench.pass(Duration.ofSeconds(31));
    runUntil(keeper, bench.now.plusSeconds(120));

    assertThat(store.health().waitingBytes()).isZero();
    assertThat(store.health().waitingSince()).isEmpty();
    assertThat(keeper.stats().movedBytes()).isGreaterThan(80_000);
    assertThat(keeper.stats().packsSent()).isEqualTo(bench.objects.keys("packs/").size());
    assertThat(notes).isEmpty();
    assertThat(Duration.between(start, bench.now)).isGreaterThan(Duration.ofSeconds(30));
  }

  @Test
  void keepsToItsRateUnlessTheSsdIsNearlyFull() throws IOException {
    TieredChunkStore store = bench.open();
    for (int i = 0; i < 40; i++) {
      store.put(Bench.noise(i, 2_000));
    }
    StoreKeeper slow = keeper(store);
    slow.step();
    assertThat(bench.now.plusSeconds(1)).as("8 KiB at 4 KiB/s").isBefore(slow.step());
    store.close();

    bench.ssdBytes = 100_000;
    TieredChunkStore full = bench.open();
    for (int i = 100; i < 110; i++) {
      full.put(Bench.noise(i, 2_000));
    }
    assertThat(full.health().urgent()).isTrue();
    StoreKeeper hasty = keeper(full);
    assertThat(hasty.step()).isEqualTo(bench.now);
  }

  @Test
  void saysOnceThatTheObjectTierIsAwayAndCatchesUp() throws IOException {
    TieredChunkStore store = bench.open();
    bench.objects.away(true);
    ChunkId id = stored(store.put(Bench.noise(1, 2_000)));
    StoreKeeper keeper = keeper(store);
    bench.pass(Duration.ofMinutes(1));
    runUntil(keeper, bench.now.plus(Duration.ofMinutes(5)));

    assertThat(notes).containsExactly("object tier: away");
    assertThat(store.health().waitingSince()).isPresent();
    assertThat(store.health().sentence()).contains("away since");

    bench.objects.away(false);
    runUntil(keeper, bench.now.plus(Duration.ofMinutes(5)));
    assertThat(store.health().waitingBytes()).isZero();
    assertThat(store.get(id)).isEqualTo(new Found(Bench.noise(1, 2_000)));
  }

  @Test
  void collectsWhatNothingNamesAfterTheGracePeriod() throws IOException {
    TieredChunkStore store = bench.open();
    ChunkId named = stored(store.put(Bench.noise(1, 2_000)));
    ChunkId orphan = stored(store.put(Bench.noise(2, 2_000)));
    store.manifests().commit(bench.manifest(1, List.of(named)), 0);
    StoreKeeper keeper = keeper(store);
    runUntil(keeper, bench.now.plus(Duration.ofMinutes(31)));

    assertThat(keeper.stats().collections()).isPositive();
    assertThat(store.get(named)).isInstanceOf(Found.class);
    assertThat(store.get(orphan)).isInstanceOf(ChunkStore.Got.NotFound.class);
  }

  @Test
  void scrubsChunksAndManifestsAndMendsThemFromTheOtherTierOrFromThePrimary() throws IOException {
    TieredChunkStore store = bench.open();
    List<ChunkId> ids = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      ids.add(stored(store.put(Bench.noise(i, 1_000))));
    }
    store.manifests().commit(bench.manifest(1, ids), 0);
    store.manifests().commit(bench.manifest(2, ids), 1);
    store.flush();
    SplittableRandom dice = new SplittableRandom(3);
    bench.disk.rot("packs/", ".pack", dice);
    bench.disk.rot("manifests/", ".kept", dice);
    rot("manifests/");
    StoreKeeper keeper = keeper(store);
    runUntil(keeper, bench.now.plus(Duration.ofHours(25)));

    assertThat(keeper.stats().damaged()).isGreaterThanOrEqualTo(2);
    assertThat(keeper.stats().mended()).isEqualTo(keeper.stats().damaged());
    assertThat(keeper.stats().lost()).isZero();
    assertThat(new Scrub(store, ChunkSource.NOBODY, true).run((_, _, _) -> {}).clean()).isTrue();
    for (int i = 0; i < 20; i++) {
      assertThat(store.get(ids.get(i))).isEqualTo(new Found(Bench.noise(i, 1_000)));
    }
  }

  /** The older manifest in the object tier; the newer one rots on SSD. */
  private void rot(String prefix) {
    byte[] content = bench.objects.raw(bench.objects.keys(prefix).getFirst()).orElseThrow();
    content[content.length / 2] ^= 4;
  }

  @Test
  void aThreadDoesTheSteps() throws Exception {
    TieredChunkStore store = bench.open();
    store.put(Bench.noise(1, 20_000));
    bench.pass(Duration.ofMinutes(1));
    try (StoreKeeper keeper = keeper(store)) {
      keeper.start();
      long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      while (store.health().waitingBytes() > 0 && System.nanoTime() < deadline) {
        Thread.sleep(10);
      }
    }
    assertThat(store.health().waitingBytes()).isZero();
  }

  @Test
  void countsOutliveARestart() throws IOException {
    TieredChunkStore store = bench.open();
    ChunkId id = stored(store.put(Bench.noise(1, 2_000)));
    store.get(id);
    store.close();
    assertThat(bench.open().counts().ssdReads()).isEqualTo(1);
    assertThat(bench.open().counts().puts()).isEqualTo(1);
  }

  private StoreKeeper keeper(TieredChunkStore store) {
    ChunkSource primary =
        id -> {
          for (int i = 0; i < 20; i++) {
            if (ChunkId.of(Bench.noise(i, 1_000)).equals(id)) {
              return Optional.of(Bench.noise(i, 1_000));
            }
          }
          return Optional.empty();
        };
    return new StoreKeeper(store, RULES, primary, notes::add);
  }

  private void runUntil(StoreKeeper keeper, Instant end) {
    Instant next = keeper.step();
    while (!next.isAfter(end)) {
      if (next.isAfter(bench.now)) {
        bench.now = next;
      }
      next = keeper.step();
    }
  }

  private static ChunkId stored(ChunkStore.Put put) {
    assertThat(put).isInstanceOf(Stored.class);
    return ((Stored) put).id();
  }
}
