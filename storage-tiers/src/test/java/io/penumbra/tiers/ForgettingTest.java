package io.penumbra.tiers;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.tiers.ChunkStore.Got.Found;
import io.penumbra.tiers.ChunkStore.Got.NotFound;
import io.penumbra.tiers.ChunkStore.Put.Stored;
import io.penumbra.tiers.Forgetting.Look;
import io.penumbra.tiers.Forgetting.Outcome;
import io.penumbra.tiers.Forgetting.Seen;
import io.penumbra.tiers.GarbageCollection.Collected;
import io.penumbra.tiers.manifest.Manifest;
import io.penumbra.tiers.manifest.ManifestStore;
import io.penumbra.tiers.manifest.ManifestStore.Commit;
import io.penumbra.tiers.manifest.ManifestStore.Reading;
import io.penumbra.tiers.twin.Power;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * A VM is deleted, and an operator has its epochs removed from beside the hosts that wrote them.
 */
class ForgettingTest {

  private static final VmId WEB = VmId.of("web");
  private static final VmId MAIL = VmId.of("mail");
  private static final Duration HOUR = Duration.ofHours(1);

  private final Bench host = new Bench();
  private final Bench operator = new Bench(host.objects);

  ForgettingTest() {
    operator.owner = "operator";
  }

  @Test
  void epochsOfOneVmGoAndWhatItSharedWithAnotherStays() throws IOException {
    TieredChunkStore writer = host.open();
    List<ChunkId> web = twoVms(writer);
    pass(HOUR);
    TieredChunkStore beside = operator.open();

    Seen seen = seen(beside, WEB);
    assertThat(seen.epochs()).isEqualTo(3);
    assertThat(seen.newest()).isEqualTo(3);
    assertThat(seen.writers()).containsExactly("here");
    assertThat(seen.youngest()).contains(host.now.minus(HOUR));
    assertThat(seen.stored().chunks()).isEqualTo(20);
    assertThat(seen.stored().objectBytes()).isBetween(20_000L, 22_000L);
    assertThat(seen.stored().ssdBytes()).as("of the host, not here").isZero();
    assertThat(new Forgetting(beside).forget(seen, HOUR)).isEqualTo(new Outcome.Forgotten(3));

    assertThat(versions(beside, WEB)).as("the mark").containsExactly(4L);
    collect(writer);
    collect(beside);
    assertThat(writer.get(web.getFirst())).as("only web had it").isInstanceOf(NotFound.class);
    assertThat(host.disk.list("manifests/web")).as("the host's own copies").isEmpty();
    assertMailIsWhole(writer);
    assertMailIsWhole(operator.open());
    assertThat(seen(beside, WEB).epochs()).isZero();
    assertThat(new Forgetting(beside).look(VmId.of("wep")))
        .isEqualTo(new Look.NotThere(List.of(MAIL, WEB)));
  }

  @Test
  void aVmWhoseNewestEpochIsYoungStays() throws IOException {
    twoVms(host.open());
    pass(Duration.ofMinutes(59));
    TieredChunkStore beside = operator.open();

    assertThat(new Forgetting(beside).forget(seen(beside, WEB), HOUR))
        .isEqualTo(new Outcome.TooYoung(Optional.of(Duration.ofMinutes(59)), HOUR));

    assertThat(versions(beside, WEB)).containsExactly(1L, 2L, 3L);
  }

  @Test
  void anEpochThatComesAfterTheLookKeepsAllOfThem() throws IOException {
    TieredChunkStore writer = host.open();
    twoVms(writer);
    pass(HOUR);
    TieredChunkStore beside = operator.open();
    Seen seen = seen(beside, WEB);
    commit(writer, WEB, 4, put(writer, WEB, LongStream.range(0, 3)));

    assertThat(new Forgetting(beside).forget(seen, HOUR)).isEqualTo(new Outcome.Overtaken(3, 4));

    assertThat(versions(beside, WEB)).containsExactly(1L, 2L, 3L, 4L);
    assertThat(host.objects.keys("manifests/web/")).hasSize(4);
  }

