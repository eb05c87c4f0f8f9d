package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.AgentJson;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.archive.Sharing;
import io.penumbra.sync.archive.TierArchive;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.StoreHealth;
import io.penumbra.tiers.TieredChunkStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The tier store of one host's agent, where epochs of cold shadows are kept. Agents of other hosts
 * have stores of their own over the same object tier, so that any of them can restore what this one
 * has kept, and go on from there under the next term.
 */
public final class EpochStore {

  /** So many epochs are looked at, the newest; each is a read. */
  private static final int LISTED_MOST = 64;

  private final TieredChunkStore store;
  private final Acked acked;
  private final Consumer<String> notes;
  private volatile String trouble = "";
  private volatile long restoredBytes;
  private volatile double restoredSeconds;

  /** When an epoch of a cold shadow is acked. */
  public enum Acked {
    /** When the object tier has all of it: this host may be lost then. */
    IN_OBJECTS,
    /** When this host's SSD has it; the object tier gets it soon. */
    ON_SSD
  }

  /**
   * Keeps epochs in that store.
   *
   * @param notes told in sentences what a person should know, each once
   */
  public EpochStore(TieredChunkStore store, Acked acked, Consumer<String> notes) {
    this.store = store;
    this.acked = acked;
    this.notes = notes;
  }

  /** What is kept of a VM, for one writer or reader. */
  TierArchive archive(VmId vm, byte[] note) {
    return new TierArchive(
        vm,
        store.lane(vm, ShadowMode.COLD),
        store.manifests(),
        ShadowMode.COLD,
        new BetweenHosts(note.clone()));
  }

  /** The same for whoever writes: the VM is described with each epoch. */
  TierArchive archive(VmSpec spec) {
    return archive(spec.vm().id(), AgentJson.write(spec));
  }

  /**
   * Keeps an epoch. That can take as long as the object tier takes to answer; the state is needed
   * for the first part of it only.
   *
   * @return why it is not as durable as it has to be; empty when it is
   */
  Optional<String> keep(
      TierArchive archive,
      EpochManifest epoch,
      int[] pages,
      PageView view,
      TierArchive.Reading reading) {
    Optional<String> problem =
        switch (archive.keep(epoch, pages, view, reading)) {
          case TierArchive.Keeping.Kept _ -> Optional.empty();
          case TierArchive.Keeping.NotKept(String reason) -> Optional.of(reason);
        };
    tell(epoch, problem.orElse(""));
    return problem;
  }

  private synchronized void tell(EpochManifest epoch, String now) {
    if (!now.isEmpty() && trouble.isEmpty()) {
      notes.accept(
          "epoch %d of %s is not in the tier store, so it is not acked: %s"
              .formatted(label(epoch).epoch(), epoch.vm(), now));
    } else if (now.isEmpty() && !trouble.isEmpty()) {
      notes.accept("the tier store takes epochs again, %s among them".formatted(epoch.vm()));
    }
    trouble = now;
  }

  private static CutLabel label(EpochManifest epoch) {
    return CutLabel.of(epoch).orElse(new CutLabel(0, epoch.epoch()));
  }

  /** One at a time: whoever waits finds that all of it has been sent. */
  private synchronized Optional<String> secure() {
    try {
      return acked == Acked.IN_OBJECTS ? store.flush().problem() : Optional.empty();
    } catch (IOException e) {
      return Optional.of("this machine's SSD: " + e);
    }
  }

  /** The epochs that are kept of a VM, newest first. */
  List<TierArchive.Kept> kept(VmId vm) throws IOException {
    return archive(vm, new byte[0]).newest(LISTED_MOST);
  }

  void restored(long bytes, double seconds) {
    restoredBytes = bytes;
    restoredSeconds = seconds;
  }

  SortedMap<String, Double> figures() {
    StoreHealth health = store.health();
    SortedMap<String, Double> figures = new TreeMap<>();
    figures.put("penumbra_store_trouble", trouble.isEmpty() ? 0.0 : 1.0);
    figures.put("penumbra_store_away", health.away().isPresent() ? 1.0 : 0.0);
    figures.put("penumbra_store_waiting_bytes", (double) health.waitingBytes());
    figures.put("penumbra_restore_bytes_last", (double) restoredBytes);
    figures.put("penumbra_restore_seconds_last", restoredSeconds);
    return figures;
  }

  /** Epochs go by their labels, which count on over all hosts and terms. */
  private final class BetweenHosts implements Sharing {

    private final byte[] note;

    BetweenHosts(byte[] note) {
      this.note = note;
    }

    @Override
    public boolean severalWriters() {
      return true;
    }

    @Override
    public boolean heldIsKept() {
      return acked != Acked.IN_OBJECTS;
    }

    @Override
    public long number(EpochManifest epoch) {
      return label(epoch).epoch();
    }

    @Override
    public boolean isSuperseded(EpochManifest epoch, EpochManifest by) {
      return label(by).compareTo(label(epoch)) >= 0;
    }

    @Override
    public ByteBuffer note() {
      return ByteBuffer.wrap(note).asReadOnlyBuffer();
    }

    @Override
    public Optional<String> secure() {
      return EpochStore.this.secure();
    }

    @Override
    public Optional<String> learn(String writer, List<ChunkId> wanted) {
      return store.learn(writer, wanted);
    }
  }
}
