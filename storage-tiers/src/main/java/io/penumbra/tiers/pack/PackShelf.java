package io.penumbra.tiers.pack;

import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.disk.Disk;
import io.penumbra.tiers.object.ObjectTier;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The packs of one store: those on this machine's SSD, those in the object tier, and where in them
 * every chunk is. Sealed chunks go in and come out; what is inside them is not its business.
 *
 * <p>Three locks, taken in this order: {@code moving} while a pack goes from one tier to another or
 * away, {@code appending} while a record is written or a pack leaves the SSD, {@code state} while
 * the table or a pack's fields are read or changed, never during I/O.
 */
public final class PackShelf {

  private static final Comparator<Pack> COLDEST_NUMBER_LAST =
      Comparator.comparingInt(p -> p.number);

  private final Disk disk;
  private final ObjectTier objects;
  private final String owner;
  private final PackRules rules;
  private final InstantSource clock;
  private final ReentrantLock appending = new ReentrantLock();
  private final ReentrantLock state = new ReentrantLock();
  private final ReentrantLock moving = new ReentrantLock();

  private final EnumMap<Temper, Open> opens = new EnumMap<>(Temper.class);
  private final ChunkTable table = new ChunkTable();
  private final TreeMap<Integer, Pack> packs = new TreeMap<>();
  private final Map<ChunkId, Integer> pins = new HashMap<>();
  private long localBytes;
  private int lastNumber;
  private int lastForeign;
  private int lastSecond;
  private int lastMark;

  /** A pack that grows, since when, and as what it is known. */
  private record Open(OpenPack file, Pack pack, Instant since) {}

  /** Where a chunk is; a hint that may be out of date when it is used. */
  public record Location(
      int pack, int offset, int length, boolean local, boolean remote, boolean own) {}

  /** Stands for bytes that may not be durable yet. */
  public record Ticket(ChunkId id, Optional<Pending> pending) {}

  /** Bytes of a pack that grows. */
  public static final class Pending {
    private final OpenPack file;
    private final long end;

    private Pending(OpenPack file, long end) {
      this.file = file;
      this.end = end;
    }
  }

  /** What became of an addition. */
  public sealed interface Added {

    /** It is written, and durable after {@link PackShelf#await}. */
    record Here(Ticket ticket, boolean fresh) implements Added {}

    /** The SSD is full, and nothing on it can go. */
    record NoRoom(long asked, long free) implements Added {}
  }

  /** What reading from a pack gave. */
  public sealed interface Fetched {

    /** The record asked for first, and maybe some that follow it. */
    record Records(List<PackFormat.SealedRecord> records) implements Fetched {}

    /** The pack isn't there, maybe no longer. */
    record Gone() implements Fetched {}

    /** The pack is there, and the record in it is damaged. */
    record Broken(String evidence) implements Fetched {}

    /** The place doesn't answer. */
    record Away(String reason) implements Fetched {}
  }

  private PackShelf(
      Disk disk, ObjectTier objects, String owner, PackRules rules, InstantSource clock) {
    this.disk = disk;
    this.objects = objects;
    this.owner = owner;
    this.rules = rules;
    this.clock = clock;
  }

  /** Opens the shelf: ends packs that a crash left open, and learns what is where. */
  public static PackShelf open(
      Disk disk,
      ObjectTier objects,
      String owner,
      PackRules rules,
      InstantSource clock,
      Consumer<String> notes)
      throws IOException {
    PackShelf shelf = new PackShelf(disk, objects, owner, rules, clock);
    new ShelfRecovery(disk, owner, clock, notes).run(shelf);
    return shelf;
  }

  /** Called by recovery, before anybody else knows the shelf. */
  void adopt(Pack pack, List<PackFormat.Entry> entries) {
    int now = second();
    packs.put(pack.number, pack);
    if (pack.own()) {
      lastNumber = Math.max(lastNumber, pack.number);
    }
    if (pack.local) {
      localBytes += pack.bytes;
    }
    for (PackFormat.Entry entry : entries) {
      place(pack, entry, now);
    }
  }

  /** Numbers up to here were in use, even if nothing is left of them. */
  void reserve(int number) {
    lastNumber = Math.max(lastNumber, number);
  }

