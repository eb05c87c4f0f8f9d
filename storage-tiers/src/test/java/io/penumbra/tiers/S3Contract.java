package io.penumbra.tiers;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.VmId;
import io.penumbra.tiers.ChunkStore.Got.Found;
import io.penumbra.tiers.ChunkStore.Put.Stored;
import io.penumbra.tiers.manifest.ManifestStore.Commit;
import io.penumbra.tiers.manifest.ManifestStore.Reading;
import io.penumbra.tiers.object.ObjectTier.Entry;
import io.penumbra.tiers.object.ObjectTier.Erasure;
import io.penumbra.tiers.object.ObjectTier.Fetch;
import io.penumbra.tiers.object.ObjectTier.Listing;
import io.penumbra.tiers.object.ObjectTier.Unavailable;
import io.penumbra.tiers.object.ObjectTier.Write;
import io.penumbra.tiers.object.S3Access;
import io.penumbra.tiers.object.S3Objects;
import io.penumbra.tiers.twin.FaultyWire;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Our S3 client against real servers over real sockets: S3Proxy in this process, and MinIO where
 * its binary is named by PENUMBRA_MINIO. Between client and server stands a wire that can be cut,
 * slowed, and made to break off answers.
 */
abstract class S3Contract {

  /** For a busy machine; what is cut or broken off is noticed at once. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path directory;
  private FaultyWire wire;
  private S3Objects objects;

  @SuppressWarnings("NullAway.Init") // JUnit sets the directory, and start() the rest
  S3Contract() {}

  /** Starts a server; answers its port. */
  abstract int startServer() throws Exception;

  abstract void stopServer() throws Exception;

