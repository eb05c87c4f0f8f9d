package io.penumbra.sync.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/** Ways to write files so that they are there, whole, after a power cut. */
final class Durable {

  private Durable() {}

  /** Writes all of a buffer at a place in a file. */
  static void write(FileChannel file, ByteBuffer bytes, long at) throws IOException {
    long position = at;
    while (bytes.hasRemaining()) {
      position += file.write(bytes, position);
    }
  }

  /** Fills a buffer from a place in a file, and turns it around; false if the file ends before. */
  static boolean read(FileChannel file, ByteBuffer into, long at) throws IOException {
    int start = into.position();
    while (into.hasRemaining()) {
      if (file.read(into, at + into.position() - start) < 0) {
        return false;
      }
    }
    into.position(start);
    return true;
  }

  /** Replaces a file by another content, all at once. */
  static void replace(Path file, byte[] content) throws IOException {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try (FileChannel out = FileChannel.open(part, CREATE, WRITE, TRUNCATE_EXISTING)) {
      write(out, ByteBuffer.wrap(content), 0);
      out.force(true);
    }
    rename(part, file);
  }

  /** Gives a file that was forced its final name. */
  static void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    Path directory = to.getParent();
    if (directory != null) {
      forceDirectory(directory);
    }
  }

  /** Makes new names and removals in a directory survive. */
  static void forceDirectory(Path directory) throws IOException {
    try (FileChannel entries = FileChannel.open(directory, READ)) {
      entries.force(true);
    }
  }

  /** The files of a directory in order of their names; none if there is no such directory. */
  static List<Path> files(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }
}