  private void place(Pack pack, PackFormat.Entry entry, int now) {
    Optional<ChunkTable.Place> before = table.find(entry.id());
    if (before.isPresent() && !pack.own()) {
      pack.records++;
      pack.recordBytes += PackFormat.RECORD_BYTES + entry.length();
      return;
    }
    before.ifPresent(place -> known(place.pack()).lose(place.length()));
    table.put(entry.id(), pack.number, entry.offset(), entry.length(), now);
    pack.add(entry.length());
  }

  // ------------------------------------------------------------------ adding

  /**
   * The chunk if this store has it; then it is safe from collection for the grace period. One in a
   * pack that can't be moved is not had: put again, it lands in a pack that reaches the object
   * tier.
   */
  public Optional<Location> touch(ChunkId id) {
    state.lock();
    try {
      Optional<Location> found = locate(id);
      if (found.isPresent() && found.get().own() && !known(found.get().pack()).stuck) {
        table.touch(id, second());
        return found;
      }
      return Optional.empty();
    } finally {
      state.unlock();
    }
  }

  /** What to wait for before this chunk may be called durable. */
  public Ticket ticket(ChunkId id) {
    state.lock();
    try {
      return new Ticket(id, table.find(id).flatMap(this::pending));
    } finally {
      state.unlock();
    }
  }

  private Optional<Pending> pending(ChunkTable.Place place) {
    Pack pack = known(place.pack());
    for (Open open : opens.values()) {
      if (open.pack() == pack) {
        return Optional.of(
            new Pending(
                open.file(), place.offset() + PackFormat.RECORD_BYTES + (long) place.length()));
      }
    }
    return Optional.empty();
  }

  /**
   * Writes a chunk, unless the store has it already.
   *
   * @param replacing a place that is known to be damaged or about to go; written anew even so
   */
  public Added add(Temper temper, ChunkId id, ByteBuffer sealed, Optional<Location> replacing)
      throws IOException {
    appending.lock();
    try {
      if (alreadyHere(id, replacing)) {
        return new Added.Here(ticket(id), false);
      }
      long asked = PackFormat.RECORD_BYTES + (long) sealed.remaining();
      if (!makeRoom(asked)) {
        return new Added.NoRoom(asked, Math.max(0, rules.localBytesMax() - localBytes()));
      }
      Open open = open(temper);
      PackFormat.Entry entry;
      try {
        entry = open.file().append(id, sealed);
      } catch (IOException e) {
        abandon(temper);
        throw e;
      }
      Pending pending = new Pending(open.file(), open.file().written());
      note(open, entry, asked);
      if (open.file().written() >= rules.packBytes()) {
        end(temper);
      }
      return new Added.Here(new Ticket(id, Optional.of(pending)), true);
    } finally {
      appending.unlock();
    }
  }

  private boolean alreadyHere(ChunkId id, Optional<Location> replacing) {
    Optional<Location> here = touch(id);
    return here.isPresent()
        && !(replacing.isPresent()
            && here.get().pack() == replacing.get().pack()
            && here.get().offset() == replacing.get().offset());
  }

  private void note(Open open, PackFormat.Entry entry, long bytes) {
    state.lock();
    try {
      open.pack().bytes += bytes;
      localBytes += bytes;
      place(open.pack(), entry, second());
    } finally {
      state.unlock();
    }
  }

  private Open open(Temper temper) throws IOException {
    Open known = opens.get(temper);
    if (known != null) {
      return known;
    }
    Instant now = clock.instant();
    int number = nextNumber();
    Pack pack = new Pack(number, new PackName(temper, number), owner, now);
    disk.delete(pack.localPath());
    OpenPack file = OpenPack.create(disk, pack.localPath());
    Open open = new Open(file, pack, now);
    state.lock();
    try {
      pack.local = true;
      pack.bytes = PackFormat.HEADER_BYTES;
      localBytes += pack.bytes;
      packs.put(number, pack);
      opens.put(temper, open);
    } finally {
      state.unlock();
    }
    return open;
  }

  private int nextNumber() {
    state.lock();
    try {
      return ++lastNumber;
    } finally {
      state.unlock();
    }
  }

  /** Returns when the chunk survives a crash of the machine. */
  public void await(Ticket ticket) throws IOException {
    if (ticket.pending().isPresent()) {
      Pending pending = ticket.pending().get();
      try {
        pending.file.commit(pending.end);
      } catch (IOException e) {
        abandon(pending.file);
        throw e;
      }
    }
  }

