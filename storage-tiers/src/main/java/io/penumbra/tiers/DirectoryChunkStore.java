package io.penumbra.tiers;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.penumbra.tiers.ChunkStore.Deletion.Deleted;
import io.penumbra.tiers.ChunkStore.Deletion.NothingThere;
import io.penumbra.tiers.ChunkStore.Got.Corrupt;
import io.penumbra.tiers.ChunkStore.Got.Found;
import io.penumbra.tiers.ChunkStore.Got.NotFound;
import io.penumbra.tiers.ChunkStore.Put.Full;
import io.penumbra.tiers.ChunkStore.Put.Stored;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Chunks as files of one directory, {@code ab/abcd...}: 256 folders by the first two digits, so
 * that none grows too long to list. A chunk is written aside, synced, and then renamed, so that
 * under its name there is the whole chunk or nothing. One process owns the directory at a time.
 */
public final class DirectoryChunkStore implements ChunkStore, AutoCloseable {

  private static final String INCOMING = "incoming";

  private final Path root;
  private final FileChannel lock;
  private final AtomicLong parts = new AtomicLong();

  private DirectoryChunkStore(Path root, FileChannel lock) {
    this.root = root;
    this.lock = lock;
  }

  /**
   * Opens a store, makes it if there is none, and clears away what a crash left half-written.
   *
   * @throws IllegalStateException if another process owns the directory
   */
  public static DirectoryChunkStore open(Path root) throws IOException {
    Files.createDirectories(root.resolve(INCOMING));
    FileChannel lock = FileChannel.open(root.resolve("lock"), CREATE, WRITE);
    if (!owns(lock)) {
      lock.close();
      throw new IllegalStateException(
          "chunk store %s is in use; maybe another Penumbra runs on the same directory"
              .formatted(root));
    }
    for (Path part : filesIn(root.resolve(INCOMING))) {
      Files.delete(part);
    }
    sync(root);
    return new DirectoryChunkStore(root, lock);
  }

  private static boolean owns(FileChannel channel) throws IOException {
    try {
      FileLock held = channel.tryLock();
      return held != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  @Override
  public Put put(ByteBuffer content) {
    if (content.remaining() > CHUNK_BYTES_MAX) {
      throw new IllegalArgumentException(
          "chunk of %d bytes; expected %d at most".formatted(content.remaining(), CHUNK_BYTES_MAX));
    }
    ChunkId id = ChunkId.of(content);
    // What is there already counts only if it can be read back; a damaged chunk is written anew.
    if (get(id) instanceof Found) {
      return new Stored(id, false);
    }
    try {
      write(id, content.duplicate());
      return new Stored(id, true);
    } catch (IOException e) {
      long free = root.toFile().getUsableSpace();
      return free < content.remaining()
          ? new Full(content.remaining(), free)
          : new Unavailable(String.valueOf(e));
    }
  }

  private void write(ChunkId id, ByteBuffer content) throws IOException {
    Path part = root.resolve(INCOMING).resolve(id + "." + parts.incrementAndGet());
    try {
      try (FileChannel file = FileChannel.open(part, CREATE_NEW, WRITE)) {
        while (content.hasRemaining()) {
          file.write(content);
        }
        file.force(true);
      }
      Path place = place(id);
      Path folder = root.resolve(id.value().substring(0, 2));
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(folder);
        sync(root);
      }
      Files.move(part, place, StandardCopyOption.ATOMIC_MOVE);
      sync(folder);
    } catch (IOException e) {
      Files.deleteIfExists(part);
      throw e;
    }
  }

  @Override
  public ChunkId name(ByteBuffer content) {
    return ChunkId.of(content);
  }

  @Override
  public Got get(ChunkId id) {
    Path place = place(id);
    try {
      long bytes = Files.size(place);
      if (bytes > CHUNK_BYTES_MAX) {
        // Too large to be a chunk, and maybe too large for memory: not even read.
        return new Corrupt(id, bytes, "larger than a chunk can be");
      }
      ByteBuffer content = ByteBuffer.wrap(Files.readAllBytes(place)).asReadOnlyBuffer();
      ChunkId actual = ChunkId.of(content);
      return actual.equals(id)
          ? new Found(content)
          : new Corrupt(id, content.remaining(), "its content has SHA-256 " + actual);
    } catch (NoSuchFileException e) {
      return new NotFound(id);
    } catch (IOException e) {
      return new Unavailable(String.valueOf(e));
    }
  }

  @Override
  public void list(Consumer<ChunkId> consumer) {
    try {
      for (Path folder : filesIn(root)) {
        String digits = String.valueOf(folder.getFileName());
        if (digits.length() == 2 && Files.isDirectory(folder)) {
          for (Path file : filesIn(folder)) {
            String name = String.valueOf(file.getFileName());
            if (ChunkId.isChunkId(name) && name.startsWith(digits)) {
              consumer.accept(new ChunkId(name));
            }
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Deletion delete(ChunkId id) {
    Path place = place(id);
    try {
      if (!Files.deleteIfExists(place)) {
        return new NothingThere(id);
      }
      sync(root.resolve(id.value().substring(0, 2)));
      return new Deleted(id);
    } catch (IOException e) {
      return new Unavailable(String.valueOf(e));
    }
  }

  /** Gives up the directory. */
  @Override
  public void close() throws IOException {
    lock.close();
  }

  private Path place(ChunkId id) {
    return root.resolve(id.value().substring(0, 2)).resolve(id.value());
  }

  private static List<Path> filesIn(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  /** Makes renames and deletions in a directory survive a power cut. */
  private static void sync(Path directory) throws IOException {
    try (FileChannel entries = FileChannel.open(directory, READ)) {
      entries.force(true);
    }
  }
}
