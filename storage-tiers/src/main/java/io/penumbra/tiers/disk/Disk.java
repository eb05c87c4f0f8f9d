package io.penumbra.tiers.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.util.List;

/**
 * A local file system under one root, as POSIX promises it: content is durable after {@link
 * Appender#force()}, names are durable after {@link #syncDirectory}. Paths are relative and use
 * slashes.
 */
public interface Disk {

  /**
   * A new file to append to.
   *
   * @throws FileAlreadyExistsException if there is one
   */
  Appender create(String path) throws IOException;

  /**
   * Reads a part of a file; less if it ends before.
   *
   * @throws java.nio.file.NoSuchFileException if there is none
   */
  ByteBuffer read(String path, long offset, int length) throws IOException;

  /**
   * A file's length in bytes.
   *
   * @throws java.nio.file.NoSuchFileException if there is none
   */
  long size(String path) throws IOException;

  /** Gives a file another name, in place of whatever has it. */
  void rename(String from, String to) throws IOException;

  /**
   * Gives a file another name.
   *
   * @throws FileAlreadyExistsException if a file has that name; then nothing changes
   */
  void renameToNew(String from, String to) throws IOException;

  /** Removes a file; false if there was none. */
  boolean delete(String path) throws IOException;

  /**
   * Names of files and directories in a directory, in order; none if there is no such directory.
   */
  List<String> list(String directory) throws IOException;

  /** Whether there is a directory of this name. */
  boolean isDirectory(String path) throws IOException;

  /** Makes a directory and those above it, durably. */
  void makeDirectories(String directory) throws IOException;

  /** Makes every change of names in a directory durable. */
  void syncDirectory(String directory) throws IOException;

  /** Bytes that can still be written. */
  long usableBytes() throws IOException;

  /** A file that grows. Not for several threads at once. */
  interface Appender extends AutoCloseable {

    /** Writes all of the buffer to the end. */
    void append(ByteBuffer bytes) throws IOException;

    /** Makes everything durable that was appended before. May run beside {@code append}. */
    void force() throws IOException;

    @Override
    void close() throws IOException;
  }

  /** Writes a whole file durably under its final name: aside, forced, renamed, directory synced. */
  default void writeWhole(String path, ByteBuffer content) throws IOException {
    String part = path + ".part";
    delete(part);
    try (Appender file = create(part)) {
      file.append(content.duplicate());
      file.force();
    }
    rename(part, path);
    syncDirectory(directoryOf(path));
  }

  /** The directory that a path is in; empty for the root. */
  static String directoryOf(String path) {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }
}