  /** Ends open packs: those that are old enough, or all. */
  public int endPacks(boolean all) throws IOException {
    int ended = 0;
    appending.lock();
    try {
      Instant now = clock.instant();
      for (Temper temper : Temper.values()) {
        Open open = opens.get(temper);
        if (open != null
            && (all || !open.since().plus(rules.packAge()).isAfter(now))
            && !open.file().entries().isEmpty()) {
          end(temper);
          ended++;
        }
      }
    } finally {
      appending.unlock();
    }
    return ended;
  }

  private void end(Temper temper) throws IOException {
    Open open = opens.get(temper);
    if (open == null) {
      return;
    }
    try {
      open.file().seal();
    } catch (IOException e) {
      abandon(temper);
      throw e;
    }
    state.lock();
    try {
      opens.remove(temper);
      localBytes += open.file().written() - open.pack().bytes;
      open.pack().bytes = open.file().written();
      open.pack().sealed = true;
    } finally {
      state.unlock();
    }
  }

  private void abandon(OpenPack file) {
    appending.lock();
    try {
      for (Temper temper : Temper.values()) {
        Open open = opens.get(temper);
        if (open != null && open.file() == file) {
          abandon(temper);
        }
      }
    } finally {
      appending.unlock();
    }
  }

  /** After a failed write: what wasn't durable is forgotten, and the next put begins a new pack. */
  private void abandon(Temper temper) {
    state.lock();
    try {
      Open open = opens.remove(temper);
      if (open == null) {
        return;
      }
      open.pack().stuck = true;
      open.file().abandon();
      for (PackFormat.Entry entry : open.file().entries()) {
        long end = entry.offset() + PackFormat.RECORD_BYTES + (long) entry.length();
        if (end > open.file().forced()) {
          forget(entry.id(), open.pack().number, entry.offset());
        }
      }
    } finally {
      state.unlock();
    }
  }

  // ------------------------------------------------------------------ room

  /** Lets packs leave until so much fits; false if it can't. */
  private boolean makeRoom(long asked) throws IOException {
    while (localBytes() + asked > rules.localBytesMax()) {
      Optional<Integer> coldest = coldestThatMayLeave();
      if (coldest.isEmpty()) {
        return false;
      }
      evict(coldest.get());
    }
    return true;
  }

  /** Bytes of packs on SSD. */
  public long localBytes() {
    state.lock();
    try {
      return localBytes;
    } finally {
      state.unlock();
    }
  }

  /** Cold before warm, then the least heat, then the oldest. */
  private Optional<Integer> coldestThatMayLeave() {
    Instant now = clock.instant();
    state.lock();
    try {
      return packs.values().stream()
          .filter(Pack::mayLeave)
          .min(
              Comparator.comparing((Pack pack) -> pack.temper)
                  .thenComparingDouble(pack -> pack.heat(now, rules.heatHalfLife()))
                  .thenComparing(COLDEST_NUMBER_LAST))
          .map(pack -> pack.number);
    } finally {
      state.unlock();
    }
  }

  /** Lets packs leave while the SSD is fuller than it should be; answers how many did. */
  public int evictAboveHighWater() throws IOException {
    int evicted = 0;
    if (localBytes() > rules.localBytesMax() * rules.highShare()) {
      Optional<Integer> coldest = coldestThatMayLeave();
      while (coldest.isPresent() && localBytes() > rules.localBytesMax() * rules.lowShare()) {
        evict(coldest.get());
        evicted++;
        coldest = coldestThatMayLeave();
      }
    }
    return evicted;
  }

  private void evict(int number) throws IOException {
    appending.lock();
    try {
      Optional<Pack> found = pack(number).filter(Pack::mayLeave);
      if (found.isPresent()) {
        evict(found.get());
      }
    } catch (NoSuchFileException e) {
      // The collector was faster.
    } finally {
      appending.unlock();
    }
  }

  private void evict(Pack pack) throws IOException {
    // The index first: after a crash between the two, nothing has to be asked of the object tier.
    disk.writeWhole(pack.indexPath(), footer(pack.localPath()));
    state.lock();
    try {
      if (!pack.mayLeave()) {
        return;
      }
      pack.local = false;
      localBytes -= pack.bytes;
    } finally {
      state.unlock();
    }
    disk.delete(pack.localPath());
  }

