package io.penumbra.sync.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
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
import io.penumbra.sync.epoch.StateRoot;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.StorageSettings;
import io.penumbra.tiers.StoreOpening;
import io.penumbra.tiers.manifest.Manifest;
import io.penumbra.tiers.manifest.ManifestStore;
import io.penumbra.tiers.manifest.RestoreOrders;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TierArchiveTest {

  private static final VmId VM = VmId.of("vm-1");
  private static final StateLayout LAYOUT =
      StateLayout.of(new Region(RegionId.of("ram"), RegionKind.RAM, 200L * PageSize.BYTES));

  @TempDir private Path temp;

  private final RegionPages state = memory();
  private final PageHashes hashes = PageHashes.ofZeros(LAYOUT.pages());
  private final SplittableRandom random = new SplittableRandom(4);

  @Test
  void everyEpochComesBackAlsoAfterTheStoreWasOpenedAnew() throws Exception {
    List<EpochManifest> epochs = new ArrayList<>();
    try (StoreOpening.OpenStore open = open()) {
      TierArchive archive = archive(open);
      for (long epoch = 1; epoch <= 4; epoch++) {
        epochs.add(keep(archive, epoch));
      }
    }
    try (StoreOpening.OpenStore open = open()) {
      TierArchive archive = archive(open);
      epochs.add(keep(archive, 5));
      // One was missed while the store was away: the next stands alone.
      write();
      epochs.add(keep(archive, 7));
      for (EpochManifest epoch : epochs) {
        assertThat(archive.restore(epoch.epoch(), memory()).root()).isEqualTo(epoch.root());
      }
      assertThat(archive.epochs()).isEqualTo(epochs);
      assertThatThrownBy(() -> archive.restore(6, memory()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("not in the store");
    }
  }

  @Test
  void whatWasForgottenIsNotGoneBackToAndTheNextEpochStandsAlone() throws Exception {
    try (StoreOpening.OpenStore open = open()) {
      TierArchive archive = archive(open);
      keep(archive, 1);
      keep(archive, 2);
      ManifestStore manifests = open.store().manifests();
      // No more than the mark: whoever forgets it was stopped before the removals.
      assertThat(manifests.commit(Manifest.mark(VM, Instant.EPOCH), 2))
          .isEqualTo(new ManifestStore.Commit.Committed(3));

      assertThat(archive(open).epochs()).isEmpty();
      assertThat(archive(open).newest(8)).isEmpty();
      assertThatThrownBy(() -> archive(open).restore(2, memory()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("not in the store");

      // The writer believes that its epoch 2 is the newest, and learns better.
      int[] changed = write();
      assertThat(archive.keep(manifest(3, changed.length), changed, state))
          .isInstanceOf(TierArchive.Keeping.NotKept.class);
      EpochManifest kept = keep(archive, 4);
      assertThat(archive.restore(4, memory()).root()).isEqualTo(kept.root());
      assertThat(archive.epochs()).containsExactly(kept);
      assertThat(manifests.forget(VM, 4, Instant.EPOCH))
          .isInstanceOf(ManifestStore.Removal.Removed.class);
      assertThat(archive.epochs()).isEmpty();
    }
  }

  @Test
  void aStoreThatIsAwayIsNotTakenForOneThatHasOnlyOlderEpochs() throws Exception {
    try (StoreOpening.OpenStore open = open()) {
      TierArchive whole = archive(open);
      keep(whole, 1);
      keep(whole, 2);
      TierArchive archive =
          archive(open, "read", new ManifestStore.Unavailable("away"), Sharing.NONE);
      assertThatThrownBy(() -> archive.newest(8)).isInstanceOf(StoreAwayException.class);
      assertThatThrownBy(() -> archive.restore(1, memory()))
          .isInstanceOf(StoreAwayException.class)
          .hasMessageContaining("away");
      assertThat(whole.newest(8)).hasSize(2);
    }
  }

  @Test
  void whatTheRefereeHasNotSeenIsNotKeptWhereOthersWriteToo() throws Exception {
    Sharing strict =
        new Sharing() {
          @Override
          public boolean heldIsKept() {
            return false;
          }
        };
    ManifestStore.Commit held = new ManifestStore.Commit.Held(1, "away");
    try (StoreOpening.OpenStore open = open()) {
      EpochManifest epoch = manifest(1, write().length);
      int[] none = {};
      assertThat(archive(open, "commit", held, strict).keep(epoch, none, state))
          .isEqualTo(new TierArchive.Keeping.NotKept("away"));
      assertThat(archive(open, "commit", held, Sharing.NONE).keep(epoch, none, state))
          .isEqualTo(new TierArchive.Keeping.Kept(1));
    }
  }

  @Test
  void anEpochWhoseStateIsTakenAwayWhileItIsReadIsNotKept() throws Exception {
    try (StoreOpening.OpenStore open = open()) {
      TierArchive archive = archive(open);
      keep(archive, 1);
      int[] changed = write();
      EpochManifest second = manifest(2, changed.length);
      for (int parts = 0; parts < 3; parts++) {
        SoManyParts reading = new SoManyParts(parts);
        assertThat(archive.keep(second, changed, state, reading))
            .isInstanceOf(TierArchive.Keeping.NotKept.class);
        assertThat(reading.open).as("parts that are being read").isZero();
      }
      assertThat(archive.newest(8)).hasSize(1);
      assertThat(archive.keep(second, changed, state, new SoManyParts(1_000)))
          .isInstanceOf(TierArchive.Keeping.Kept.class);
      assertThat(archive.restore(2, memory()).root()).isEqualTo(second.root());
    }
  }

  /** A state that changes after so many parts of it have been read. */
  private static final class SoManyParts implements TierArchive.Reading {

    private int left;
    private int open;

    SoManyParts(int parts) {
      left = parts;
    }

    @Override
    public boolean begin() {
      if (left == 0) {
        return false;
      }
      left--;
      open++;
      return true;
    }

    @Override
    public void end() {
      open--;
    }
  }

  /** One whose manifests answer to one question always the same. */
  private static TierArchive archive(
      StoreOpening.OpenStore open, String question, Object answer, Sharing sharing) {
    ManifestStore manifests =
        (ManifestStore)
            Proxy.newProxyInstance(
                TierArchiveTest.class.getClassLoader(),
                new Class<?>[] {ManifestStore.class},
                (_, method, words) ->
                    method.getName().equals(question)
                        ? answer
                        : method.invoke(open.store().manifests(), words));
    return new TierArchive(
        VM, open.store().lane(VM, ShadowMode.WARM), manifests, ShadowMode.WARM, sharing);
  }

  @Test
  void aChunkIsPutTogetherAgainOfPagesThatHaveNotChangedSince() throws Exception {
    try (StoreOpening.OpenStore open = open()) {
      TierArchive archive = archive(open);
      keep(archive, 1);
      keep(archive, 2);
      int back = 0;
      List<ChunkId> all = new ArrayList<>();
      open.store().list(all::add);
      for (ChunkId id : all) {
        Optional<ByteBuffer> content = archive.contentOf(id, this::read);
        if (content.isPresent()) {
          assertThat(open.store().name(content.get())).isEqualTo(id);
          back++;
        }
      }
      assertThat(back).as("chunks of %d", all.size()).isPositive();
      assertThat(archive.contentOf(all.getFirst(), _ -> Optional.empty())).isEmpty();
      assertThat(archive.contentOf(open.store().name(ByteBuffer.allocate(9)), this::read))
          .as("what was never kept")
          .isEmpty();
    }
  }

  private Optional<ByteBuffer> read(int[] pages) {
    ByteBuffer content = ByteBuffer.allocate(pages.length * PageSize.BYTES);
    for (int page : pages) {
      content.put(state.segment(page).asSlice(state.offset(page), PageSize.BYTES).asByteBuffer());
    }
    return Optional.of(content.flip());
  }

  @Test
  void aRestoreOnDemandFindsWhatTheLastOneTouchedThoughTheEpochIsAnother() throws Exception {
    try (StoreOpening.OpenStore open = open()) {
      TierArchive archive = archive(open);
      EpochManifest first = keep(archive, 1);
      RestoreOrders orders = open.store().restoreOrders();
      int[] wanted = random.ints(30, 0, LAYOUT.pages()).toArray();
      try (OnDemandRestore restore = archive.restoreOnDemand(1, memory(), orders)) {
        for (int page : wanted) {
          restore.await(page);
        }
        assertThat(restore.demanded()).as("nothing was there before").isPositive();
      }
      EpochManifest second = keep(archive, 2);
      RegionPages memory = memory();
      try (OnDemandRestore restore = archive.restoreOnDemand(2, memory, orders)) {
        restore.fillOrdered();
        for (int page : wanted) {
          restore.await(page);
          assertThat(PageHash.of(memory, page)).isEqualTo(PageHash.of(state, page));
        }
        assertThat(restore.demanded()).isZero();
        assertThat(restore.found()).isEqualTo(30);
        restore.fill();
        assertThat(restore.whole()).isTrue();
      }
      assertThat(root(memory)).isEqualTo(second.root()).isNotEqualTo(first.root());
    }
  }

  @Test
  void whatAMachineWritesToAPageThatItAwaitedIsNeverOverwritten() throws Exception {
    try (StoreOpening.OpenStore open = open()) {
      TierArchive archive = archive(open);
      keep(archive, 1);
      keep(archive, 2);
      for (int round = 0; round < 20; round++) {
        RegionPages memory = memory();
        int[] pages = random.ints(60, 0, LAYOUT.pages()).distinct().toArray();
        try (OnDemandRestore restore =
                archive.restoreOnDemand(2, memory, open.store().restoreOrders());
            ExecutorService threads = Executors.newFixedThreadPool(3)) {
          List<Future<?>> running = new ArrayList<>();
          running.add(
              threads.submit(() -> {
                restore.fill();
                return true;
              }));
          for (int half = 0; half < 2; half++) {
            int from = half;
            running.add(
                threads.submit(() -> {
                  for (int i = from; i < pages.length; i += 2) {
                    restore.await(pages[i]);
                    memory
                        .segment(pages[i])
                        .set(ValueLayout.JAVA_LONG, memory.offset(pages[i]), 42L + pages[i]);
                  }
                  return true;
                }));
          }
          for (Future<?> one : running) {
            one.get();
          }
          assertThat(restore.whole()).isTrue();
        }
        for (int page : pages) {
          assertThat(memory.segment(page).get(ValueLayout.JAVA_LONG, memory.offset(page)))
              .isEqualTo(42L + page);
        }
      }
    }
  }

  private static StateRoot root(RegionPages pages) {
    long[] all = new long[LAYOUT.pages()];
    for (int page = 0; page < all.length; page++) {
      all[page] = PageHash.of(pages, page);
    }
    return PageHashes.of(all).root();
  }

  private StoreOpening.OpenStore open() throws IOException {
    return new StoreOpening(
            StorageSettings.defaults().in(temp.resolve("store")),
            InstantSource.system(),
            _ -> "",
            "test",
            _ -> {})
        .open();
  }

  private static TierArchive archive(StoreOpening.OpenStore open) {
    return new TierArchive(
        VM, open.store().lane(VM, ShadowMode.WARM), open.store().manifests(), ShadowMode.WARM);
  }

  private EpochManifest keep(TierArchive archive, long epoch) {
    int[] changed = write();
    EpochManifest manifest = manifest(epoch, changed.length);
    assertThat(archive.keep(manifest, changed, state)).isInstanceOf(TierArchive.Keeping.Kept.class);
    return manifest;
  }

  private EpochManifest manifest(long epoch, int changed) {
    return new EpochManifest(
        VM,
        epoch,
        epoch - 1,
        Instant.EPOCH.plusSeconds(epoch),
        LAYOUT,
        hashes.root(),
        changed,
        Consistency.STABLE,
        0,
        HealthSnapshot.UNKNOWN);
  }

  private int[] write() {
    int[] changed = random.ints(40, 0, LAYOUT.pages()).distinct().sorted().toArray();
    for (int page : changed) {
      state
          .segment(page)
          .set(
              ValueLayout.JAVA_LONG,
              state.offset(page) + 8L * random.nextInt(512),
              random.nextLong());
      hashes.set(page, PageHash.of(state, page));
    }
    return changed;
  }

  private static RegionPages memory() {
    return new RegionPages(
        LAYOUT, List.of(Arena.ofAuto().allocate(200L * PageSize.BYTES, PageSize.BYTES)));
  }
}