  @Test
  void aWriterThatComesBackDoesNotBuildOnWhatWasRemovedAndGetsNoNumberAgain() throws IOException {
    TieredChunkStore writer = host.open();
    twoVms(writer);
    pass(HOUR);
    TieredChunkStore beside = operator.open();
    assertThat(new Forgetting(beside).forget(seen(beside, WEB), HOUR))
        .isInstanceOf(Outcome.Forgotten.class);

    List<ChunkId> chunks = put(writer, WEB, LongStream.range(90, 93));
    assertThat(writer.manifests().commit(host.manifest(WEB, 4, 3, chunks), 3))
        .isEqualTo(new Commit.Conflict(3, 4));
    assertThat(writer.manifests().commit(host.manifest(WEB, 1, 0, chunks), 4))
        .isEqualTo(new Commit.Committed(5));

    writer.flush();
    collect(writer);
    collect(beside);
    assertThat(versions(beside, WEB)).contains(5L).doesNotContain(1L, 2L, 3L);
    for (int i = 90; i < 93; i++) {
      assertThat(writer.get(chunks.get(i - 90))).isEqualTo(new Found(Bench.noise(i, 1_000)));
    }
    assertThat(new Forgetting(beside).look(WEB))
        .isInstanceOfSatisfying(
            Look.Found.class, found -> assertThat(found.seen().forgotten()).isEmpty());
  }

  @Test
  void aDamagedNewestEpochHasNoAgeAndGoesWhenThatIsAllowed() throws IOException {
    twoVms(host.open());
    pass(HOUR);
    byte[] newest = host.objects.raw(host.objects.keys("manifests/web/").getLast()).orElseThrow();
    newest[newest.length - 1] ^= 1;
    TieredChunkStore beside = operator.open();

    Seen seen = seen(beside, WEB);
    assertThat(seen.damaged()).isEqualTo(1);
    assertThat(new Forgetting(beside).forget(seen, HOUR))
        .isEqualTo(new Outcome.TooYoung(Optional.empty(), HOUR));
    assertThat(new Forgetting(beside).forget(seen, Duration.ZERO))
        .isEqualTo(new Outcome.Forgotten(3));
    assertThat(versions(beside, WEB)).containsExactly(4L);
  }

  @Test
  void whereverThePowerGoesASecondTryEndsWhatTheFirstBegan() throws IOException {
    boolean cut = true;
    int cuts = 0;
    for (int operations = 0; cut; operations++) {
      ForgettingTest story = new ForgettingTest();
      TieredChunkStore writer = story.host.open();
      story.twoVms(writer);
      story.pass(HOUR);
      TieredChunkStore beside = story.operator.open();
      Seen seen = seen(beside, WEB);
      story.operator.power.cutAfter(operations);
      try {
        new Forgetting(beside).forget(seen, HOUR);
        cut = false;
      } catch (Power.Cut off) {
        cuts++;
      }
      story.operator.power.restore();
      story.operator.disk.settle(new SplittableRandom(operations));

      TieredChunkStore again = story.operator.open();
      story.assertMailIsWhole(again);
      assertThat(new Forgetting(again).forget(seen(again, WEB), HOUR))
          .as("after %d operations", operations)
          .isInstanceOf(Outcome.Forgotten.class);
      assertThat(versions(again, WEB)).hasSize(1);
      assertThat(again.manifests().newest(WEB))
          .isInstanceOfSatisfying(
              Reading.Found.class, found -> assertThat(found.manifest().isMark()).isTrue());
      story.collect(writer);
      story.assertMailIsWhole(writer);
    }
    assertThat(cuts).isGreaterThan(8);
  }

  @Test
  void whatAHostThatDoesNotComeBackHasBegunToForgetItsOwnCollectionsEnd() throws IOException {
    TieredChunkStore writer = host.open();
    twoVms(writer);
    pass(HOUR);
    // Only the mark came: nobody runs the command again.
    assertThat(operator.open().manifests().commit(Manifest.mark(WEB, operator.now), 3))
        .isEqualTo(new Commit.Committed(4));

    collect(writer);

    assertThat(versions(writer, WEB)).containsExactly(4L);
    assertMailIsWhole(writer);
  }