  private ByteBuffer footer(String path) throws IOException {
    long bytes = disk.size(path);
    ByteBuffer trailer =
        disk.read(path, bytes - PackFormat.TRAILER_BYTES, PackFormat.TRAILER_BYTES);
    int length =
        PackFormat.footerBytes(trailer, bytes)
            .orElseThrow(() -> new IOException("pack %s has no trailer".formatted(path)));
    return disk.read(path, bytes - length, length);
  }

  /** The pack that a place in the table is in; there always is one. */
  private Pack known(int number) {
    return Optional.ofNullable(packs.get(number))
        .orElseThrow(
            () -> new IllegalStateException("no pack %d, but chunks in it".formatted(number)));
  }

  private Optional<Pack> pack(int number) {
    state.lock();
    try {
      return Optional.ofNullable(packs.get(number));
    } finally {
      state.unlock();
    }
  }

  // ------------------------------------------------------------------ moving

  /** What moving one pack came to. */
  public sealed interface Move {

    /** Nothing to do. */
    record Nothing() implements Move {}

    /** So many bytes are now in the other tier as well. */
    record Moved(long bytes) implements Move {}

    /** The object tier doesn't take or give it. */
    record Refused(String reason) implements Move {}
  }

  /** Sends the oldest pack that the object tier doesn't have. */
  public Move uploadNext() throws IOException {
    return moving(this::upload);
  }

  /** Something that moves packs. */
  interface Moving<T> {
    T run() throws IOException;
  }

  /** Only one thread moves packs at a time; it may take as long as the object tier does. */
  <T> T moving(Moving<T> work) throws IOException {
    moving.lock();
    try {
      return work.run();
    } finally {
      moving.unlock();
    }
  }

  /**
   * Ends all packs and sends every one that was there by then; for whoever moves packs already.
   *
   * @return what stood in the way
   */
  Optional<String> sendAll() throws IOException {
    endPacks(true);
    int last = locked(() -> lastNumber);
    while (nextToUpload().filter(pack -> pack.number <= last).isPresent()) {
      switch (upload()) {
        case Move.Moved _ -> {
          // The next.
        }
        case Move.Refused(String reason) -> {
          return Optional.of(reason);
        }
        case Move.Nothing _ -> {
          return Optional.of("the file of a pack is gone");
        }
      }
    }
    return stuckHere();
  }

  private Move upload() throws IOException {
    Optional<Pack> next = nextToUpload();
    if (next.isEmpty()) {
      return new Move.Nothing();
    }
    Pack pack = next.get();
    ByteBuffer content;
    try {
      content = disk.read(pack.localPath(), 0, ObjectTier.OBJECT_BYTES_MAX);
    } catch (NoSuchFileException e) {
      return new Move.Nothing();
    }
    return switch (objects.put(pack.key(), content)) {
      case ObjectTier.Write.Written _, ObjectTier.Write.Exists _ -> {
        state.lock();
        try {
          pack.remote = true;
        } finally {
          state.unlock();
        }
        yield new Move.Moved(content.remaining());
      }
      case ObjectTier.Write.Full(String reason) -> new Move.Refused(reason);
      case ObjectTier.Unavailable(String reason) -> new Move.Refused(reason);
    };
  }

  private Optional<Pack> nextToUpload() {
    state.lock();
    try {
      return packs.values().stream()
          .filter(pack -> pack.own() && pack.sealed && pack.local && !pack.remote && !pack.stuck)
          .findFirst();
    } finally {
      state.unlock();
    }
  }

  /**
   * Writes into a new pack what a stuck one has whole: it was durable before the SSD failed, and
   * would never reach the object tier.
   */
  public void rescue() throws IOException {
    for (Pack pack : locked(this::stuckWithChunks)) {
      ByteBuffer content = disk.read(pack.localPath(), 0, ObjectTier.OBJECT_BYTES_MAX);
      List<PackFormat.SealedRecord> living =
          PackFormat.salvage(content).stream()
              .filter(record ->
                  locate(record.id())
                      .filter(at -> at.pack() == pack.number && at.offset() == record.offset())
                      .isPresent())
              .toList();
      try {
        for (PackFormat.SealedRecord record : living) {
          // Where there is no room it stays: packs that leave make some.
          add(pack.temper, record.id(), record.sealed(), locate(record.id()));
        }
        endPacks(true);
      } catch (IOException e) {
        locked(() -> putBack(pack, living));
        throw e;
      }
    }
  }

