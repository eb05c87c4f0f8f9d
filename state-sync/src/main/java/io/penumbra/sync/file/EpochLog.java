package io.penumbra.sync.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.penumbra.sync.epoch.EpochManifest;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Epochs one behind the other in files of some size. An epoch is durable after one write and one
 * fdatasync, and the same bytes are what an older epoch is restored from later: nothing is written
 * twice. A file whose epochs are not kept any more is used again, so that in the long run blocks
 * are overwritten in place and the file system has nothing to note down.
 */
final class EpochLog implements AutoCloseable {

  /** A file that has grown to this gets no further record. */
  private static final long FILE_BYTES = 256L << 20;

  private static final int FILE_RECORDS = 256;

  private final StateDirectory directory;
  private final Retention retention;
  private final LogBounds bounds;
  private final Deque<Entry> kept = new ArrayDeque<>();
  private final Deque<Used> files = new ArrayDeque<>();
  private FileChannel file;
  private long fileNumber;
  private int fileRecords;
  private long end;
  private long keptBytes;

  private EpochLog(StateDirectory directory, Retention retention, LogBounds bounds, long number)
      throws IOException {
    this.directory = directory;
    this.retention = retention;
    this.bounds = bounds;
    fileNumber = number;
    file = FileChannel.open(directory.log(number), CREATE, READ, WRITE);
    Durable.forceDirectory(directory.logs());
  }

  /**
   * Goes on behind these records.
   *
   * @param whole how many of them are whole; those after are overwritten
   */
  static EpochLog after(
      LogReader reader, int whole, StateDirectory directory, Retention retention, LogBounds bounds)
      throws IOException {
    List<LogReader.Segment> segments = reader.segments();
    LogReader.Segment last =
        segments.isEmpty() ? new LogReader.Segment(1, 0, 0, 0) : segments.getLast();
    EpochLog log = new EpochLog(directory, retention, bounds, last.number());
    for (LogReader.Segment segment : segments) {
      long newest = 0;
      for (int i = segment.first(); i < Math.min(whole, segment.beyond()); i++) {
        EpochRecord record = reader.records().get(i);
        newest = record.manifest().epoch();
        log.keep(newest, record.bytes());
        log.end = record.end();
        log.fileRecords++;
      }
      if (segment.number() != last.number()) {
        log.files.add(new Used(segment.number(), newest));
        log.end = 0;
        log.fileRecords = 0;
      }
    }
    return log;
  }

  private void keep(long epoch, long bytes) {
    kept.add(new Entry(epoch, bytes));
    keptBytes += bytes;
  }

  /** The file that the next record goes into. */
  FileChannel file() {
    return file;
  }

  /** Where in it. */
  long end() {
    return end;
  }

  /** A record was made durable there. */
  void appended(EpochManifest manifest, long recordEnd) throws IOException {
    keep(manifest.epoch(), recordEnd - end);
    end = recordEnd;
    fileRecords++;
    forget();
  }

  /** Forgets the oldest epochs beyond what is to be kept. */
  private void forget() throws IOException {
    while (kept.size() > 1
        && (kept.size() > retention.epochsMax() || keptBytes > retention.bytesMax())) {
      keptBytes -= kept.remove().bytes();
    }
    bounds.oldest(kept.element().epoch());
  }

  boolean isFull() {
    return end >= FILE_BYTES || fileRecords >= FILE_RECORDS;
  }

  /** Begins another file: one whose epochs are not kept any more, or a new one. */
  void nextFile() throws IOException {
    file.close();
    files.add(new Used(fileNumber, kept.isEmpty() ? 0 : kept.getLast().epoch()));
    fileNumber++;
    removeUnused();
    file = FileChannel.open(directory.log(fileNumber), CREATE, READ, WRITE);
    Durable.forceDirectory(directory.logs());
    end = 0;
    fileRecords = 0;
  }

  private void removeUnused() throws IOException {
    boolean reused = false;
    while (!files.isEmpty() && isUnused(files.element())) {
      Used unused = files.remove();
      if (reused) {
        Files.delete(directory.log(unused.number()));
      } else {
        // What is left in it is of older epochs, and known by that.
        Files.move(
            directory.log(unused.number()),
            directory.log(fileNumber),
            StandardCopyOption.ATOMIC_MOVE);
        reused = true;
      }
    }
  }

  private boolean isUnused(Used used) {
    return used.newest() < kept.element().epoch() && used.newest() <= bounds.imageHolds();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  private record Entry(long epoch, long bytes) {}

  /** A file that gets no further record, and the newest epoch in it. */
  private record Used(long number, long newest) {}
}