  @BeforeEach
  void start() throws Exception {
    wire = new FaultyWire(startServer());
    objects = S3Objects.of(access("penumbra-secret"));
    Write made = objects.ensureBucket();
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!(made instanceof Write.Written) && System.nanoTime() < deadline) {
      made = objects.ensureBucket(); // a server may listen some time before it is ready
    }
    assertThat(made).isInstanceOf(Write.Written.class);
  }

  private S3Access access(String secret) {
    return access(secret, PATIENCE);
  }

  private S3Access access(String secret, Duration timeout) {
    return new S3Access(
        "http://127.0.0.1:" + wire.port(),
        "us-east-1",
        "penumbra",
        "test/",
        "penumbra-access",
        secret,
        timeout,
        2);
  }

  @AfterEach
  void stop() throws Exception {
    // The server first: whatever start() has not come to, no process may stay behind.
    stopServer();
    objects.close();
    wire.close();
  }

  @Test
  void keepsListsReadsPartsAndDeletes() {
    assertThat(objects.put("a/1", Bench.bytes("hello"))).isInstanceOf(Write.Written.class);
    assertThat(objects.put("a/2", Bench.bytes("shadow"))).isInstanceOf(Write.Written.class);

    assertThat(objects.get("a/1")).isEqualTo(new Fetch.Content(Bench.bytes("hello")));
    assertThat(objects.get("a/1", 1, 3)).isEqualTo(new Fetch.Content(Bench.bytes("ell")));
    assertThat(objects.get("a/1", 3, 100)).isEqualTo(new Fetch.Content(Bench.bytes("lo")));
    assertThat(objects.get("a/1", 50, 3)).isEqualTo(new Fetch.Content(Bench.bytes("")));
    assertThat(objects.get("a/3")).isInstanceOf(Fetch.Missing.class);
    assertThat(objects.list("a/"))
        .isEqualTo(new Listing.Entries(List.of(new Entry("a/1", 5), new Entry("a/2", 6))));
    assertThat(objects.delete("a/1")).isInstanceOf(Erasure.Gone.class);
    assertThat(objects.delete("a/1")).isInstanceOf(Erasure.Gone.class);
    assertThat(objects.get("a/1")).isInstanceOf(Fetch.Missing.class);
  }

  @Test
  void ofSeveralWritersOneGetsAKey() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<Write>> writes = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        ByteBuffer content = Bench.bytes("writer " + i);
        writes.add(threads.submit(() -> objects.putIfAbsent("m/1", content)));
      }
      int winners = 0;
      for (Future<Write> write : writes) {
        winners += write.get() instanceof Write.Written ? 1 : 0;
      }
      assertThat(winners).isEqualTo(1);
    }
  }

  @Test
  void aWrongSecretIsAwayAndSaysWhyWithoutTheSecret() {
    try (S3Objects intruder = S3Objects.of(access("wrong-secret"))) {
      assertThat(intruder.get("a/1"))
          .isInstanceOfSatisfying(
              Unavailable.class,
              away -> assertThat(away.reason()).contains("403").doesNotContain("wrong-secret"));
    }
  }

  @Test
  void aCutWireIsAwayAndWorksAgainWhenItIsMended() {
    objects.put("a/1", Bench.bytes("hello"));
    wire.cut(true);
    assertThat(objects.get("a/1")).isInstanceOf(Unavailable.class);
    assertThat(objects.put("a/2", Bench.bytes("x"))).isInstanceOf(Unavailable.class);
    assertThat(objects.list("a/")).isInstanceOf(Unavailable.class);

    wire.cut(false);
    assertThat(objects.get("a/1")).isEqualTo(new Fetch.Content(Bench.bytes("hello")));
  }

  @Test
  void anAnswerThatBreaksOffIsNeverTakenForTheObject() {
    ByteBuffer large = Bench.noise(1, 300_000);
    objects.put("a/large", large);
    wire.breakAnswersAfter(100_000);
    assertThat(objects.get("a/large")).isInstanceOf(Unavailable.class);

    wire.breakAnswersAfter(Long.MAX_VALUE);
    assertThat(objects.get("a/large")).isEqualTo(new Fetch.Content(large));
  }

  @Test
  void aServerThatIsTooSlowIsAway() {
    objects.put("a/1", Bench.noise(1, 200_000));
    wire.bytesPerSecond(20_000);
    try (S3Objects hasty = S3Objects.of(access("penumbra-secret", Duration.ofSeconds(2)))) {
      assertThat(hasty.get("a/1")).isInstanceOf(Unavailable.class);
    }
  }

  @Test
  void aServerThatAnswers503IsAskedAgainAndThenAway() {
    objects.put("a/1", Bench.bytes("hello"));
    wire.answers503(1);
    assertThat(objects.get("a/1")).isEqualTo(new Fetch.Content(Bench.bytes("hello")));

    wire.answers503(100);
    assertThat(objects.get("a/1"))
        .isInstanceOfSatisfying(
            Unavailable.class, away -> assertThat(away.reason()).contains("503"));
  }

  @Test
  void aWholeStoreAbsorbsAnOutageAndCatchesUp() throws IOException {
    Bench bench = new Bench();
    bench.lower = Optional.of(objects);
    TieredChunkStore store = bench.open();
    wire.cut(true);
    List<ChunkId> chunks = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      assertThat(store.put(Bench.noise(i, 2_000)))
          .isInstanceOfSatisfying(Stored.class, stored -> chunks.add(stored.id()));
    }
    assertThat(store.manifests().commit(bench.manifest(1, chunks), 0))
        .isInstanceOf(Commit.Held.class);
    assertThat(store.flush().problem()).isPresent();
    assertThat(store.health().sentence()).contains("object tier away since");

    wire.cut(false);
    bench.pass(Duration.ofMinutes(2));
    assertThat(store.upkeep().problem()).isEmpty();
    assertThat(store.health().waitingBytes()).isZero();
    assertThat(store.health().heldManifests()).isZero();

    // Another machine without an SSD copy of anything finds it all in the bucket.
    Bench other = new Bench();
    other.owner = bench.owner;
    other.lower = Optional.of(objects);
    TieredChunkStore restored = other.open();
    assertThat(restored.manifests().newest(Bench.VM))
        .isInstanceOfSatisfying(
            Reading.Found.class, found -> assertThat(found.manifest().chunks()).isEqualTo(chunks));
    for (int i = 0; i < 20; i++) {
      assertThat(restored.get(chunks.get(i))).isEqualTo(new Found(Bench.noise(i, 2_000)));
    }
  }

  @Test
  void manyChunksAtOnceAreReadAlsoWhereAnswersBreakOffOrTheServerIsBusy() throws IOException {
    Bench bench = new Bench();
    bench.lower = Optional.of(objects);
    bench.packBytes = 64 << 10;
    TieredChunkStore store = cold(bench);
    List<ChunkId> ids = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      ids.add(ChunkId.of(Bench.noise(i, 5_000)));
    }
    wire.answers503(3);
    assertThat(restored(store, ids)).isInstanceOf(ChunkStore.ReadAll.Complete.class);

    // A pack doesn't come in one piece any more, a chunk may; what is taken is right in any case.
    for (long bytes : List.of(20_000L, 2_000L)) {
      wire.breakAnswersAfter(bytes);
      if (restored(store, ids) instanceof ChunkStore.ReadAll.Stopped(int _, ChunkStore.Got why)) {
        assertThat(why).isInstanceOf(ChunkStore.Unavailable.class);
      }
    }

    wire.breakAnswersAfter(Long.MAX_VALUE);
    assertThat(restored(store, ids)).isInstanceOf(ChunkStore.ReadAll.Complete.class);
  }

  @Test
  void aForgottenVmGoesFromBesideItsWriterAlsoIfTheWireIsCutMeanwhile() throws IOException {
    VmId web = VmId.of("web");
    Bench bench = new Bench();
    bench.lower = Optional.of(objects);
    TieredChunkStore store = bench.open();
    List<ChunkId> chunks = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      assertThat(store.put(Bench.noise(i, 2_000)))
          .isInstanceOfSatisfying(Stored.class, stored -> chunks.add(stored.id()));
    }
    assertThat(store.manifests().commit(bench.manifest(web, 1, 0, chunks), 0))
        .isEqualTo(new Commit.Committed(1));
    assertThat(store.manifests().commit(bench.manifest(web, 2, 1, chunks.subList(0, 3)), 1))
        .isEqualTo(new Commit.Committed(2));
    assertThat(store.manifests().commit(bench.manifest(1, chunks.subList(10, 20)), 0))
        .isEqualTo(new Commit.Committed(1));
    assertThat(store.flush().problem()).isEmpty();
    Bench beside = new Bench();
    beside.owner = "beside";
    beside.lower = Optional.of(objects);
    beside.now = bench.now.plus(Duration.ofHours(2));
    Forgetting forgetting = new Forgetting(beside.open());
    Forgetting.Seen seen = ((Forgetting.Look.Found) forgetting.look(web)).seen();
    assertThat(seen.stored().objectBytes()).isBetween(40_000L, 44_000L);

    wire.cut(true);
    assertThat(forgetting.forget(seen, Duration.ofHours(1)))
        .isInstanceOf(Forgetting.Outcome.NotNow.class);
    wire.cut(false);
    seen = ((Forgetting.Look.Found) forgetting.look(web)).seen();
    assertThat(forgetting.forget(seen, Duration.ofHours(1)))
        .isEqualTo(new Forgetting.Outcome.Forgotten(2));

    bench.pass(Duration.ofMinutes(11));
    assertThat(new GarbageCollection(store).run(false))
        .isInstanceOf(GarbageCollection.Collected.Done.class);
    assertThat(store.flush().problem()).isEmpty();
    assertThat(store.get(chunks.getFirst())).isInstanceOf(ChunkStore.Got.NotFound.class);
    for (int i = 10; i < 20; i++) {
      assertThat(store.get(chunks.get(i))).isEqualTo(new Found(Bench.noise(i, 2_000)));
    }
    assertThat(new Scrub(store, ChunkSource.NOBODY, true).run((_, _, _) -> {}).problems())
        .isEmpty();
  }

  /** A store with sixty chunks that only the object tier has. */
  private TieredChunkStore cold(Bench bench) throws IOException {
    TieredChunkStore store = bench.open();
    for (int i = 0; i < 60; i++) {
      assertThat(store.put(Bench.noise(i, 5_000))).isInstanceOf(Stored.class);
    }
    assertThat(store.flush().problem()).isEmpty();
    // Not closed, for that would close the client as well.
    bench.ssdBytes = 64 << 10;
    TieredChunkStore small = bench.open();
    small.upkeep();
    assertThat(small.facts().ssdPacks()).isZero();
    return small;
  }

  private static ChunkStore.ReadAll restored(TieredChunkStore store, List<ChunkId> ids)
      throws IOException {
    return store.readAll(
        ids, (index, content) -> assertThat(content).isEqualTo(Bench.noise(index, 5_000)));
  }

  @Test
  void theSsdAbsorbsWhileTheServerIsSlowOrBusyUpToItsBoundAndSaysSo() throws IOException {
    Bench bench = new Bench();
    bench.lower = Optional.of(objects);
    bench.ssdBytes = 200_000;
    TieredChunkStore store = bench.open();
    wire.answers503(1_000_000);
    int kept = 0;
    ChunkStore.Put put = store.put(Bench.noise(kept, 5_000));
    while (put instanceof Stored) {
      kept++;
      if (kept == 10) {
        assertThat(store.flush().problem().orElse("")).contains("503");
        assertThat(store.health().sentence()).contains("the SSD absorbs");
      }
      put = store.put(Bench.noise(kept, 5_000));
    }
    assertThat(put)
        .isInstanceOfSatisfying(
            ChunkStore.Put.Full.class, full -> assertThat(full.bytesFree()).isLessThan(5_100));
    assertThat(kept).isGreaterThan(35);

    wire.answers503(0);
    bench.pass(Duration.ofMinutes(2));
    assertThat(store.flush().problem()).isEmpty();
    assertThat(store.health().waitingBytes()).isZero();
    assertThat(store.health().away()).isEmpty();
    assertThat(store.put(Bench.noise(kept, 5_000))).isInstanceOf(Stored.class);
    for (int i = 0; i <= kept; i++) {
      assertThat(store.get(ChunkId.of(Bench.noise(i, 5_000))))
          .isEqualTo(new Found(Bench.noise(i, 5_000)));
    }
  }
}