  /** What could not be written anew is still where it was. */
  private int putBack(Pack pack, List<PackFormat.SealedRecord> living) {
    int back = 0;
    for (PackFormat.SealedRecord record : living) {
      if (table.find(record.id()).isEmpty()) {
        int length = record.sealed().remaining();
        place(pack, new PackFormat.Entry(record.id(), record.offset(), length), second());
        back++;
      }
    }
    return back;
  }

  /** Why part of what was put can't reach the object tier, whatever that one does. */
  public Optional<String> stuckHere() {
    return locked(this::stuckWithChunks).stream()
        .findFirst()
        .map(pack -> "this machine's SSD has failed to write %s".formatted(pack.localPath()));
  }

  private List<Pack> stuckWithChunks() {
    return packs.values().stream()
        .filter(pack -> pack.own() && pack.stuck && pack.liveRecords > 0)
        .toList();
  }

  /** Bytes that only this machine has. */
  public long notYetRemoteBytes() {
    state.lock();
    try {
      return packs.values().stream()
          .filter(pack -> pack.own() && pack.local && !pack.remote)
          .mapToLong(pack -> pack.bytes)
          .sum();
    } finally {
      state.unlock();
    }
  }

  /** When the oldest pack was begun that only this machine has; at the latest at the opening. */
  public Optional<Instant> waitingSince() {
    state.lock();
    try {
      return packs.values().stream()
          .filter(pack -> pack.own() && pack.local && !pack.remote)
          .map(pack -> pack.began)
          .min(Comparator.naturalOrder());
    } finally {
      state.unlock();
    }
  }

  /** Bytes of this store in the object tier. */
  public long remoteBytes() {
    state.lock();
    try {
      return packs.values().stream()
          .filter(pack -> pack.own() && pack.remote)
          .mapToLong(pack -> pack.bytes)
          .sum();
    } finally {
      state.unlock();
    }
  }

  /** Brings the hottest pack back to the SSD, if it was read whole lately and there is room. */
  public Move riseNext(double heatMin) throws IOException {
    return moving(() -> rise(heatMin));
  }

  private Move rise(double heatMin) throws IOException {
    Instant now = clock.instant();
    Optional<Pack> hottest = hottestAway(now, heatMin);
    if (hottest.isEmpty()) {
      return new Move.Nothing();
    }
    Pack pack = hottest.get();
    return switch (objects.get(pack.key())) {
      case ObjectTier.Fetch.Content(ByteBuffer bytes) when bytes.remaining() == pack.bytes -> {
        disk.writeWhole(pack.localPath(), bytes);
        state.lock();
        try {
          pack.local = true;
          localBytes += pack.bytes;
        } finally {
          state.unlock();
        }
        yield new Move.Moved(bytes.remaining());
      }
      case ObjectTier.Fetch.Content(ByteBuffer bytes) ->
          new Move.Refused(
              "%s has %d bytes; expected %d".formatted(pack.key(), bytes.remaining(), pack.bytes));
      case ObjectTier.Fetch.Missing _ -> new Move.Refused(pack.key() + " is missing");
      case ObjectTier.Unavailable(String reason) -> new Move.Refused(reason);
    };
  }

  private Optional<Pack> hottestAway(Instant now, double heatMin) {
    Duration halfLife = rules.heatHalfLife();
    state.lock();
    try {
      long room = (long) (rules.localBytesMax() * rules.lowShare()) - localBytes;
      return packs.values().stream()
          .filter(pack -> pack.own() && pack.remote && !pack.local && pack.bytes <= room)
          .filter(pack -> pack.heat(now, halfLife) >= heatMin)
          .max(Comparator.comparingDouble(pack -> pack.heat(now, halfLife)));
    } finally {
      state.unlock();
    }
  }

  // ------------------------------------------------------------------ reading

  /** Where a chunk is. */
  public Optional<Location> locate(ChunkId id) {
    state.lock();
    try {
      return table
          .find(id)
          .map(place -> {
            Pack pack = known(place.pack());
            return new Location(
                place.pack(), place.offset(), place.length(), pack.local, pack.remote, pack.own());
          });
    } finally {
      state.unlock();
    }
  }

  /** Where each of these is. */
  public List<Optional<Location>> locateAll(List<ChunkId> ids) {
    state.lock();
    try {
      return ids.stream().map(this::locate).toList();
    } finally {
      state.unlock();
    }
  }

