package io.penumbra.tiers;

import io.penumbra.domain.VmId;
import io.penumbra.tiers.manifest.ManifestStore;
import io.penumbra.tiers.manifest.TieredManifests;
import io.penumbra.tiers.pack.PackAudit;
import io.penumbra.tiers.pack.PackAudit.Finding;
import io.penumbra.tiers.seal.Opened;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads every chunk in every place that has it, checks it against its name, and mends what is
 * damaged: from the other tier, else from whoever still has the content. What nobody has is
 * forgotten, so that the next epoch with this content stores it anew instead of relying on it.
 */
public final class Scrub {

  private final TieredChunkStore store;
  private final ChunkSource elsewhere;
  private final boolean remoteToo;

  /**
   * Will scrub this store.
   *
   * @param elsewhere asked for what no tier has whole
   * @param remoteToo whether what the object tier has is read as well; that is what costs
   */
  public Scrub(TieredChunkStore store, ChunkSource elsewhere, boolean remoteToo) {
    this.store = store;
    this.elsewhere = elsewhere;
    this.remoteToo = remoteToo;
  }

  /** Told how far it is: packs done, packs in all, bytes read. */
  public interface Watcher {
    void at(int packsDone, int packs, long bytes);
  }

  /**
   * What a scrub found.
   *
   * @param packs that were looked at
   * @param chunks living ones that were checked, in as many places as were read
   * @param manifests that were checked in every tier that has them
   * @param bytes read
   * @param damaged places where a living chunk or a manifest was not whole
   * @param mended of these
   * @param lost chunks that no tier and nobody else had whole
   * @param problems what couldn't be checked, and why
   */
  public record Report(
      int packs,
      long chunks,
      int manifests,
      long bytes,
      int damaged,
      int mended,
      List<ChunkId> lost,
      List<String> problems) {

    public Report {
      lost = List.copyOf(lost);
      problems = List.copyOf(problems);
    }

    /** Whether nothing was wrong. */
    public boolean clean() {
      return damaged == 0 && problems.isEmpty();
    }
  }

  /** Scrubs everything once. */
  public Report run(Watcher watcher) throws IOException {
    Round round = begin();
    int done = 0;
    while (round.next()) {
      done++;
      watcher.at(Math.min(done, round.packs.size()), round.packs.size(), round.bytes);
    }
    return round.report();
  }

  /** Begins to scrub everything, piece by piece. */
  public Round begin() {
    return new Round();
  }

  /**
   * One scrub of everything: pack after pack, then manifest after manifest. Not for two threads.
   */
  public final class Round {
    private final List<Integer> packs;
    private final PackAudit audit = new PackAudit(store.shelf(), Scrub.this::whole);
    private final ArrayDeque<VmId> vms = new ArrayDeque<>();
    private int next;
    private long chunks;
    private int manifests;
    private long bytes;
    private int damaged;
    private int mended;
    private final List<ChunkId> lost = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    private Round() {
      packs = audit.packs();
    }

    /** Checks a pack, or the manifests of a VM; false when that was the last. */
    public boolean next() throws IOException {
      if (next < packs.size()) {
        pack(audit.check(packs.get(next), remoteToo));
        next++;
        if (next == packs.size()) {
          store.shelf().sync();
        }
      } else if (next == packs.size()) {
        next++;
        switch (store.manifests().vms()) {
          case ManifestStore.Vms.Known(List<VmId> known) -> vms.addAll(known);
          case ManifestStore.Unavailable(String reason) ->
              problems.add("manifests can't be listed: " + reason);
        }
      } else if (!vms.isEmpty()) {
        manifests(vms.pop());
      }
      return next <= packs.size() || !vms.isEmpty();
    }

    private void pack(Finding finding) throws IOException {
      chunks += finding.chunks();
      bytes += finding.bytes();
      damaged += finding.damaged();
      mended += finding.mended();
      problems.addAll(finding.problems());
      for (PackAudit.Orphan orphan : finding.orphans()) {
        if (mend(orphan)) {
          mended++;
        } else {
          lost.add(orphan.id());
        }
      }
    }

    private void manifests(VmId vm) throws IOException {
      TieredManifests.Finding finding = store.tieredManifests().check(vm);
      manifests += finding.manifests();
      bytes += finding.bytes();
      damaged += finding.damaged();
      mended += finding.mended();
      problems.addAll(finding.problems());
    }

    /** What it has found so far. */
    public Report report() {
      return new Report(
          Math.min(next, packs.size()), chunks, manifests, bytes, damaged, mended, lost, problems);
    }
  }

  /** A chunk without its key can't be judged: the checksum of its record has to do. */
  private boolean whole(ChunkId id, ByteBuffer sealed) {
    return !(store.seal().open(id, sealed) instanceof Opened.Damaged);
  }

  private boolean mend(PackAudit.Orphan orphan) throws IOException {
    ChunkId id = orphan.id();
    Optional<ByteBuffer> content =
        elsewhere.fetch(id).filter(bytes -> store.name(bytes).equals(id));
    if (content.isPresent()) {
      store.mend(id, content.get(), orphan.at());
      return true;
    }
    store.shelf().forget(id);
    return false;
  }
}
