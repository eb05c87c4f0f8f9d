package io.penumbra.placement.log;

import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The decisions of one segment. They come from the index file as far as it goes and as far as its
 * checksum says that the segment is still what was indexed; the rest is read from the segment, line
 * by line, so that damage is found wherever it is.
 *
 * @param entries in order
 * @param lastDecision number of the newest decision, that of an earlier segment when this one has
 *     none, 0 when there is none at all
 * @param notes what a reader should know: a line that was cut off
 */
record SegmentIndex(
    SegmentFile segment, List<DecisionEntry> entries, long lastDecision, List<String> notes) {

  SegmentIndex {
    entries = List.copyOf(entries);
    notes = List.copyOf(notes);
  }

  /**
   * One line of an index file.
   *
   * @param checksum CRC-32C of the segment's bytes from the start to the end of the entry's line,
   *     line feed included
   */
  record Line(DecisionEntry entry, long checksum) {}

  static SegmentIndex of(SegmentFile segment) {
    List<DecisionEntry> entries = new ArrayList<>(indexed(segment));
    try (SegmentReader reader =
        entries.isEmpty()
            ? SegmentReader.of(segment)
            : SegmentReader.after(segment, entries.getLast())) {
      for (Optional<LogLine> line = reader.next(); line.isPresent(); line = reader.next()) {
        if (line.get() instanceof LogLine.Decision decision) {
          entries.add(
              DecisionEntry.of(
                  decision.logged(),
                  segment.number(),
                  reader.offset(),
                  reader.length(),
                  reader.number()));
        }
      }
      return new SegmentIndex(
          segment,
          entries,
          Math.max(0, reader.nextDecision() - 1),
          reader.torn().stream().toList());
    }
  }

  /** What the index file says, or nothing when there is none or the segment isn't what it was. */
  private static List<DecisionEntry> indexed(SegmentFile segment) {
    List<Line> lines = readable(segment);
    if (lines.isEmpty()) {
      return List.of();
    }
    DecisionEntry last = lines.getLast().entry();
    long end = last.offset() + last.length() + 1;
    return checksum(segment, end).filter(sum -> sum == lines.getLast().checksum()).isPresent()
        ? lines.stream().map(Line::entry).toList()
        : List.of();
  }

  private static List<Line> readable(SegmentFile segment) {
    List<Line> lines = new ArrayList<>();
    if (!Files.exists(segment.index())) {
      return lines;
    }
    try {
      for (String text :
          Files.readString(segment.index(), StandardCharsets.UTF_8).split("\n", -1)) {
        lines.add(
            LogFormat.readIndexLine(
                segment.index(), lines.size() + 1, text.getBytes(StandardCharsets.UTF_8)));
      }
    } catch (IOException | BadInputException e) {
      // The index ends where it can't be read any more, at the latest after its last line feed;
      // the segment knows the rest.
      return lines;
    }
    return lines;
  }

  private static Optional<Long> checksum(SegmentFile segment, long bytes) {
    CRC32C sum = new CRC32C();
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(segment.lines())) {
      long left = bytes;
      while (left > 0) {
        int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
        if (read < 0) {
          return Optional.empty();
        }
        sum.update(buffer, 0, read);
        left -= read;
      }
      return Optional.of(sum.getValue());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + segment.lines(), e);
    }
  }
}