  /** A part of a pack as it is, unchecked; empty if it can't be had there now. */
  public Optional<ByteBuffer> readPart(int number, boolean local, int offset, int length) {
    Optional<Pack> pack = pack(number);
    if (pack.isEmpty()) {
      return Optional.empty();
    }
    Optional<ByteBuffer> part = Optional.empty();
    try {
      if (local) {
        part = Optional.of(disk.read(pack.get().localPath(), offset, length));
      } else if (objects.get(pack.get().key(), offset, length)
          instanceof ObjectTier.Fetch.Content(ByteBuffer bytes)) {
        part = Optional.of(bytes);
      }
    } catch (IOException e) {
      // Whoever reads the chunks one by one says what is wrong.
    }
    part.ifPresent(bytes -> heat(pack.get(), bytes.remaining()));
    return part;
  }

  /** Reads a record from SSD. */
  public Fetched readLocal(ChunkId id, Location at) {
    Optional<Pack> pack = pack(at.pack());
    if (pack.isEmpty()) {
      return new Fetched.Gone();
    }
    try {
      ByteBuffer bytes =
          disk.read(pack.get().localPath(), at.offset(), PackFormat.RECORD_BYTES + at.length());
      heat(pack.get(), bytes.remaining());
      return records(id, at, bytes, pack.get().localPath());
    } catch (NoSuchFileException e) {
      return new Fetched.Gone();
    } catch (IOException e) {
      return new Fetched.Broken("%s: %s".formatted(pack.get().localPath(), e));
    }
  }

  /** Reads a record from the object tier, and those behind it as far as the window reaches. */
  public Fetched readRemote(ChunkId id, Location at, int windowBytes) {
    Optional<Pack> pack = pack(at.pack());
    if (pack.isEmpty()) {
      return new Fetched.Gone();
    }
    int length = Math.max(PackFormat.RECORD_BYTES + at.length(), windowBytes);
    return switch (objects.get(pack.get().key(), at.offset(), length)) {
      case ObjectTier.Fetch.Content(ByteBuffer bytes) -> {
        heat(pack.get(), PackFormat.RECORD_BYTES + at.length());
        yield records(id, at, bytes, pack.get().key());
      }
      case ObjectTier.Fetch.Missing _ -> new Fetched.Gone();
      case ObjectTier.Unavailable(String reason) -> new Fetched.Away(reason);
    };
  }

  private static Fetched records(ChunkId id, Location at, ByteBuffer bytes, String where) {
    List<PackFormat.SealedRecord> records = PackFormat.run(bytes, at.offset());
    return !records.isEmpty() && records.getFirst().id().equals(id)
        ? new Fetched.Records(records)
        : new Fetched.Broken("%s has no whole record at %d".formatted(where, at.offset()));
  }

  private void heat(Pack pack, long readBytes) {
    Instant now = clock.instant();
    state.lock();
    try {
      pack.warmBy(readBytes, now, rules.heatHalfLife());
    } finally {
      state.unlock();
    }
  }

  // ------------------------------------------------------------------ what another store has

  /**
   * Finds out where chunks are that another store has put into the object tier, so that they can be
   * read: from the indexes of its packs, the newest first, until all are known. What is found so is
   * only read; nothing that this store keeps relies on it.
   *
   * @return why the object tier could not be asked; chunks that nobody has are found out when they
   *     are read
   */
  public Optional<String> learn(String other, List<ChunkId> wanted) {
    if (other.equals(owner) || !lacksAny(wanted)) {
      return Optional.empty();
    }
    String prefix = "packs/" + other + "/";
    return switch (objects.list(prefix)) {
      case ObjectTier.Unavailable(String reason) -> Optional.of(reason);
      case ObjectTier.Listing.Entries(List<ObjectTier.Entry> listed) -> {
        SortedMap<Integer, Pack> there = new TreeMap<>();
        for (ObjectTier.Entry entry : listed) {
          PackName.parse(entry.key().substring(prefix.length()))
              .ifPresent(name -> there.put(name.number(), foreign(other, name, entry.bytes())));
        }
        forgetAllBut(other, there);
        yield learn(there.reversed().values(), wanted);
      }
    };
  }

