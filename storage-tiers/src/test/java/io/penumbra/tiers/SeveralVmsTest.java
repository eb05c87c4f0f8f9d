package io.penumbra.tiers;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.tiers.ChunkStore.Got.Found;
import io.penumbra.tiers.ChunkStore.Got.NotFound;
import io.penumbra.tiers.ChunkStore.Put.Full;
import io.penumbra.tiers.ChunkStore.Put.Stored;
import io.penumbra.tiers.GarbageCollection.Collected;
import io.penumbra.tiers.manifest.ManifestStore;
import io.penumbra.tiers.manifest.ManifestStore.Commit;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Several VMs in one store: what they share is kept once, what they are promised is kept apart. */
class SeveralVmsTest {

  private static final VmId WEB = VmId.of("web");
  private static final VmId MAIL = VmId.of("mail");
  private static final VmId DATABASE = VmId.of("database");

  private final Bench bench = new Bench();

  @Test
  void whatTwoVmsShareIsStoredOnceAndGoesWithTheLastOfThem() throws IOException {
    TieredChunkStore store = bench.open();
    List<ChunkId> web = put(store, WEB, LongStream.range(0, 20));
    long before = store.counts().sealedBytes();
    List<ChunkId> mail = put(store, MAIL, LongStream.range(0, 20));

    assertThat(mail).isEqualTo(web);
    assertThat(store.counts().sealedBytes()).as("written for the second VM").isEqualTo(before);
    assertThat(store.facts().chunks()).isEqualTo(20);
    commit(store, WEB, 1, web);
    commit(store, MAIL, 1, mail);
    store.restoreOrders().save(WEB, List.of(3, 1));
    store.restoreOrders().save(MAIL, List.of(2));

    assertThat(store.manifests().forget(WEB, 1, bench.now))
        .isInstanceOf(ManifestStore.Removal.Removed.class);
    assertThat(store.restoreOrders().load(WEB)).isEmpty();
    assertThat(store.restoreOrders().load(MAIL)).containsExactly(2);
    collect(store);
    for (int i = 0; i < 20; i++) {
      assertThat(store.get(mail.get(i))).isEqualTo(new Found(Bench.noise(i, 1_000)));
    }
    assertThat(store.manifests().forget(MAIL, 1, bench.now))
        .isInstanceOf(ManifestStore.Removal.Removed.class);
    collect(store);
    assertThat(store.get(mail.getFirst())).isInstanceOf(NotFound.class);
    assertThat(store.facts().chunks()).isZero();
  }

  @Test
  void everyVmKeepsAsMuchOfItsPastAsItWasPromised() throws IOException {
    bench.keepNewest = 2;
    bench.vms.put(DATABASE, new VmRules(0, 5, Duration.ZERO));
    bench.vms.put(MAIL, new VmRules(0, 1, Duration.ofHours(1)));
    TieredChunkStore store = bench.open();
    for (int epoch = 1; epoch <= 8; epoch++) {
      for (VmId vm : List.of(WEB, MAIL, DATABASE)) {
        // One chunk that all share, one that only this epoch of all has.
        commit(store, vm, epoch, put(store, vm, LongStream.of(0, epoch)));
      }
      bench.pass(Duration.ofMinutes(20));
    }
    collect(store);

    assertThat(versions(store, WEB)).containsExactly(7L, 8L);
    assertThat(versions(store, DATABASE)).containsExactly(4L, 5L, 6L, 7L, 8L);
    // The collection is at minute 171; an hour back from there came epochs 7 and 8.
    assertThat(versions(store, MAIL)).containsExactly(7L, 8L);
    for (int epoch = 1; epoch <= 8; epoch++) {
      assertThat(store.get(ChunkId.of(Bench.noise(epoch, 1_000))) instanceof Found)
          .as("chunk of epoch %d", epoch)
          .isEqualTo(epoch >= 4);
    }
    assertThat(store.get(ChunkId.of(Bench.noise(0, 1_000)))).isInstanceOf(Found.class);
  }

  @Test
  void aQuotaOfOneVmDoesNotHoldForAnotherAndOldEpochsThatGoMakeRoom() throws IOException {
    bench.keepNewest = 1;
    bench.vms.put(WEB, new VmRules(5_000, 1, Duration.ZERO));
    TieredChunkStore store = bench.open();
    commit(store, WEB, 1, put(store, WEB, LongStream.range(0, 4)));

    assertThat(store.lane(WEB, ShadowMode.COLD).put(Bench.noise(9, 2_000)))
        .isInstanceOfSatisfying(
            Full.class,
            full -> {
              assertThat(full.bytesAsked()).isGreaterThanOrEqualTo(2_000);
              assertThat(full.bytesFree()).isLessThan(1_000);
            });
    assertThat(store.lane(MAIL, ShadowMode.COLD).put(Bench.noise(9, 2_000)))
        .isInstanceOf(Stored.class);

    // What others have stored already costs nothing, and old epochs that go make room.
    commit(store, WEB, 2, put(store, WEB, LongStream.range(0, 1)));
    collect(store);
    assertThat(store.usage(WEB)).isLessThan(1_100);
    assertThat(store.lane(WEB, ShadowMode.COLD).put(Bench.noise(10, 2_000)))
        .isInstanceOf(Stored.class);
  }

  @Test
  void theObjectTiersQuotaHoldsPacksBackAndTheSsdThenRefusesAtItsBound() throws IOException {
    bench.objectBytes = 30_000;
    bench.ssdBytes = 40_000;
    TieredChunkStore store = bench.open();
    int kept = 0;
    ChunkStore.Put put = store.put(Bench.noise(kept, 2_000));
    while (put instanceof Stored && kept < 100) {
      store.flush();
      put = store.put(Bench.noise(++kept, 2_000));
    }
    assertThat(put).isInstanceOf(Full.class);
    assertThat(store.health().sentence()).contains("object tier's quota");
    assertThat(store.facts().objectBytes()).isLessThanOrEqualTo(30_000);
    assertThat(kept).isGreaterThan(20);
    for (int i = 0; i < kept; i++) {
      assertThat(store.get(ChunkId.of(Bench.noise(i, 2_000))))
          .isEqualTo(new Found(Bench.noise(i, 2_000)));
    }
  }

  private static List<ChunkId> put(TieredChunkStore store, VmId vm, LongStream seeds) {
    List<ChunkId> ids = new ArrayList<>();
    for (ChunkStore.Put put :
        store
            .lane(vm, ShadowMode.COLD)
            .putAll(seeds.mapToObj(seed -> Bench.noise(seed, 1_000)).toList())) {
      assertThat(put).isInstanceOf(Stored.class);
      ids.add(((Stored) put).id());
    }
    return ids;
  }

  private void commit(TieredChunkStore store, VmId vm, long epoch, List<ChunkId> chunks) {
    assertThat(store.manifests().commit(bench.manifest(vm, epoch, 0, chunks), epoch - 1))
        .isEqualTo(new Commit.Committed(epoch));
  }

  private static List<Long> versions(TieredChunkStore store, VmId vm) {
    return ((ManifestStore.Versions.Known) store.manifests().versions(vm)).versions();
  }

  private void collect(TieredChunkStore store) throws IOException {
    store.flush();
    bench.pass(Duration.ofMinutes(11));
    assertThat(new GarbageCollection(store).run(false)).isInstanceOf(Collected.Done.class);
  }
}
