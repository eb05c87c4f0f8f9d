package io.penumbra.tiers.disk;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/** A directory of this machine. */
public final class LocalDisk implements Disk {

  private final Path root;

  /** The disk in this directory, which exists. */
  public LocalDisk(Path root) {
    this.root = root;
  }

  @Override
  public Appender create(String path) throws IOException {
    return new ChannelAppender(FileChannel.open(root.resolve(path), CREATE_NEW, WRITE));
  }

  @Override
  public ByteBuffer read(String path, long offset, int length) throws IOException {
    try (FileChannel channel = FileChannel.open(root.resolve(path), READ)) {
      long there = Math.max(0, Math.min(length, channel.size() - offset));
      ByteBuffer bytes = ByteBuffer.allocate((int) there);
      while (bytes.hasRemaining() && channel.read(bytes, offset + bytes.position()) >= 0) {
        // Until it is full, or the file was cut meanwhile.
      }
      return bytes.flip();
    }
  }

  @Override
  public long size(String path) throws IOException {
    return Files.size(root.resolve(path));
  }

  @Override
  public void rename(String from, String to) throws IOException {
    Files.move(root.resolve(from), root.resolve(to), StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void renameToNew(String from, String to) throws IOException {
    // A hard link is the only way POSIX has to take a name that must be free.
    Files.createLink(root.resolve(to), root.resolve(from));
    Files.delete(root.resolve(from));
  }

  @Override
  public boolean delete(String path) throws IOException {
    return Files.deleteIfExists(root.resolve(path));
  }

  @Override
  public List<String> list(String directory) throws IOException {
    Path listed = root.resolve(directory);
    if (!Files.isDirectory(listed)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(listed)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  @Override
  public boolean isDirectory(String path) {
    return Files.isDirectory(root.resolve(path));
  }

  @Override
  public void makeDirectories(String directory) throws IOException {
    Path wanted = root.resolve(directory);
    if (Files.isDirectory(wanted)) {
      return;
    }
    String above = Disk.directoryOf(directory);
    if (!directory.isEmpty()) {
      makeDirectories(above);
    }
    Files.createDirectories(wanted);
    syncDirectory(above);
  }

  @Override
  public void syncDirectory(String directory) throws IOException {
    try (FileChannel entries = FileChannel.open(root.resolve(directory), READ)) {
      entries.force(true);
    }
  }

  @Override
  public long usableBytes() throws IOException {
    return Files.getFileStore(root).getUsableSpace();
  }

  private record ChannelAppender(FileChannel channel) implements Appender {

    @Override
    public void append(ByteBuffer bytes) throws IOException {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }

    @Override
    public void force() throws IOException {
      channel.force(true);
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
