package io.penumbra.tiers.pack;

import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.object.ObjectTier;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Checks packs record by record in both tiers, and mends one copy from the other. */
public final class PackAudit {

  private final PackShelf shelf;
  private final Judge judge;

  /** Says whether a sealed chunk is what its name says. */
  public interface Judge {
    boolean whole(ChunkId id, ByteBuffer sealed);
  }

  /** A living chunk that neither tier has whole. */
  public record Orphan(ChunkId id, PackShelf.Location at) {}

  /**
   * What was found in one pack.
   *
   * @param chunks living ones, counted in every place that was read
   * @param bytes read
   * @param damaged places where a living chunk isn't whole
   * @param mended of these, from the other tier
   * @param orphans the rest
   * @param problems what couldn't be read
   */
  public record Finding(
      long chunks,
      long bytes,
      int damaged,
      int mended,
      List<Orphan> orphans,
      List<String> problems) {

    public Finding {
      orphans = List.copyOf(orphans);
      problems = List.copyOf(problems);
    }

    static Finding nothing(String problem) {
      return new Finding(0, 0, 0, 0, List.of(), List.of(problem));
    }
  }

  /** Will check this shelf. */
  public PackAudit(PackShelf shelf, Judge judge) {
    this.shelf = shelf;
    this.judge = judge;
  }

  /** Packs of this store that no longer grow, oldest first. */
  public List<Integer> packs() {
    return shelf.locked(() ->
        shelf.packs().values().stream()
            .filter(pack -> pack.own() && pack.sealed)
            .map(pack -> pack.number)
            .toList());
  }

  /** Checks one pack; a pack that went away meanwhile has nothing wrong with it. */
  public Finding check(int number, boolean remoteToo) throws IOException {
    return shelf.moving(() -> {
      Optional<Pack> pack = shelf.locked(() -> Optional.ofNullable(shelf.packs().get(number)));
      return pack.isEmpty()
          ? new Finding(0, 0, 0, 0, List.of(), List.of())
          : check(pack.get(), remoteToo);
    });
  }

  private Finding check(Pack pack, boolean remoteToo) throws IOException {
    List<PackFormat.Entry> living = living(pack);
    Optional<ByteBuffer> local = pack.local ? local(pack) : Optional.empty();
    Optional<ByteBuffer> remote = Optional.empty();
    List<String> problems = new ArrayList<>();
    if (pack.remote && remoteToo) {
      switch (shelf.objects().get(pack.key())) {
        case ObjectTier.Fetch.Content(ByteBuffer bytes) -> remote = Optional.of(bytes);
        case ObjectTier.Fetch.Missing _ -> remote = Optional.of(ByteBuffer.allocate(0));
        case ObjectTier.Unavailable(String reason) -> problems.add(pack.key() + ": " + reason);
      }
    }
    List<PackFormat.Entry> badLocal = local.isEmpty() ? List.of() : bad(living, local.get());
    if (!badLocal.isEmpty() && remote.isEmpty() && pack.remote) {
      remote = content(pack);
    }
    List<PackFormat.Entry> badRemote = remote.isEmpty() ? List.of() : bad(living, remote.get());
    List<Orphan> orphans = new ArrayList<>();
    for (PackFormat.Entry entry : living) {
      boolean localGood = local.isPresent() && !badLocal.contains(entry);
      boolean remoteGood = remote.isPresent() && !badRemote.contains(entry);
      boolean judged = local.isPresent() || remote.isPresent();
      if (judged && !localGood && !remoteGood) {
        shelf.locate(entry.id()).ifPresent(at -> orphans.add(new Orphan(entry.id(), at)));
      }
    }
    int damaged = badLocal.size() + badRemote.size();
    int mended = 0;
    if (orphans.isEmpty()) {
      mended += mendLocal(pack, badLocal, remote);
      mended += mendRemote(pack, badRemote, local);
    }
    long copies = (local.isPresent() ? 1L : 0) + (remote.isPresent() ? 1 : 0);
    long bytes =
        local.map(ByteBuffer::remaining).orElse(0)
            + (long) remote.map(ByteBuffer::remaining).orElse(0);
    return new Finding(copies * living.size(), bytes, damaged, mended, orphans, problems);
  }

  private int mendLocal(Pack pack, List<PackFormat.Entry> bad, Optional<ByteBuffer> remote)
      throws IOException {
    if (bad.isEmpty() || remote.isEmpty()) {
      return 0;
    }
    shelf.disk().writeWhole(pack.localPath(), remote.get());
    return bad.size();
  }

  private int mendRemote(Pack pack, List<PackFormat.Entry> bad, Optional<ByteBuffer> local) {
    if (bad.isEmpty() || local.isEmpty()) {
      return 0;
    }
    return shelf.objects().put(pack.key(), local.get()) instanceof ObjectTier.Write.Written
        ? bad.size()
        : 0;
  }

  private List<PackFormat.Entry> living(Pack pack) throws IOException {
    List<PackFormat.Entry> entries = shelf.entries(pack);
    return shelf.locked(() ->
        entries.stream()
            .filter(entry ->
                shelf
                    .table()
                    .find(entry.id())
                    .filter(
                        place -> place.pack() == pack.number && place.offset() == entry.offset())
                    .isPresent())
            .toList());
  }

  private List<PackFormat.Entry> bad(List<PackFormat.Entry> living, ByteBuffer content) {
    return living.stream()
        .filter(entry ->
            entry.offset() >= content.limit()
                || PackFormat.recordAt(content, entry.offset(), entry.offset())
                    .filter(record -> record.id().equals(entry.id()))
                    .filter(record -> judge.whole(record.id(), record.sealed()))
                    .isEmpty())
        .toList();
  }

  private Optional<ByteBuffer> local(Pack pack) throws IOException {
    try {
      return Optional.of(shelf.disk().read(pack.localPath(), 0, ObjectTier.OBJECT_BYTES_MAX));
    } catch (NoSuchFileException e) {
      return Optional.of(ByteBuffer.allocate(0));
    }
  }

  private Optional<ByteBuffer> content(Pack pack) {
    return shelf.objects().get(pack.key()) instanceof ObjectTier.Fetch.Content(ByteBuffer bytes)
        ? Optional.of(bytes)
        : Optional.empty();
  }
}
