package io.penumbra.tiers.pack;

import io.penumbra.tiers.disk.Disk;
import io.penumbra.tiers.object.ObjectTier;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/** What a shelf does when it is opened: finds its packs, and ends those that a crash left open. */
final class ShelfRecovery {

  private static final String DIRECTORY = "packs";

  private final Disk disk;
  private final String owner;
  private final InstantSource clock;
  private final Consumer<String> notes;

  ShelfRecovery(Disk disk, String owner, InstantSource clock, Consumer<String> notes) {
    this.disk = disk;
    this.owner = owner;
    this.clock = clock;
    this.notes = notes;
  }

  void run(PackShelf shelf) throws IOException {
    disk.makeDirectories(DIRECTORY);
    SortedMap<Integer, PackName> onDisk = new TreeMap<>();
    SortedMap<Integer, PackName> indexed = new TreeMap<>();
    for (String file : disk.list(DIRECTORY)) {
      if (file.endsWith(".part")) {
        disk.delete(DIRECTORY + "/" + file);
      } else if (file.endsWith(".pack")) {
        PackName.parse(file.replace(".pack", ""))
            .ifPresent(name -> onDisk.put(name.number(), name));
      } else if (file.endsWith(".idx")) {
        PackName.parse(file.replace(".idx", ""))
            .ifPresent(name -> indexed.put(name.number(), name));
      }
    }
    Optional<SortedMap<Integer, Remote>> remote = remote(shelf.objects());
    SortedMap<Integer, PackName> all = new TreeMap<>(indexed);
    all.putAll(onDisk);
    remote.ifPresent(listed -> listed.forEach((number, entry) -> all.put(number, entry.name())));
    // In the order of numbers: where two packs hold a chunk, the later one counts.
    for (PackName name : all.values()) {
      shelf.reserve(name.number());
      adopt(shelf, name, onDisk.containsKey(name.number()), remote);
    }
  }

  private record Remote(PackName name, long bytes) {}

  /** What the object tier has of ours; empty if it doesn't answer. */
  private Optional<SortedMap<Integer, Remote>> remote(ObjectTier objects) {
    String prefix = DIRECTORY + "/" + owner + "/";
    return switch (objects.list(prefix)) {
      case ObjectTier.Listing.Entries(List<ObjectTier.Entry> entries) -> {
        SortedMap<Integer, Remote> found = new TreeMap<>();
        for (ObjectTier.Entry entry : entries) {
          PackName.parse(entry.key().substring(prefix.length()))
              .ifPresent(name -> found.put(name.number(), new Remote(name, entry.bytes())));
        }
        yield Optional.of(found);
      }
      case ObjectTier.Unavailable(String reason) -> {
        notes.accept("object tier is away; what only it has can't be read: " + reason);
        yield Optional.empty();
      }
    };
  }

  private void adopt(
      PackShelf shelf, PackName name, boolean onDisk, Optional<SortedMap<Integer, Remote>> remote)
      throws IOException {
    Pack pack = new Pack(name.number(), name, owner, clock.instant());
    Optional<Remote> there =
        remote.flatMap(listed -> Optional.ofNullable(listed.get(name.number())));
    Optional<List<PackFormat.Entry>> entries =
        onDisk ? local(pack) : evicted(shelf.objects(), pack, there);
    if (entries.isEmpty()) {
      return;
    }
    pack.sealed = true;
    if (onDisk) {
      pack.remote = there.filter(found -> found.bytes() == pack.bytes).isPresent();
    } else if (remote.isPresent() && there.isEmpty()) {
      notes.accept(
          "pack %s is in neither tier; its %d chunks are lost unless somebody puts them again"
              .formatted(name, entries.get().size()));
      disk.delete(pack.indexPath());
      return;
    } else {
      pack.remote = true;
    }
    shelf.adopt(pack, entries.get());
  }

  private Optional<List<PackFormat.Entry>> local(Pack pack) throws IOException {
    String path = pack.localPath();
    long bytes = disk.size(path);
    ByteBuffer trailer =
        disk.read(path, Math.max(0, bytes - PackFormat.TRAILER_BYTES), PackFormat.TRAILER_BYTES);
    Optional<Integer> footerBytes = PackFormat.footerBytes(trailer, bytes);
    if (footerBytes.isPresent()) {
      Optional<List<PackFormat.Entry>> entries =
          PackFormat.entries(disk.read(path, bytes - footerBytes.get(), footerBytes.get()));
      if (entries.isPresent()) {
        pack.local = true;
        pack.bytes = bytes;
        return entries;
      }
      notes.accept("index of %s is damaged; it is made anew from its records".formatted(path));
    }
    return rewrite(pack, disk.read(path, 0, ObjectTier.OBJECT_BYTES_MAX));
  }

  /** Keeps the whole records of a pack that has no end, and gives it one. */
  private Optional<List<PackFormat.Entry>> rewrite(Pack pack, ByteBuffer content)
      throws IOException {
    List<PackFormat.SealedRecord> records = PackFormat.salvage(content);
    if (records.isEmpty()) {
      disk.delete(pack.localPath());
      return Optional.empty();
    }
    List<PackFormat.Entry> entries = new ArrayList<>();
    String part = pack.localPath() + ".part";
    disk.delete(part);
    long written = 0;
    try (Disk.Appender file = disk.create(part)) {
      ByteBuffer header = PackFormat.header();
      written += header.remaining();
      file.append(header);
      for (PackFormat.SealedRecord record : records) {
        entries.add(new PackFormat.Entry(record.id(), (int) written, record.sealed().remaining()));
        ByteBuffer bytes = PackFormat.record(record.id(), record.sealed());
        written += bytes.remaining();
        file.append(bytes);
      }
      ByteBuffer footer = PackFormat.footer(entries, (int) written);
      written += footer.remaining();
      file.append(footer);
      file.force();
    }
    disk.rename(part, pack.localPath());
    disk.syncDirectory(DIRECTORY);
    pack.local = true;
    pack.bytes = written;
    return Optional.of(entries);
  }

  private Optional<List<PackFormat.Entry>> evicted(
      ObjectTier objects, Pack pack, Optional<Remote> there) throws IOException {
    Optional<List<PackFormat.Entry>> known = Optional.empty();
    if (disk.list(DIRECTORY).contains(pack.name + ".idx")) {
      ByteBuffer footer = disk.read(pack.indexPath(), 0, ObjectTier.OBJECT_BYTES_MAX);
      known = PackFormat.entries(footer);
      int last = footer.limit() - PackFormat.TRAILER_BYTES;
      pack.bytes = known.isEmpty() ? 0 : footer.getInt(last) + (long) footer.remaining();
    }
    if (known.isEmpty() && there.isPresent()) {
      pack.bytes = there.get().bytes();
      Optional<ByteBuffer> footer = RemoteIndex.footer(objects, pack.key(), pack.bytes);
      known = footer.flatMap(PackFormat::entries);
      if (footer.isPresent() && known.isPresent()) {
        disk.writeWhole(pack.indexPath(), footer.get());
      } else {
        notes.accept("index of object %s can't be read".formatted(pack.key()));
      }
    }
    return known;
  }
}
