package io.penumbra.tiers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.tiers.ChunkStore.Got.Found;
import io.penumbra.tiers.ChunkStore.Got.NotFound;
import io.penumbra.tiers.ChunkStore.Put.Full;
import io.penumbra.tiers.ChunkStore.Put.Stored;
import io.penumbra.tiers.ChunkStore.Unavailable;
import io.penumbra.tiers.GarbageCollection.Collected;
import io.penumbra.tiers.manifest.ManifestStore.Commit;
import io.penumbra.tiers.pack.PackCollector;
import io.penumbra.tiers.seal.ChunkSeal;
import io.penumbra.tiers.seal.KeyRing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TieredChunkStoreTest {

  private static final String SECOND_KEY = "key 2 Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=;";
  private static final String NAMING = "naming ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=;";
  private static final String FIRST_KEY = "key 1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=;";

  private final Bench bench = new Bench();

  @Test
  void keepsEqualContentOnceAndWaitsUntilItIsDurable() throws IOException {
    TieredChunkStore store = bench.open();
    ChunkStore.Put first = store.put(Bench.bytes("hello"));

    assertThat(first).isEqualTo(new Stored(ChunkId.of(Bench.bytes("hello")), true));
    assertThat(store.put(Bench.bytes("hello")))
        .isEqualTo(new Stored(ChunkId.of(Bench.bytes("hello")), false));
  }

  @Test
  void aFailedForceIsNeverAnsweredWithStoredAndTheNextPutWorksAgain() throws IOException {
    TieredChunkStore store = bench.open();
    store.put(Bench.bytes("before"));
    bench.disk.failsToForce(true);
    assertThat(store.put(Bench.bytes("hello"))).isInstanceOf(Unavailable.class);
    bench.disk.failsToForce(false);

    assertThat(store.get(ChunkId.of(Bench.bytes("hello")))).isInstanceOf(NotFound.class);
    assertThat(store.put(Bench.bytes("hello"))).isInstanceOf(Stored.class);
    assertThat(store.get(ChunkId.of(Bench.bytes("before")))).isInstanceOf(Found.class);
  }

  @Test
  void whatWasDurableBeforeTheSsdFailedReachesTheObjectTierOrIsReported() throws IOException {
    TieredChunkStore store = bench.open();
    ChunkId before = ((Stored) store.put(Bench.bytes("before"))).id();
    ChunkId again = ((Stored) store.put(Bench.bytes("again"))).id();
    bench.disk.failsToForce(true);
    assertThat(store.put(Bench.bytes("hello"))).isInstanceOf(Unavailable.class);
    assertThat(store.flush().problem()).isPresent();
    assertThat(store.get(before)).isInstanceOf(Found.class);
    bench.disk.failsToForce(false);

    assertThat(store.put(Bench.bytes("again"))).isInstanceOf(Stored.class);
    assertThat(store.flush().problem()).isEmpty();

    Bench elsewhere = new Bench(bench.objects);
    elsewhere.owner = "there";
    TieredChunkStore reader = elsewhere.open();
    assertThat(reader.learn("here", List.of(before, again))).isEmpty();
    assertThat(reader.get(before)).isEqualTo(new Found(Bench.bytes("before")));
    assertThat(reader.get(again)).isEqualTo(new Found(Bench.bytes("again")));
  }

  @Test
  void theSsdAbsorbsUpToItsBoundAndThenRefusesWithNumbers() throws IOException {
    bench.ssdBytes = 30_000;
    bench.objects.away(true);
    TieredChunkStore store = bench.open();
    List<ChunkId> kept = new ArrayList<>();
    ChunkStore.Put put = store.put(Bench.noise(0, 2_000));
    for (int i = 1; put instanceof Stored(ChunkId id, boolean _); i++) {
      kept.add(id);
      put = store.put(Bench.noise(i, 2_000));
    }
    assertThat(put).isInstanceOf(Full.class);
    assertThat(kept).hasSizeBetween(13, 15);

    bench.objects.away(false);
    store.flush();
    assertThat(store.put(Bench.noise(99, 2_000))).isInstanceOf(Stored.class);
    for (int i = 0; i < kept.size(); i++) {
      assertThat(store.get(kept.get(i))).isEqualTo(new Found(Bench.noise(i, 2_000)));
    }
  }

  @Test
  void coldPacksLeaveTheSsdBeforeWarmOnes() throws IOException {
    bench.ssdBytes = 60_000;
    TieredChunkStore store = bench.open();
    ChunkStore warm = store.lane(VmId.of("warm"), ShadowMode.WARM);
    ChunkStore cold = store.lane(VmId.of("cold"), ShadowMode.COLD);
    for (int i = 0; i < 10; i++) {
      warm.put(Bench.noise(i, 2_000));
      cold.put(Bench.noise(100 + i, 2_000));
      store.upkeep();
    }
    store.flush();
    cold.put(Bench.noise(500, 2_000));
    for (int i = 0; i < 8; i++) {
      cold.put(Bench.noise(200 + i, 2_000));
    }
    store.flush();
    int before = bench.objects.requests();
    for (int i = 0; i < 10; i++) {
      assertThat(store.get(ChunkId.of(Bench.noise(i, 2_000)))).isInstanceOf(Found.class);
    }
    assertThat(bench.objects.requests()).as("requests for warm chunks").isEqualTo(before);
    assertThat(store.get(ChunkId.of(Bench.noise(100, 2_000)))).isInstanceOf(Found.class);
    assertThat(bench.objects.requests()).as("requests for a cold one").isGreaterThan(before);
  }

  @Test
  void oneVmCannotTakeMoreThanItsQuota() throws IOException {
    bench.vmBytes = 5_000;
    TieredChunkStore store = bench.open();
    ChunkStore lane = store.lane(Bench.VM, ShadowMode.COLD);

    assertThat(lane.put(Bench.noise(1, 3_000))).isInstanceOf(Stored.class);
    assertThat(lane.put(Bench.noise(2, 3_000))).isInstanceOf(Full.class);
    assertThat(store.lane(VmId.of("other"), ShadowMode.COLD).put(Bench.noise(3, 3_000)))
        .isInstanceOf(Stored.class);
  }

  @Test
  void ofTwoMachinesThatKeepTheSameVmOneWins() throws IOException {
    TieredChunkStore here = bench.open();
    Bench otherBench = new Bench(bench.objects);
    otherBench.owner = "there";
    TieredChunkStore there = otherBench.open();
    ChunkId ours = stored(here.put(Bench.bytes("ours")));
    ChunkId theirs = stored(there.put(Bench.bytes("theirs")));

    assertThat(here.manifests().commit(bench.manifest(1, List.of(ours)), 0))
        .isEqualTo(new Commit.Committed(1));
    assertThat(there.manifests().commit(bench.manifest(1, List.of(theirs)), 0))
        .isEqualTo(new Commit.Conflict(0, 1));
  }

  @Test
  void whatWasHeldLosesAgainstAWriterWhoWasHeardFirst() throws IOException {
    TieredChunkStore here = bench.open();
    Bench otherBench = new Bench(bench.objects);
    otherBench.owner = "there";
    TieredChunkStore there = otherBench.open();
    ChunkId ours = stored(here.put(Bench.bytes("ours")));
    bench.objects.away(true);
    assertThat(here.manifests().commit(bench.manifest(1, List.of(ours)), 0))
        .isInstanceOf(Commit.Held.class);
    ChunkId theirs = stored(there.put(Bench.bytes("theirs")));
    assertThat(there.manifests().commit(bench.manifest(1, List.of(theirs)), 0))
        .isEqualTo(new Commit.Committed(1));

    bench.objects.away(false);
    assertThat(here.flush().writersLost()).containsExactly(Bench.VM);
    assertThat(here.manifests().commit(bench.manifest(2, List.of(ours)), 1))
        .isEqualTo(new Commit.Committed(2));
  }

  @Test
  void aCommitSaysWhichChunksWereCollectedBeforeIt() throws IOException {
    TieredChunkStore store = bench.open();
    ChunkId slow = stored(store.put(Bench.bytes("slow writer")));
    store.flush();
    bench.pass(Duration.ofMinutes(11));
    assertThat(new GarbageCollection(store).run(false)).isInstanceOf(Collected.Done.class);

    assertThat(store.manifests().commit(bench.manifest(1, List.of(slow)), 0))
        .isEqualTo(new Commit.ChunksMissing(List.of(slow)));
  }

  @Test
  void aRotatedKeyReadsOnAndIsOutAfterARekey() throws IOException {
    bench.seal = ChunkSeal.encrypted(KeyRing.parse("t", NAMING + FIRST_KEY + "active 1"), 1);
    TieredChunkStore store = bench.open();
    ChunkId id = stored(store.put(Bench.bytes("secret")));
    store.manifests().commit(bench.manifest(1, List.of(id)), 0);
    store.close();

    bench.seal =
        ChunkSeal.encrypted(KeyRing.parse("t", NAMING + FIRST_KEY + SECOND_KEY + "active 2"), 1);
    store = bench.open();
    assertThat(store.get(id)).isEqualTo(new Found(Bench.bytes("secret")));
    assertThat(swept(store, false).packsRewritten()).as("by the rotation").isZero();
    // The same content again is still one chunk: names don't change with keys.
    assertThat(store.put(Bench.bytes("secret"))).isEqualTo(new Stored(id, false));
    assertThat(swept(store, true).packsRewritten()).as("by the rekey").isEqualTo(1);
    store.close();

    bench.seal = ChunkSeal.encrypted(KeyRing.parse("t", NAMING + SECOND_KEY + "active 2"), 1);
    store = bench.open();
    assertThat(store.get(id)).isEqualTo(new Found(Bench.bytes("secret")));
  }

  @Test
  void aKeyThatIsMissingIsNoDamage() throws IOException {
    bench.seal = ChunkSeal.encrypted(KeyRing.parse("t", NAMING + FIRST_KEY + "active 1"), 1);
    TieredChunkStore store = bench.open();
    ChunkId id = stored(store.put(Bench.bytes("secret")));
    store.close();
    bench.seal = ChunkSeal.encrypted(KeyRing.parse("t", NAMING + SECOND_KEY + "active 2"), 1);
    store = bench.open();

    assertThat(store.get(id)).isInstanceOf(Unavailable.class);
    assertThat(new Scrub(store, ChunkSource.NOBODY, true).run((_, _, _) -> {}).clean()).isTrue();
  }

  @Test
  void noMessageShowsAKey() {
    assertThatThrownBy(() -> KeyRing.parse("ring", "key 1 c2VjcmV0LXNlY3JldA==;"))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("ring:1")
        .hasMessageNotContaining("c2VjcmV0");
    assertThat(Bench.RING.toString()).isEqualTo("key ring with keys [1], active 1");
  }

  @Test
  void rotIsFoundAndMendedFromTheOtherTierOrFromThePrimary() throws IOException {
    for (long seed = 1; seed <= 40; seed++) {
      SplittableRandom dice = new SplittableRandom(seed);
      Bench machine = new Bench();
      TieredChunkStore store = machine.open();
      for (int i = 0; i < 20; i++) {
        store.put(Bench.noise(i, 1_000));
      }
      boolean below = dice.nextBoolean();
      if (below) {
        store.flush();
      } else {
        store.shelf().endPacks(true);
      }
      machine.disk.rot("packs/", ".pack", dice);
      ChunkSource primary =
          id -> {
            for (int i = 0; i < 20; i++) {
              if (ChunkId.of(Bench.noise(i, 1_000)).equals(id)) {
                return Optional.of(Bench.noise(i, 1_000));
              }
            }
            return Optional.empty();
          };
      Scrub.Report report = new Scrub(store, primary, true).run((_, _, _) -> {});
      assertThat(report.lost()).as("seed %d", seed).isEmpty();
      assertThat(report.mended()).as("seed %d", seed).isEqualTo(report.damaged());
      for (int i = 0; i < 20; i++) {
        ByteBuffer content = Bench.noise(i, 1_000);
        assertThat(store.get(ChunkId.of(content)))
            .as("seed %d", seed)
            .isEqualTo(new Found(content));
      }
    }
  }

  private static PackCollector.Swept swept(TieredChunkStore store, boolean rekey)
      throws IOException {
    Collected collected = new GarbageCollection(store).run(rekey);
    assertThat(collected).isInstanceOf(Collected.Done.class);
    return ((Collected.Done) collected).swept();
  }

  private static ChunkId stored(ChunkStore.Put put) {
    assertThat(put).isInstanceOf(Stored.class);
    return ((Stored) put).id();
  }
}
