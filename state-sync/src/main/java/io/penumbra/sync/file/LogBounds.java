package io.penumbra.sync.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import com.dynatrace.hash4j.hashing.Hashing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Up to which epoch the image is durable, and which is the oldest that is kept; in a small file
 * that is overwritten in place. If it is torn or gone, nothing is lost: then all of the log is done
 * again. Several threads may use one.
 */
final class LogBounds implements AutoCloseable {

  private static final int BYTES = 24;

  private final FileChannel file;
  private long imageHolds;
  private long oldest;

  private LogBounds(FileChannel file, long imageHolds, long oldest) {
    this.file = file;
    this.imageHolds = imageHolds;
    this.oldest = oldest;
  }

  static LogBounds open(Path path) throws IOException {
    FileChannel file = FileChannel.open(path, CREATE, READ, WRITE);
    return read(file);
  }

  /** The oldest epoch that is kept, as told by the receiver at work. */
  static long oldest(Path path) throws IOException {
    if (!Files.exists(path)) {
      return 0;
    }
    try (FileChannel file = FileChannel.open(path, READ)) {
      return read(file).oldest();
    }
  }

  /** The epoch up to which the image is durable, as told by the receiver at work. */
  static long imageHolds(Path path) throws IOException {
    if (!Files.exists(path)) {
      return 0;
    }
    try (FileChannel file = FileChannel.open(path, READ)) {
      return read(file).imageHolds();
    }
  }

  private static LogBounds read(FileChannel file) throws IOException {
    ByteBuffer in = ByteBuffer.allocate(BYTES);
    if (Durable.read(file, in, 0) && check(in.getLong(0), in.getLong(8)) == in.getLong(16)) {
      return new LogBounds(file, in.getLong(0), in.getLong(8));
    }
    return new LogBounds(file, 0, 0);
  }

  private static long check(long imageHolds, long oldest) {
    return Hashing.xxh3_64().hashLongLongToLong(imageHolds, oldest);
  }

  synchronized long imageHolds() {
    return imageHolds;
  }

  synchronized long oldest() {
    return oldest;
  }

  /** The image is durable up to this epoch. */
  synchronized void imageHolds(long epoch) throws IOException {
    imageHolds = epoch;
    write();
    file.force(false);
  }

  /** Epochs before this one are not kept; a crash may bring them back. */
  synchronized void oldest(long epoch) throws IOException {
    if (oldest != epoch) {
      oldest = epoch;
      write();
    }
  }

  private void write() throws IOException {
    ByteBuffer out = ByteBuffer.allocate(BYTES).putLong(imageHolds).putLong(oldest);
    Durable.write(file, out.putLong(check(imageHolds, oldest)).flip(), 0);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