  private Pack foreign(String other, PackName name, long bytes) {
    Pack pack = new Pack(locked(this::nextForeign), name, other, clock.instant());
    pack.sealed = true;
    pack.remote = true;
    pack.bytes = bytes;
    return pack;
  }

  private boolean lacksAny(List<ChunkId> wanted) {
    return locked(() -> wanted.stream().anyMatch(id -> table.find(id).isEmpty()));
  }

  /** What that store has removed since it was last looked at is there no more. */
  private void forgetAllBut(String other, SortedMap<Integer, Pack> there) {
    locked(() -> {
      List<Pack> gone =
          packs.values().stream()
              .filter(pack -> !pack.own() && pack.owner.equals(other))
              .filter(pack -> !there.containsKey(pack.name.number()))
              .toList();
      List<ChunkId> lost = new ArrayList<>();
      table.forEach((id, place) -> {
        if (place.pack() < 0 && gone.contains(packs.get(place.pack()))) {
          lost.add(id);
        }
      });
      lost.forEach(table::remove);
      gone.forEach(pack -> packs.remove(pack.number));
      return gone.size();
    });
  }

  private Optional<String> learn(Iterable<Pack> newestFirst, List<ChunkId> wanted) {
    for (Pack pack : newestFirst) {
      if (!lacksAny(wanted)) {
        return Optional.empty();
      }
      if (!isKnown(pack)) {
        // One that can't be read is as if it weren't there: the chunks in it are missed by name.
        RemoteIndex.footer(objects, pack.key(), pack.bytes)
            .flatMap(PackFormat::entries)
            .ifPresent(entries ->
                locked(() -> {
                  adopt(pack, entries);
                  return pack;
                }));
      }
    }
    return Optional.empty();
  }

  private boolean isKnown(Pack pack) {
    return locked(() ->
        packs.values().stream().anyMatch(known -> !known.own() && known.key().equals(pack.key())));
  }

  // ------------------------------------------------------------------ what others ask of it

  /** Chunks of this store in order. */
  public List<ChunkId> ids() {
    List<ChunkId> ids = new ArrayList<>();
    state.lock();
    try {
      table.forEach((id, place) -> {
        if (place.pack() > 0) {
          ids.add(id);
        }
      });
    } finally {
      state.unlock();
    }
    ids.sort(Comparator.naturalOrder());
    return ids;
  }

  /** How many chunks it knows. */
  public int chunks() {
    state.lock();
    try {
      return table.size();
    } finally {
      state.unlock();
    }
  }

  /** Forgets a chunk; its bytes go when its pack is rewritten. */
  public boolean forget(ChunkId id) {
    state.lock();
    try {
      Optional<ChunkTable.Place> place = table.find(id);
      if (place.isEmpty() || place.get().pack() < 0) {
        return false;
      }
      return forget(id, place.get().pack(), place.get().offset());
    } finally {
      state.unlock();
    }
  }

  private boolean forget(ChunkId id, int pack, int offset) {
    Optional<ChunkTable.Place> place = table.find(id);
    if (place.isEmpty() || place.get().pack() != pack || place.get().offset() != offset) {
      return false;
    }
    known(pack).lose(place.get().length());
    return table.remove(id);
  }

  /**
   * Keeps chunks from being collected until they are unpinned.
   *
   * @return those that aren't here; then nothing is pinned
   */
  public List<ChunkId> pin(List<ChunkId> chunks) {
    state.lock();
    try {
      List<ChunkId> missing =
          chunks.stream()
              .filter(id -> table.find(id).filter(place -> place.pack() > 0).isEmpty())
              .distinct()
              .toList();
      if (missing.isEmpty()) {
        chunks.forEach(id -> pins.merge(id, 1, Integer::sum));
      }
      return missing;
    } finally {
      state.unlock();
    }
  }

  /** Ends what {@link #pin} began; from here the grace period protects them once more. */
  public void unpin(List<ChunkId> chunks) {
    state.lock();
    try {
      int now = second();
      for (ChunkId id : chunks) {
        table.touch(id, now);
        if (pins.merge(id, -1, Integer::sum) <= 0) {
          pins.remove(id);
        }
      }
    } finally {
      state.unlock();
    }
  }

