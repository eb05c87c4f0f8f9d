package io.penumbra.app.train;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.HostId;
import io.penumbra.domain.telemetry.HostTelemetry;
import io.penumbra.domain.telemetry.HostTelemetry.ServiceHistory;
import io.penumbra.placement.risk.ObservedTelemetry;
import io.penumbra.placement.risk.TrainingData;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.zip.GZIPInputStream;

/**
 * Telemetry from a file: a line with the names of the columns ({@link Column}), then one line per
 * sample; comma-separated, without quotes; nothing between two commas is "not measured". May be
 * compressed ({@code .gz}). The first line that is not right ends the reading with its number.
 */
final class CsvTelemetry implements TrainingData, AutoCloseable {

  /** No line of 26 numbers is longer; a file without line ends is no reason to fill the heap. */
  private static final int LINE_CHARS_MAX = 8192;

  private final Path file;
  private final BufferedReader reader;
  private final Map<Column, Integer> places;
  private final int columns;
  private final long samplesAbout;
  private long line;

  /** The line to be read next; empty at the end of the file. */
  private String ahead;

  private CsvTelemetry(Path file, BufferedReader reader) throws IOException {
    this.file = file;
    this.reader = reader;
    List<String> titles = List.of(nextLine().split(",", -1));
    this.columns = titles.size();
    this.places = places(titles);
    this.ahead = nextLine();
    // As if all lines were as long as the first: exact enough for a progress bar.
    this.samplesAbout = isCompressed(file) ? 0 : Files.size(file) / (ahead.length() + 1);
  }

