package io.penumbra.app.sync;

import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.archive.TierArchive;
import io.penumbra.sync.engine.ReceiverListener;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.tiers.StorageSettings;
import io.penumbra.tiers.StoreOpening;
import io.penumbra.tiers.TieredChunkStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Optional;

/** Keeps every epoch that a receiver applies in a tier store as well, and looks after the store. */
final class StoreArchiving implements ReceiverListener, AutoCloseable {

  private static final long UPKEEP_MILLIS = 5_000;
  private static final int NAME_BYTES = 8;

  private final StoreOpening.OpenStore open;
  private final ReceiverListener report;
  private final PrintWriter err;
  private final Thread upkeep = new Thread(this::lookAfter, "store-upkeep");
  private Optional<TierArchive> archive = Optional.empty();

  private StoreArchiving(StoreOpening.OpenStore open, ReceiverListener report, PrintWriter err) {
    this.open = open;
    this.report = report;
    this.err = err;
    upkeep.setDaemon(true);
    upkeep.start();
  }

  /** Opens the store in a directory. */
  static StoreArchiving in(Path directory, ReceiverListener report, PrintWriter err)
      throws IOException {
    return new StoreArchiving(open(directory, err), report, err);
  }

  static StoreOpening.OpenStore open(Path directory, PrintWriter err) throws IOException {
    byte[] name = new byte[NAME_BYTES];
    new SecureRandom().nextBytes(name);
    return new StoreOpening(
            StorageSettings.defaults().in(directory),
            InstantSource.system(),
            variable -> System.getenv().getOrDefault(variable, ""),
            "sync-" + HexFormat.of().formatHex(name),
            note -> err.println("penumbra: " + note))
        .open();
  }

  /** One VM's epochs in a store. */
  static TierArchive archive(VmId vm, TieredChunkStore store) {
    return new TierArchive(vm, store.lane(vm, ShadowMode.WARM), store.manifests(), ShadowMode.WARM);
  }

  private void lookAfter() {
    try {
      while (true) {
        Thread.sleep(UPKEEP_MILLIS);
        open.store().upkeep();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      err.println("penumbra: the store is not looked after any more: " + e.getMessage());
    }
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
  public void rejected(String why) {
    report.rejected(why);
  }

  @Override
  public void close() throws IOException {
    upkeep.interrupt();
    open.close();
  }
}