  /** Forces whatever open packs hold. */
  public void sync() throws IOException {
    List<Pending> pendings = new ArrayList<>();
    state.lock();
    try {
      opens.values().forEach(open -> pendings.add(new Pending(open.file(), open.file().written())));
    } finally {
      state.unlock();
    }
    for (Pending pending : pendings) {
      if (pending.file.forced() < pending.end) {
        await(new Ticket(new ChunkId(0, 0, 0, 0), Optional.of(pending)));
      }
    }
  }

  /** Ends all packs and lets go of files. */
  public void close() throws IOException {
    endPacks(true);
    appending.lock();
    try {
      for (Open open : opens.values()) {
        open.file().abandon();
      }
      opens.clear();
    } finally {
      appending.unlock();
    }
  }

  // ------------------------------------------------------------------ for the collector

  /** Second of now, never going backwards. */
  int second() {
    int now = (int) Math.min(Integer.MAX_VALUE, Math.max(1, clock.instant().getEpochSecond()));
    lastSecond = Math.max(lastSecond, now);
    return lastSecond;
  }

  /** Runs something under the lock that guards table and packs; no I/O in there. */
  <T> T locked(Supplier<T> work) {
    state.lock();
    try {
      return work.get();
    } finally {
      state.unlock();
    }
  }

  ChunkTable table() {
    return table;
  }

  SortedMap<Integer, Pack> packs() {
    return packs;
  }

  boolean pinned(ChunkId id) {
    return pins.containsKey(id);
  }

  Disk disk() {
    return disk;
  }

  ObjectTier objects() {
    return objects;
  }

  PackRules rules() {
    return rules;
  }

  InstantSource clock() {
    return clock;
  }

  String owner() {
    return owner;
  }

  int nextMark() {
    return ++lastMark;
  }

  int nextForeign() {
    return --lastForeign;
  }

  /**
   * Removes a pack everywhere; false if the object tier doesn't answer, then it is kept in mind.
   */
  boolean drop(Pack pack) throws IOException {
    if (pack.remote && objects.delete(pack.key()) instanceof ObjectTier.Unavailable) {
      return false;
    }
    locked(() -> {
      if (pack.local) {
        localBytes -= pack.bytes;
      }
      pack.local = false;
      pack.remote = false;
      return packs.remove(pack.number);
    });
    disk.delete(pack.localPath());
    disk.delete(pack.indexPath());
    // Its number may be given again after a restart, so no trace of it may come back.
    disk.syncDirectory(Disk.directoryOf(pack.localPath()));
    return true;
  }

  /** Every record's place in a pack, also of dead ones; from its index, else from its records. */
  List<PackFormat.Entry> entries(Pack pack) throws IOException {
    try {
      ByteBuffer footer =
          pack.local
              ? footer(pack.localPath())
              : disk.read(pack.indexPath(), 0, ObjectTier.OBJECT_BYTES_MAX);
      Optional<List<PackFormat.Entry>> entries = PackFormat.entries(footer);
      if (entries.isPresent()) {
        return entries.get();
      }
    } catch (IOException e) {
      // Damaged or just gone to the object tier: then there is a second index, or the records.
    }
    Optional<List<PackFormat.Entry>> below =
        pack.remote
            ? RemoteIndex.footer(objects, pack.key(), pack.bytes).flatMap(PackFormat::entries)
            : Optional.empty();
    if (below.isPresent() || !pack.local) {
      return below.orElseThrow(
          () -> new IOException("index of pack %s can't be read".formatted(pack.name)));
    }
    return PackFormat.salvage(disk.read(pack.localPath(), 0, ObjectTier.OBJECT_BYTES_MAX)).stream()
        .map(record ->
            new PackFormat.Entry(record.id(), record.offset(), record.sealed().remaining()))
        .toList();
  }

  /** Tells of every pack, oldest first. */
  public void describe(BiConsumer<String, PackFacts> consumer) {
    Instant now = clock.instant();
    List<PackFacts> facts = new ArrayList<>();
    List<String> names = new ArrayList<>();
    state.lock();
    try {
      for (Pack pack : packs.values()) {
        names.add(pack.key());
        facts.add(
            new PackFacts(
                pack.temper,
                pack.bytes,
                pack.records,
                pack.liveRecords,
                pack.liveBytes,
                pack.local,
                pack.remote,
                pack.own(),
                pack.heat(now, rules.heatHalfLife())));
      }
    } finally {
      state.unlock();
    }
    for (int i = 0; i < facts.size(); i++) {
      consumer.accept(names.get(i), facts.get(i));
    }
  }
}
