package io.penumbra.app.sync;

import io.micrometer.core.instrument.MeterRegistry;
import io.penumbra.app.store.StoreFile;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.archive.TierArchive;
import io.penumbra.sync.engine.ReceiverListener;
import io.penumbra.sync.engine.SyncReceiver;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.meter.StoreMeters;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.KeeperRules;
import io.penumbra.tiers.StoreKeeper;
import io.penumbra.tiers.StoreOpening;
import io.penumbra.tiers.TieredChunkStore;
import io.penumbra.tiers.manifest.ManifestStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Keeps every epoch that a receiver applies in a tier store as well, and looks after the store. */
final class StoreArchiving implements ReceiverListener, AutoCloseable {

  /** So long a page may take that has rotted in the copy, too: it comes with the next epoch. */
  private static final Duration REPAIR_WITHIN = Duration.ofSeconds(20);

  private final StoreOpening.OpenStore open;
  private final ReceiverListener report;
  private final PrintWriter err;
  private final StoreKeeper keeper;
  private Optional<TierArchive> archive = Optional.empty();

  /** Set before the keeper's thread starts. */
  private Optional<SyncReceiver> receiver = Optional.empty();

  private StoreArchiving(
      StoreOpening.OpenStore open, KeeperRules rules, ReceiverListener report, PrintWriter err) {
    this.open = open;
    this.report = report;
    this.err = err;
    this.keeper = new StoreKeeper(open.store(), rules, this::fromTheCopy, note -> tell(err, note));
  }

  /** Opens the store in a directory, or the one that a settings file describes. */
  static StoreArchiving in(Path directory, ReceiverListener report, PrintWriter err)
      throws IOException {
    KeeperRules rules = StoreFile.settings(directory).keeperRules();
    return new StoreArchiving(open(directory, err), rules, report, err);
  }

  static StoreOpening.OpenStore open(Path directory, PrintWriter err) throws IOException {
    return StoreFile.open(StoreFile.settings(directory), note -> tell(err, note));
  }

  /**
   * Starts to look after the store. A chunk that has rotted in all its tiers is put together again
   * from the receiver's copy, as far as it still has the pages; and what has rotted there, too, the
   * receiver asks of the primary.
   */
  void keep(SyncReceiver with, MeterRegistry registry) {
    receiver = Optional.of(with);
    StoreMeters.register(open.store(), keeper, registry);
    keeper.start();
  }

  private Optional<ByteBuffer> fromTheCopy(ChunkId id) {
    if (receiver.isPresent()
        && open.store().manifests().vms() instanceof ManifestStore.Vms.Known(List<VmId> vms)) {
      for (VmId vm : vms) {
        Optional<ByteBuffer> content = archive(vm, open.store()).contentOf(id, this::read);
        if (content.isPresent()) {
          return content;
        }
      }
    }
    return Optional.empty();
  }

  private Optional<ByteBuffer> read(int[] pages) {
    try {
      return receiver.orElseThrow().read(pages, REPAIR_WITHIN);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  /** One VM's epochs in a store. */
  static TierArchive archive(VmId vm, TieredChunkStore store) {
    return new TierArchive(vm, store.lane(vm, ShadowMode.WARM), store.manifests(), ShadowMode.WARM);
  }

  private static void tell(PrintWriter err, String note) {
    err.println("penumbra: " + note);
    err.flush();
  }

  @Override
  public void applied(EpochManifest manifest, int[] pages, PageView view) {
    if (archive.isEmpty()) {
      archive = Optional.of(archive(manifest.vm(), open.store()));
    }
    if (archive.get().keep(manifest, pages, view)
        instanceof TierArchive.Keeping.NotKept(String reason)) {
      err.printf("penumbra: epoch %d is not in the store: %s%n", manifest.epoch(), reason);
      err.flush();
    }
  }

  @Override
  public void opened(long epoch) {
    report.opened(epoch);
  }

  @Override
  public void committed(EpochManifest manifest, int pages) {
    report.committed(manifest, pages);
  }

  @Override
  public void wrongPages(int count) {
    report.wrongPages(count);
  }

  @Override
  public void rotten(int count) {
    report.rotten(count);
  }

  @Override
  public void rejected(String why) {
    report.rejected(why);
  }

  @Override
  public void close() throws IOException {
    keeper.close();
    open.close();
  }
}
