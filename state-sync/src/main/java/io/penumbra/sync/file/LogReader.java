package io.penumbra.sync.file;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The log of a directory as it is now, read beside a receiver at work or by one that starts. Open
 * until closed.
 */
final class LogReader implements AutoCloseable {

  private final List<FileChannel> files = new ArrayList<>();
  private final List<EpochRecord> records = new ArrayList<>();
  private final List<Segment> segments = new ArrayList<>();

  private LogReader() {}

  static LogReader open(StateDirectory directory) throws IOException {
    LogReader reader = new LogReader();
    for (long number : directory.logFiles()) {
      reader.add(number, directory.log(number));
    }
    return reader;
  }

  private void add(long number, Path path) throws IOException {
    FileChannel file;
    try {
      file = FileChannel.open(path, READ);
    } catch (NoSuchFileException e) {
      // A receiver at work has just removed or reused it; what it held is not kept any more.
      return;
    }
    files.add(file);
    int first = records.size();
    long end = 0;
    Optional<EpochRecord> record = EpochRecord.at(file, 0, newest());
    while (record.isPresent()) {
      records.add(record.get());
      end = record.get().end();
      record = EpochRecord.at(file, end, newest());
    }
    segments.add(new Segment(number, first, records.size(), end));
  }

  private long newest() {
    return records.isEmpty() ? 0 : records.getLast().manifest().epoch();
  }

  /** All records, oldest first; the last may not be whole. */
  List<EpochRecord> records() {
    return records;
  }

  /** The files, in order. */
  List<Segment> segments() {
    return segments;
  }

  /** Removes the records of later epochs, newest first, so that a crash leaves no gap. */
  void removeAfter(long epoch, StateDirectory directory) throws IOException {
    for (Segment segment : segments.reversed()) {
      long keep = 0;
      for (EpochRecord record : records.subList(segment.first(), segment.beyond())) {
        keep = record.manifest().epoch() <= epoch ? record.end() : keep;
      }
      if (keep == 0) {
        Files.delete(directory.log(segment.number()));
      } else {
        try (FileChannel file = FileChannel.open(directory.log(segment.number()), WRITE)) {
          file.truncate(keep);
          file.force(true);
        }
      }
    }
    Durable.forceDirectory(directory.logs());
  }

  @Override
  public void close() throws IOException {
    for (FileChannel file : files) {
      file.close();
    }
  }

  /**
   * One file of the log.
   *
   * @param first its first record's place among all
   * @param beyond the place behind its last
   * @param end of its last record, in bytes
   */
  record Segment(long number, int first, int beyond, long end) {}
}