  /** Opens a file and reads its first line. */
  static CsvTelemetry open(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new BadInputException(
          file.toString(),
          Files.exists(file) ? "is not a file" : "there is no such file",
          "Check --csv; ./penumbra train --help says what such a file looks like.");
    }
    InputStream in = Files.newInputStream(file);
    try {
      InputStream plain = isCompressed(file) ? new GZIPInputStream(in, 1 << 16) : in;
      return new CsvTelemetry(
          file,
          new BufferedReader(
              new InputStreamReader(
                  plain,
                  StandardCharsets.UTF_8
                      .newDecoder()
                      .onMalformedInput(CodingErrorAction.REPORT)
                      .onUnmappableCharacter(CodingErrorAction.REPORT)),
              1 << 16));
    } catch (IOException e) {
      in.close();
      throw unreadable(file, 1, e);
    } catch (BadInputException e) {
      in.close();
      throw e;
    }
  }

  private static boolean isCompressed(Path file) {
    return file.toString().endsWith(".gz");
  }

  private static BadInputException unreadable(Path file, long line, IOException e) {
    return new BadInputException(
        file + ":" + line,
        "cannot be read on: " + e,
        "Maybe the file was cut short, or is not UTF-8 text.",
        e);
  }

  private Map<Column, Integer> places(List<String> titles) {
    Map<Column, Integer> found = new EnumMap<>(Column.class);
    for (int i = 0; i < titles.size(); i++) {
      String title = titles.get(i);
      Column column =
          Column.named(title)
              .orElseThrow(
                  () -> bad("column '" + title + "'", "is not known; expected " + Column.titles()));
      if (found.put(column, i) != null) {
        throw bad("column '" + title + "'", "is there twice; expected each once");
      }
    }
    for (Column column : Column.values()) {
      if (column.required() && !found.containsKey(column)) {
        throw bad("column '" + column.title() + "'", "is missing; expected it in the first line");
      }
    }
    return found;
  }

  @Override
  public String source() {
    return file.getFileName() == null ? file.toString() : file.getFileName().toString();
  }

  @Override
  public long samplesAbout() {
    return samplesAbout;
  }

  @Override
  public Iterator<ObservedTelemetry> samples() {
    return new Samples();
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }

  /** Reads one line ahead: that of {@link #ahead}. */
  private final class Samples implements Iterator<ObservedTelemetry> {
    @Override
    public boolean hasNext() {
      return !ahead.isEmpty();
    }

    @Override
    public ObservedTelemetry next() {
      if (!hasNext()) {
        throw new NoSuchElementException("all samples of " + file + " have been read");
      }
      ObservedTelemetry sample = new Line(ahead).sample();
      ahead = nextLine();
      return sample;
    }
  }

  /** The next line that is not empty; empty at the end of the file. */
  private String nextLine() {
    try {
      StringBuilder text = new StringBuilder();
      for (int c = reader.read(); c >= 0; c = reader.read()) {
        if (c == '\n') {
          line++;
          if (!text.isEmpty()) {
            return text.toString();
          }
        } else if (c != '\r' && c != '\uFEFF') {
          text.append((char) c);
          if (text.length() > LINE_CHARS_MAX) {
            line++;
            throw bad("line", "has more than %d characters".formatted(LINE_CHARS_MAX));
          }
        }
      }
      line++;
      return text.toString();
    } catch (IOException e) {
      throw unreadable(file, line + 1, e);
    }
  }

  private BadInputException bad(String what, String problem) {
    return new BadInputException(
        file + ":" + line, what + " " + problem, "./penumbra train --help lists the columns.");
  }

  /** One line, taken apart. */
  private final class Line {
    private final List<String> fields;

    Line(String text) {
      fields = new ArrayList<>(List.of(text.split(",", -1)));
      if (fields.size() != columns) {
        throw bad(
            "line",
            "has %d fields; expected %d as in the first line; maybe it was cut short"
                .formatted(fields.size(), columns));
      }
    }

    ObservedTelemetry sample() {
      double standsFor = places.containsKey(Column.STANDS_FOR) ? number(Column.STANDS_FOR) : 1;
      if (!(standsFor > 0)) {
        throw wrong(Column.STANDS_FOR, "a number above 0");
      }
      return new ObservedTelemetry(telemetry(), fate(), standsFor);
    }

    private ObservedTelemetry.Fate fate() {
      double untilFailure = number(Column.HOURS_UNTIL_FAILURE);
      double watched = number(Column.HOURS_WATCHED);
      if (!Double.isNaN(untilFailure)) {
        return new ObservedTelemetry.Failed(hours(untilFailure));
      }
      if (Double.isNaN(watched)) {
        throw bad(
            "hours_until_failure and hours_watched",
            "are both empty; expected how long until the host failed, or how long it was watched"
                + " without");
      }
      return new ObservedTelemetry.Survived(hours(watched));
    }

    private static Duration hours(double hours) {
      // A thousand years is as good as for ever, and does not overflow.
      return Duration.ofMillis(Math.round(Math.min(hours, 8_766_000) * 3_600_000));
    }

    private HostTelemetry telemetry() {
      return new HostTelemetry(
          HostId.of(name(Column.HOST)),
          at(),
          new HostTelemetry.Load(number(Column.CPU_LOAD), number(Column.MEMORY_LOAD)),
          new HostTelemetry.MemoryHealth(
              number(Column.MEMORY_CORRECTED_LAST_DAY), number(Column.MEMORY_CORRECTED_TOTAL)),
          new HostTelemetry.DiskHealth(
              number(Column.SMART_5),
              number(Column.SMART_187),
              number(Column.SMART_188),
              number(Column.SMART_197),
              number(Column.SMART_198),
              number(Column.DISK_NEW_DEFECTS_LAST_DAY)),
          new HostTelemetry.Thermal(
              number(Column.INLET_CELSIUS), number(Column.CPU_CELSIUS), number(Column.FAN_SHARE)),
          history(),
          new HostTelemetry.Guests(
              number(Column.GUEST_MEMORY_PRESSURE_WORST),
              number(Column.GUEST_CRASHES_LAST_DAY),
              number(Column.GUEST_IO_ERRORS_LAST_DAY),
              number(Column.GUEST_STEAL_WORST)));
    }

    private ServiceHistory history() {
      return new ServiceHistory(
          number(Column.AGE_HOURS),
          number(Column.PAST_FAILURES),
          number(Column.HOURS_SINCE_REPAIR),
          text(Column.FIRMWARE).isEmpty()
              ? ServiceHistory.FIRMWARE_UNKNOWN
              : name(Column.FIRMWARE));
    }

    private String text(Column column) {
      Integer place = places.get(column);
      return place == null ? "" : fields.get(place);
    }

    private String name(Column column) {
      String text = text(column);
      if (text.isEmpty()
          || text.length() > 255
          || text.indexOf('"') >= 0
          || text.chars().anyMatch(c -> c <= ' ' || Character.isISOControl(c))) {
        throw wrong(column, column.kind().expected());
      }
      return text;
    }

    private double number(Column column) {
      String text = text(column);
      if (text.isEmpty()) {
        return Double.NaN;
      }
      try {
        double value = Double.parseDouble(text);
        if (column.kind().allows(value)) {
          return value;
        }
      } catch (NumberFormatException e) {
        // Said below, as for a number that is out of range.
      }
      throw wrong(column, column.kind().expected());
    }

    private Instant at() {
      String text = text(Column.AT);
      try {
        return text.isEmpty() ? Instant.EPOCH : Instant.parse(text);
      } catch (DateTimeParseException e) {
        throw wrong(Column.AT, Column.AT.kind().expected());
      }
    }

    private BadInputException wrong(Column column, String expected) {
      return bad(column.title(), "is '%s'; expected %s".formatted(text(column), expected));
    }
  }
}
