package io.penumbra.tiers.object;

import io.penumbra.tiers.disk.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Objects as files: the object tier of a machine that has no object store. Each is written aside,
 * forced, and then given its name, so under a key there is the whole object or none.
 */
public final class DirectoryObjects implements ObjectTier {

  private static final String INCOMING = "incoming";
  private static final String OBJECTS = "objects";

  private final Disk disk;
  private final String writer;
  private final String name;
  private final AtomicLong parts = new AtomicLong();

  private DirectoryObjects(Disk disk, String writer, String name) {
    this.disk = disk;
    this.writer = writer;
    this.name = name;
  }

  /**
   * Opens the directory, and clears away what this writer's crash left half-written.
   *
   * @param writer who writes, in a few letters; several may share a directory
   * @param name what a person calls it
   */
  public static DirectoryObjects open(Disk disk, String writer, String name) throws IOException {
    disk.makeDirectories(INCOMING);
    disk.makeDirectories(OBJECTS);
    for (String part : disk.list(INCOMING)) {
      if (part.startsWith(writer + ".")) {
        disk.delete(INCOMING + "/" + part);
      }
    }
    return new DirectoryObjects(disk, writer, name);
  }

  @Override
  public Write put(String key, ByteBuffer content) {
    return write(key, content, false);
  }

  @Override
  public Write putIfAbsent(String key, ByteBuffer content) {
    return write(key, content, true);
  }

  private Write write(String key, ByteBuffer content, boolean onlyNew) {
    String path = path(key);
    String part = INCOMING + "/" + writer + "." + parts.incrementAndGet();
    try {
      try (Disk.Appender file = disk.create(part)) {
        file.append(content.duplicate());
        file.force();
      }
      return name(part, path, onlyNew);
    } catch (IOException e) {
      forget(part);
      return refused(content.remaining(), e);
    }
  }

  private Write name(String part, String path, boolean onlyNew) throws IOException {
    String directory = Disk.directoryOf(path);
    disk.makeDirectories(directory);
    if (onlyNew) {
      try {
        disk.renameToNew(part, path);
      } catch (FileAlreadyExistsException e) {
        forget(part);
        return new Write.Exists();
      }
    } else {
      disk.rename(part, path);
    }
    disk.syncDirectory(directory);
    return new Write.Written();
  }

  private Write refused(long bytes, IOException failure) {
    try {
      long free = disk.usableBytes();
      if (free < bytes) {
        return new Write.Full("%d bytes asked, %d free in %s".formatted(bytes, free, name));
      }
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
    return new Unavailable(name + ": " + failure);
  }

  private void forget(String part) {
    try {
      disk.delete(part);
    } catch (IOException e) {
      // The next opening clears it away.
    }
  }

  @Override
  public Fetch get(String key) {
    return get(key, 0, OBJECT_BYTES_MAX);
  }

  @Override
  public Fetch get(String key, long offset, int length) {
    try {
      return new Fetch.Content(disk.read(path(key), offset, length));
    } catch (NoSuchFileException e) {
      return new Fetch.Missing();
    } catch (IOException e) {
      return new Unavailable(name + ": " + e);
    }
  }

  @Override
  public Listing list(String prefix) {
    int slash = prefix.lastIndexOf('/');
    List<Entry> entries = new ArrayList<>();
    try {
      collect(slash < 0 ? "" : prefix.substring(0, slash), prefix, entries);
    } catch (IOException e) {
      return new Unavailable(name + ": " + e);
    }
    entries.sort(Comparator.comparing(Entry::key));
    return new Listing.Entries(entries);
  }

  private void collect(String directory, String prefix, List<Entry> entries) throws IOException {
    for (String child : disk.list(OBJECTS + "/" + directory)) {
      String key = directory.isEmpty() ? child : directory + "/" + child;
      if (disk.isDirectory(OBJECTS + "/" + key)) {
        if (key.startsWith(prefix) || prefix.startsWith(key + "/")) {
          collect(key, prefix, entries);
        }
      } else if (key.startsWith(prefix)) {
        size(key, entries);
      }
    }
  }

  private void size(String key, List<Entry> entries) throws IOException {
    try {
      entries.add(new Entry(key, disk.size(path(key))));
    } catch (NoSuchFileException e) {
      // Deleted while we listed: then it doesn't belong in the listing.
    }
  }

  @Override
  public Erasure delete(String key) {
    String path = path(key);
    try {
      if (disk.delete(path)) {
        disk.syncDirectory(Disk.directoryOf(path));
      }
      return new Erasure.Gone();
    } catch (IOException e) {
      return new Unavailable(name + ": " + e);
    }
  }

  @Override
  public String describe() {
    return name;
  }

  @Override
  public void close() {
    // Nothing is held open.
  }

  private static String path(String key) {
    for (String part : key.split("/", -1)) {
      if (part.isEmpty() || part.startsWith(".")) {
        throw new IllegalArgumentException("key '%s' has an empty or dotted part".formatted(key));
      }
    }
    return OBJECTS + "/" + key;
  }
}
