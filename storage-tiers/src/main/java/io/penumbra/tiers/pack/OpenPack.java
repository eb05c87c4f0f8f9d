package io.penumbra.tiers.pack;

import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.disk.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A pack that still grows. One thread at a time appends; any number may wait for durability, and
 * one force serves all who wait (group commit).
 */
final class OpenPack {

  private final Disk.Appender file;
  private final List<PackFormat.Entry> entries = new ArrayList<>();
  private final Object committing = new Object();
  private long position;
  private volatile long written;
  private volatile long forced;
  private volatile boolean failed;

  private OpenPack(Disk.Appender file) {
    this.file = file;
  }

  /** Begins a pack; its name is durable before anything is answered for. */
  static OpenPack create(Disk disk, String path) throws IOException {
    OpenPack pack = new OpenPack(disk.create(path));
    pack.append(PackFormat.header());
    disk.syncDirectory(Disk.directoryOf(path));
    return pack;
  }

  /** Adds a record, not yet durable; answers where it is. */
  PackFormat.Entry append(ChunkId id, ByteBuffer sealed) throws IOException {
    PackFormat.Entry entry = new PackFormat.Entry(id, (int) position, sealed.remaining());
    append(PackFormat.record(id, sealed));
    entries.add(entry);
    return entry;
  }

  private void append(ByteBuffer bytes) throws IOException {
    if (failed) {
      throw new IOException("an earlier write to this pack failed");
    }
    int length = bytes.remaining();
    try {
      file.append(bytes);
    } catch (IOException e) {
      failed = true;
      throw e;
    }
    position += length;
    written = position;
  }

  /** Returns when everything up to here is durable. */
  void commit(long end) throws IOException {
    if (forced >= end) {
      return;
    }
    synchronized (committing) {
      if (forced >= end) {
        return;
      }
      // After a failed force the kernel may have dropped the dirty pages and report success next
      // time ("fsyncgate", 2018): what isn't durable by now never counts as durable.
      if (failed) {
        throw new IOException("an earlier write to this pack failed");
      }
      long upTo = written;
      try {
        file.force();
      } catch (IOException e) {
        failed = true;
        throw e;
      }
      forced = upTo;
    }
  }

  /** Ends the pack: index, trailer, forced. */
  void seal() throws IOException {
    append(PackFormat.footer(entries, (int) written));
    commit(written);
    file.close();
  }

  /** Lets go of a pack that failed. What was durable stays readable. */
  void abandon() {
    failed = true;
    try {
      file.close();
    } catch (IOException e) {
      // It failed already; whoever noticed has told.
    }
  }

  long written() {
    return written;
  }

  long forced() {
    return forced;
  }

  List<PackFormat.Entry> entries() {
    return List.copyOf(entries);
  }
}
