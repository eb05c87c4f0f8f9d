package io.penumbra.placement.log;

import io.penumbra.domain.BadInputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Optional;

/**
 * Reads a segment line by line and checks that nothing is missing: the snapshot is as long as
 * announced, generations and decision numbers have no gap. A last line without a line feed is what
 * a crash leaves behind; reading ends before it and {@link #torn} tells.
 */
final class SegmentReader implements AutoCloseable {

  private final SegmentFile segment;
  private final InputStream in;
  private final ByteArrayOutputStream buffer = new ByteArrayOutputStream(1024);
  private final byte[] chunk = new byte[1 << 16];
  private int chunkAt;
  private int chunkSize;
  private long nextOffset;
  private long offset;
  private long number;
  private int length;
  private boolean started;
  private int snapshotLeft;
  private long generation;
  private long nextDecision;
  private Optional<String> torn = Optional.empty();

  private SegmentReader(SegmentFile segment, InputStream in) {
    this.segment = segment;
    this.in = in;
  }

  /** Reads from the first line on. */
  static SegmentReader of(SegmentFile segment) {
    return new SegmentReader(segment, open(segment, 0));
  }

  /** Reads the lines after a decision that is known to be there. */
  static SegmentReader after(SegmentFile segment, DecisionEntry entry) {
    long end = entry.offset() + entry.length() + 1;
    SegmentReader reader = new SegmentReader(segment, open(segment, end));
    reader.nextOffset = end;
    reader.number = entry.line();
    reader.started = true;
    reader.generation = entry.generation();
    reader.nextDecision = entry.number() + 1;
    return reader;
  }

  private static InputStream open(SegmentFile segment, long from) {
    try {
      InputStream in = Files.newInputStream(segment.lines());
      in.skipNBytes(from);
      return in;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + segment.lines(), e);
    }
  }

  /** The next line, or empty at the end. */
  Optional<LogLine> next() {
    if (!readBytes()) {
      return Optional.empty();
    }
    LogLine line = LogFormat.readLine(segment.lines(), number, buffer.toByteArray());
    check(line);
    return Optional.of(line);
  }

  private boolean readBytes() {
    buffer.reset();
    try {
      while (!appendToLineEnd()) {
        chunkSize = in.read(chunk);
        chunkAt = 0;
        if (chunkSize < 0) {
          noteEnd();
          return false;
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + segment.lines(), e);
    }
    length = buffer.size();
    offset = nextOffset;
    nextOffset += length + 1L;
    number++;
    return true;
  }

  /** Takes bytes from the chunk up to the next line feed; true when there was one. */
  private boolean appendToLineEnd() {
    int end = chunkAt;
    while (end < chunkSize && chunk[end] != '\n') {
      end++;
    }
    buffer.write(chunk, chunkAt, Math.max(0, end - chunkAt));
    boolean found = end < chunkSize;
    chunkAt = found ? end + 1 : end;
    return found;
  }

  private void noteEnd() {
    if (buffer.size() > 0) {
      torn =
          Optional.of(
              "%s line %d is cut off after %d bytes and was ignored; the process that wrote it was probably stopped"
                  .formatted(segment.lines(), number + 1, buffer.size()));
    } else if (!started || snapshotLeft > 0) {
      torn =
          Optional.of(
              "%s ends before its fleet snapshot does and was ignored; the process that wrote it was probably stopped"
                  .formatted(segment.lines()));
    }
  }

  private void check(LogLine line) {
    if (!started) {
      if (!(line instanceof LogLine.SegmentStart start)) {
        throw damage("", "a line that begins the segment: {\"segmentStart\":...}");
      }
      begin(start);
      return;
    }
    switch (line) {
      case LogLine.SegmentStart _ -> throw damage("segmentStart", "only one per file");
      case LogLine.Snapshot _ -> {
        if (snapshotLeft-- <= 0) {
          throw damage("snapshot", "no more snapshot lines than segmentStart announced");
        }
      }
      case LogLine.Change change -> {
        snapshotComplete();
        expect("change.generation", generation + 1, change.generation());
        generation++;
      }
      case LogLine.Decision decision -> {
        snapshotComplete();
        expect("decision.number", nextDecision, decision.number());
        expect("decision.decision.generation", generation, decision.decision().generation());
        nextDecision++;
      }
    }
  }

  private void begin(LogLine.SegmentStart start) {
    expect("segmentStart.segment", segment.number(), start.segment());
    started = true;
    snapshotLeft = start.snapshotLines();
    generation = start.generation();
    nextDecision = start.firstDecision();
  }

  private void snapshotComplete() {
    if (snapshotLeft > 0) {
      throw damage("", "%d more snapshot lines; maybe lines are missing".formatted(snapshotLeft));
    }
  }

  private void expect(String field, long expected, long found) {
    if (expected != found) {
      throw damage(field, "%d, found %d; maybe lines are missing".formatted(expected, found));
    }
  }

  /** An error about the line just read. */
  BadInputException damage(String field, String expected) {
    return JsonDamage.at(segment.lines(), number, field, expected);
  }

  /** Offset of the line just read, in bytes. */
  long offset() {
    return offset;
  }

  /** Length of the line just read, in bytes without the line feed. */
  int length() {
    return length;
  }

  /** Number of the line just read, from 1. */
  long number() {
    return number;
  }

  /** The number of the decision that would come next. */
  long nextDecision() {
    return nextDecision;
  }

  /** What a crash left behind at the end, once the end was reached. */
  Optional<String> torn() {
    return torn;
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot close " + segment.lines(), e);
    }
  }
}
