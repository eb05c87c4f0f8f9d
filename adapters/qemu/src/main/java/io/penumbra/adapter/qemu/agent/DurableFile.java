package io.penumbra.adapter.qemu.agent;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Replaces small files so that a crash leaves the old one or the new one. */
public final class DurableFile {

  private DurableFile() {}

  /** Durable on return, whatever becomes of the machine. */
  public static void replace(Path file, byte[] content) {
    replace(file, content, true);
  }

  /**
   * Replaces a file. Not forced, the machine may go back to the file before when it fails: enough
   * for what is said of processes that end with it. The content is on the disk in either case
   * before the file takes the name: what was forced before must not make way for an empty one.
   */
  public static void replace(Path file, byte[] content, boolean forced) {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    Path directory = directoryOf(file);
    try {
      Files.createDirectories(directory);
      try (FileChannel channel = FileChannel.open(part, CREATE, WRITE, TRUNCATE_EXISTING)) {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(forced);
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      if (forced) {
        force(directory);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file, e);
    }
  }

  /** The directory that a file is in. */
  static Path directoryOf(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException(file + " is no file in a directory");
    }
    return parent;
  }

  /** What was created or removed in a directory is durable on return. */
  static void force(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, READ)) {
      channel.force(true);
    }
  }
}
