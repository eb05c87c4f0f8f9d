package io.penumbra.tiers;

import io.penumbra.tiers.pack.PackAudit;
import io.penumbra.tiers.pack.PackAudit.Finding;
import io.penumbra.tiers.seal.Opened;
import java.io.IOException;
import java.nio.ByteBuffer;
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
   * @param packs read
   * @param chunks living ones that were checked, in as many places as were read
   * @param bytes read
   * @param damaged places where a living chunk was not whole
   * @param mended of these
   * @param lost chunks that no tier and nobody else had whole
   * @param problems what couldn't be checked, and why
   */
  public record Report(
      int packs,
      long chunks,
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
    PackAudit audit = new PackAudit(store.shelf(), this::whole);
    List<Integer> packs = audit.packs();
    long chunks = 0;
    long bytes = 0;
    int damaged = 0;
    int mended = 0;
    List<ChunkId> lost = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    for (int i = 0; i < packs.size(); i++) {
      Finding finding = audit.check(packs.get(i), remoteToo);
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
      watcher.at(i + 1, packs.size(), bytes);
    }
    store.shelf().sync();
    return new Report(packs.size(), chunks, bytes, damaged, mended, lost, problems);
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