  @Test
  void whileTheObjectTierIsAwayNothingGoesAndAnAnswerThatWasLostIsAskedForAgain()
      throws IOException {
    twoVms(host.open());
    pass(HOUR);
    TieredChunkStore beside = operator.open();
    Seen seen = seen(beside, WEB);
    operator.objects.away(true);
    assertThat(new Forgetting(beside).look(WEB)).isInstanceOf(Look.NotNow.class);
    assertThat(new Forgetting(beside).forget(seen, HOUR)).isInstanceOf(Outcome.NotNow.class);

    operator.objects.away(false);
    assertThat(host.objects.keys("manifests/web/")).hasSize(3);
    operator.objects.losesAnswers(() -> true);
    assertThat(new Forgetting(beside).forget(seen(beside, WEB), HOUR))
        .isInstanceOf(Outcome.NotNow.class);

    operator.objects.losesAnswers(() -> false);
    assertThat(new Forgetting(beside).forget(seen(beside, WEB), HOUR))
        .isInstanceOf(Outcome.Forgotten.class);
    assertThat(host.objects.keys("manifests/web/")).hasSize(1);
  }

  /** Web has three epochs of twenty chunks, mail one with ten of these. Answers web's. */
  private List<ChunkId> twoVms(TieredChunkStore store) throws IOException {
    List<ChunkId> web = put(store, WEB, LongStream.range(0, 18));
    commit(store, WEB, 1, web);
    commit(store, MAIL, 1, put(store, MAIL, LongStream.range(8, 18)));
    commit(store, WEB, 2, put(store, WEB, LongStream.of(18)));
    assertThat(
            store
                .manifests()
                .commit(host.manifest(WEB, 3, 2, put(store, WEB, LongStream.of(19))), 2))
        .isEqualTo(new Commit.Committed(3));
    store.restoreOrders().save(WEB, List.of(3, 1));
    assertThat(store.flush().problem()).isEmpty();
    return web;
  }

  private static void assertMailIsWhole(TieredChunkStore store, Reading reading)
      throws IOException {
    List<ChunkId> chunks = ((Reading.Found) reading).manifest().chunks();
    assertThat(store.learn("here", chunks)).isEmpty();
    assertThat(chunks).hasSize(10);
    for (int i = 0; i < 10; i++) {
      assertThat(store.get(chunks.get(i))).isEqualTo(new Found(Bench.noise(i + 8, 1_000)));
    }
    Scrub.Report report = new Scrub(store, ChunkSource.NOBODY, true).run((_, _, _) -> {});
    assertThat(report.damaged()).isZero();
    assertThat(report.lost()).isEmpty();
    assertThat(report.problems()).isEmpty();
  }

  private void assertMailIsWhole(TieredChunkStore store) throws IOException {
    assertMailIsWhole(store, store.manifests().newest(MAIL));
  }

  private void pass(Duration time) {
    host.pass(time);
    operator.pass(time);
  }

  private static Seen seen(TieredChunkStore store, VmId vm) {
    return ((Look.Found) new Forgetting(store).look(vm)).seen();
  }

  private static List<ChunkId> put(TieredChunkStore store, VmId vm, LongStream seeds) {
    List<ChunkId> ids = new ArrayList<>();
    for (ChunkStore.Put put :
        store
            .lane(vm, ShadowMode.COLD)
            .putAll(seeds.mapToObj(seed -> Bench.noise(seed, 1_000)).toList())) {
      ids.add(((Stored) put).id());
    }
    return ids;
  }

  private void commit(TieredChunkStore store, VmId vm, long epoch, List<ChunkId> chunks) {
    assertThat(store.manifests().commit(host.manifest(vm, epoch, 0, chunks), epoch - 1))
        .isEqualTo(new Commit.Committed(epoch));
  }

  private static List<Long> versions(TieredChunkStore store, VmId vm) {
    return ((ManifestStore.Versions.Known) store.manifests().versions(vm)).versions();
  }

  private void collect(TieredChunkStore store) throws IOException {
    pass(Duration.ofMinutes(11));
    assertThat(new GarbageCollection(store).run(false)).isInstanceOf(Collected.Done.class);
    assertThat(store.flush().problem()).isEmpty();
  }
}
