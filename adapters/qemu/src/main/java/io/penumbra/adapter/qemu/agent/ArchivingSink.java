package io.penumbra.adapter.qemu.agent;

import io.penumbra.domain.VmId;
import io.penumbra.sync.archive.TierArchive;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSink;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A sink whose epochs count only when the tier store has them. While it can't take one, nothing is
 * acked and the primary's next epochs wait; it is tried again until it can, or until nobody wants
 * it any more. What is in the sink below is whole all the time, and can be promoted.
 */
final class ArchivingSink implements StateSink {

  private static final long AGAIN_MILLIS = 300;

  private final StateSink below;
  private final EpochStore store;
  private final TierArchive archive;
  private final CompletableFuture<Optional<String>> unwanted = new CompletableFuture<>();
  private final WhileWanted reading = new WhileWanted();
  private BitSet staged = new BitSet();

  ArchivingSink(StateSink below, EpochStore store, TierArchive archive) {
    this.below = below;
    this.store = store;
    this.archive = archive;
  }

  /** Whoever waits here for the store gives up. */
  void hush() {
    unwanted.complete(Optional.empty());
  }

  /** The sender takes what is here for acked, so it has to be in the store before it is told. */
  @Override
  public Opening open(VmId vm, StateLayout layout) throws IOException {
    staged = new BitSet();
    Opening opening = below.open(vm, layout);
    if (opening instanceof Opening.Opened(Optional<EpochManifest> newest, var _)
        && newest.isPresent()) {
      keep(newest.get(), new int[0]);
    }
    return opening;
  }

  @Override
  public PageView view() {
    return below.view();
  }

  @Override
  public void stage(int page, MemorySegment content, long offset, long hash) throws IOException {
    below.stage(page, content, offset, hash);
    staged.set(page);
  }

  @Override
  public void mend(int page, MemorySegment content, long offset, long hash) throws IOException {
    below.mend(page, content, offset, hash);
  }

  @Override
  public void unstage(int page) {
    below.unstage(page);
    staged.clear(page);
  }

  @Override
  public void discard() throws IOException {
    below.discard();
    staged = new BitSet();
  }

  @Override
  public void commit(EpochManifest manifest) throws IOException {
    below.commit(manifest);
    below.apply();
    int[] pages = staged.stream().toArray();
    staged = new BitSet();
    keep(manifest, pages);
  }

  /**
   * Waits until the store has it, or nobody wants that any more: a guest that is to take over waits
   * for no object tier. It may get there later all the same, and is not acked then.
   */
  private void keep(EpochManifest manifest, int[] pages) throws IOException {
    Optional<String> problem = attempt(manifest, pages);
    while (problem.isPresent()) {
      if (isUnwantedWithin(AGAIN_MILLIS)) {
        throw notKept(manifest, problem.get());
      }
      problem = attempt(manifest, pages);
    }
  }

  /** On a thread of its own, for the store may keep it for long. */
  private Optional<String> attempt(EpochManifest manifest, int[] pages) throws IOException {
    CompletableFuture<Optional<String>> kept = new CompletableFuture<>();
    if (!unwanted.isDone()) {
      Thread.ofPlatform()
          .daemon()
          .name("keep " + manifest.vm())
          .start(() -> {
            try {
              kept.complete(store.keep(archive, manifest, pages, below.view(), reading));
            } catch (RuntimeException e) {
              kept.complete(Optional.of(String.valueOf(e)));
            }
          });
    }
    try {
      CompletableFuture.anyOf(kept, unwanted).get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the tier store had to be waited for", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("neither fails", e);
    } finally {
      if (!kept.isDone()) {
        // On return nobody reads the state.
        unwanted.complete(Optional.empty());
        reading.await();
      }
    }
    if (!kept.isDone()) {
      throw notKept(manifest, "it has not answered yet");
    }
    return kept.join();
  }

  private static IOException notKept(EpochManifest manifest, String why) {
    return new IOException(
        "epoch %d is not in the tier store: %s".formatted(manifest.epoch(), why));
  }

  private boolean isUnwantedWithin(long millis) throws IOException {
    try {
      unwanted.get(millis, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the tier store had to be waited for", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("it never fails", e);
    }
  }

  /** Whoever keeps an epoch reads what is here while it is wanted; then a guest may write it. */
  private final class WhileWanted implements TierArchive.Reading {

    private final Semaphore one = new Semaphore(1);

    @Override
    public boolean begin() {
      one.acquireUninterruptibly();
      if (unwanted.isDone()) {
        one.release();
        return false;
      }
      return true;
    }

    @Override
    public void end() {
      one.release();
    }

    /** Who reads now is done on return. */
    void await() {
      one.acquireUninterruptibly();
      one.release();
    }
  }

  /** Done with the commit already. */
  @Override
  public void apply() throws IOException {
    below.apply();
  }

  @Override
  public void close() throws IOException {
    hush();
    below.close();
  }
}
