package io.penumbra.simulator.hardware;

import io.penumbra.simulator.scenario.FailureCause;
import io.penumbra.simulator.scenario.InputFile;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.Year;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads failure records in the layout of Los Alamos National Laboratory (LA-UR-05-7318, "failure
 * data 1996-2005"): a header, then 26 comma-separated fields, blame in six of them; plain, gzip or
 * xz.
 */
public final class FieldRecords {

  private static final String HEADER =
      "System,machine type,nodes,procstot,procsinnode,nodenum,nodenumz,node install,node prod,"
          + "node decom,fru type,mem,cputype,memtype,num intercon,purpose,Prob Started,Prob Fixed,"
          + "Down Time,Facilities,Hardware,Human Error,Network,Undetermined,Software,Same Event";
  private static final List<String> NAMES = List.of(HEADER.split(","));
  private static final Pattern TIME =
      Pattern.compile("(\\d{1,2})/(\\d{1,2})/(\\d{4}) (\\d{1,2}):(\\d{2})");
  private static final Pattern MONTH_1990S = Pattern.compile("([A-Z][a-z]{2})-(9\\d)");
  private static final Pattern MONTH_2000S = Pattern.compile("(\\d)-([A-Z][a-z]{2})");
  private static final List<String> MONTHS =
      List.of("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec");

  private final InputFile file;
  private List<String> fields = List.of();

  private FieldRecords(InputFile file) {
    this.file = file;
  }

  /** All records of a file, in its order. */
  public static List<FieldRecord> read(Path path) {
    try (InputFile file = InputFile.open(path)) {
      return read(file);
    }
  }

  /** All records of an open file. */
  public static List<FieldRecord> read(InputFile file) {
    FieldRecords reader = new FieldRecords(file);
    reader.readHeader();
    List<FieldRecord> records = new ArrayList<>();
    while (file.next()) {
      records.add(reader.readRecord());
    }
    if (records.isEmpty()) {
      throw file.bad("records", "are missing; expected at least one line after the header");
    }
    return records;
  }

  private void readHeader() {
    if (!file.next()) {
      throw file.bad("header", "is missing: the file is empty; expected '%s'".formatted(HEADER));
    }
    List<String> header = split();
    for (int i = 0; i < NAMES.size(); i++) {
      String found = i < header.size() ? header.get(i) : "nothing";
      if (!found.equals(NAMES.get(i))) {
        throw file.bad(
            "header field " + (i + 1), "is '%s'; expected '%s'".formatted(found, NAMES.get(i)));
      }
    }
  }

  private FieldRecord readRecord() {
    fields = split();
    if (fields.size() != NAMES.size()) {
      throw file.bad(
          "record",
          "has %d fields; expected %d; maybe the file is cut short"
              .formatted(fields.size(), NAMES.size()));
    }
    LocalDateTime started = time("Prob Started");
    LocalDateTime fixed = time("Prob Fixed");
    if (fixed.isBefore(started)) {
      throw file.bad("Prob Fixed", "is %s, before Prob Started %s".formatted(fixed, started));
    }
    String node = get("nodenumz");
    return new FieldRecord(
        whole("System"),
        get("nodes").isEmpty() ? 0 : whole("nodes"),
        get("procsinnode").isEmpty() ? 0 : whole("procsinnode"),
        node.isEmpty() ? OptionalInt.empty() : OptionalInt.of(whole("nodenumz")),
        month("node prod"),
        month("node decom"),
        started,
        fixed,
        whole("Down Time"),
        !get("Facilities").isEmpty(),
        cause());
  }

  private String get(String name) {
    return fields.get(NAMES.indexOf(name));
  }

  private int whole(String name) {
    String text = get(name);
    try {
      int value = Integer.parseInt(text);
      if (value >= 0) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Said below, as for a negative number.
    }
    throw file.bad(name, "is '%s'; expected a whole number of 0 or more".formatted(text));
  }

  private LocalDateTime time(String name) {
    String text = get(name);
    Matcher matcher = TIME.matcher(text);
    if (matcher.matches()) {
      try {
        return LocalDateTime.of(
            part(matcher, 3),
            part(matcher, 1),
            part(matcher, 2),
            part(matcher, 4),
            part(matcher, 5));
      } catch (DateTimeException e) {
        throw file.bad(name, "is '%s': %s".formatted(text, e.getMessage()));
      }
    }
    throw file.bad(name, "is '%s'; expected month/day/year hour:minute".formatted(text));
  }

  private static int part(Matcher matcher, int group) {
    return Integer.parseInt(matcher.group(group));
  }

  /** A spreadsheet wrote these: {@code Nov-96} is November 1996, {@code 2-Mar} is March 2002. */
  private Optional<YearMonth> month(String name) {
    String text = get(name);
    if (text.isEmpty() || text.equals("before tracking") || text.equals("current")) {
      return Optional.empty();
    }
    Matcher nineties = MONTH_1990S.matcher(text);
    if (nineties.matches() && MONTHS.contains(nineties.group(1))) {
      return Optional.of(yearMonth(1900 + part(nineties, 2), nineties.group(1)));
    }
    Matcher twenties = MONTH_2000S.matcher(text);
    if (twenties.matches() && MONTHS.contains(twenties.group(2))) {
      return Optional.of(yearMonth(2000 + part(twenties, 1), twenties.group(2)));
    }
    throw file.bad(
        name,
        "is '%s'; expected a month like Nov-96 or 2-Mar, 'before tracking' or 'current'"
            .formatted(text));
  }

  private static YearMonth yearMonth(int year, String month) {
    return Year.of(year).atMonth(MONTHS.indexOf(month) + 1);
  }

  private FailureCause cause() {
    if (!get("Hardware").isEmpty()) {
      return part(get("Hardware").toLowerCase(Locale.ROOT));
    } else if (!get("Software").isEmpty()) {
      return FailureCause.SOFTWARE;
    } else if (!get("Network").isEmpty()) {
      return FailureCause.NETWORK;
    } else if (!get("Human Error").isEmpty()) {
      return FailureCause.HUMAN;
    } else if (!get("Facilities").isEmpty()) {
      return FailureCause.POWER_FEED;
    }
    return FailureCause.UNDETERMINED;
  }

  /** The records name a hundred kinds of part; these are the groups a host's telemetry can tell. */
  private static FailureCause part(String name) {
    if (name.contains("memory")) {
      return FailureCause.MEMORY;
    } else if (name.contains("cpu")) {
      return FailureCause.CPU;
    } else if (name.contains("power")) {
      return FailureCause.POWER_SUPPLY;
    } else if (containsAny(
        name, "interconnect", "ethernet", "gig e", "switch", "router", "network")) {
      return FailureCause.INTERCONNECT;
    } else if (containsAny(name, "disk", "drive", "scsi", "raid", "fibre", "san ")) {
      return FailureCause.DISK;
    } else if (containsAny(name, "board", "plane")) {
      return FailureCause.BOARD;
    }
    return FailureCause.OTHER_HARDWARE;
  }

  private static boolean containsAny(String text, String... words) {
    for (String word : words) {
      if (text.contains(word)) {
        return true;
      }
    }
    return false;
  }

  /** Fields between commas; a comma inside quotes belongs to its field. */
  private List<String> split() {
    List<String> parts = new ArrayList<>(NAMES.size());
    StringBuilder part = new StringBuilder();
    boolean quoted = false;
    String text = file.text();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        parts.add(part.toString().strip());
        part.setLength(0);
      } else {
        part.append(c);
      }
    }
    if (quoted) {
      throw file.bad("field " + (parts.size() + 1), "opens a quote that is not closed");
    }
    parts.add(part.toString().strip());
    return parts;
  }
}
