package io.penumbra.simulator.workload;

import io.penumbra.simulator.scenario.InputFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * A trace of VM arrivals as it stands in its files, nothing drawn, nothing scaled: the Azure Public
 * Dataset V1 (Cortez et al., SOSP 2017) in the form of Bergsma et al. (SOSP 2021).
 *
 * <p>Arrivals: a line per five minutes, {@code 600 g,|,a,|,g,g,|,}: the seconds at which the five
 * minutes end, then one letter per VM, each tenant's batch closed by a bar. Durations: the same
 * lines with {@code U12} (lived as long as bin 12 says) or {@code C12} (had lived as long when the
 * trace ended, right-censored) in the place of each letter.
 */
public final class AzureTrace {

  /** A VM without a recorded duration. */
  static final byte NO_BIN = -1;

  private static final int BINS_MAX = 127;

  private final String source;
  private final FlavorMap flavors;
  private final DurationBins bins;
  private final boolean durations;
  private int size;
  private int batches;
  private int[] second = new int[1 << 14];
  private int[] batch = new int[1 << 14];
  private byte[] flavor = new byte[1 << 14];
  private byte[] bin = new byte[1 << 14];
  private boolean[] censored = new boolean[1 << 14];

  private AzureTrace(String source, FlavorMap flavors, DurationBins bins, boolean durations) {
    this.source = source;
    this.flavors = flavors;
    this.bins = bins;
    this.durations = durations;
  }

  /** Reads arrivals, and durations when there are any. */
  public static AzureTrace read(
      Path arrivals, Optional<Path> durations, FlavorMap flavors, DurationBins bins) {
    try (InputFile file = InputFile.open(arrivals)) {
      if (durations.isEmpty()) {
        return read(file, Optional.empty(), flavors, bins);
      }
      try (InputFile second = InputFile.open(durations.orElseThrow())) {
        return read(file, Optional.of(second), flavors, bins);
      }
    }
  }

  /** Reads open files. */
  public static AzureTrace read(
      InputFile arrivals, Optional<InputFile> durations, FlavorMap flavors, DurationBins bins) {
    String source = arrivals.name() + durations.map(file -> " with " + file.name()).orElse("");
    AzureTrace trace = new AzureTrace(source, flavors, bins, durations.isPresent());
    long last = -1;
    while (arrivals.next()) {
      int before = trace.size;
      long at = trace.readArrivals(arrivals, last);
      if (durations.isPresent()) {
        trace.readDurations(durations.orElseThrow(), at, before);
      }
      last = at;
    }
    if (trace.size == 0) {
      throw arrivals.bad("arrivals", "are missing; expected lines like '300 g,|,b,m,|,'");
    }
    if (durations.isPresent() && durations.orElseThrow().next()) {
      throw durations
          .orElseThrow()
          .bad("line", "has no partner: %s ends before it".formatted(arrivals.name()));
    }
    return trace;
  }

  private long readArrivals(InputFile file, long last) {
    String text = file.text();
    int space = text.indexOf(' ');
    long at = seconds(file, space < 0 ? text : text.substring(0, space), last);
    boolean open = false;
    int position = space < 0 ? text.length() : space + 1;
    while (position < text.length()) {
      char c = text.charAt(position);
      if (c == '|') {
        if (!open) {
          throw file.bad(where(position), "closes a batch with no VM in it");
        }
        batches++;
        open = false;
      } else {
        int index = flavors.indexOf(c);
        if (index < 0) {
          throw file.bad(
              where(position),
              "is flavour '%c'; expected one of %s or '|'".formatted(c, flavors.letters()));
        }
        add((int) at, (byte) index);
        open = true;
      }
      position = afterComma(file, text, position + 1);
    }
    if (open) {
      throw file.bad(where(text.length()), "leaves a batch open; maybe the file is cut short");
    }
    return at;
  }

  private void readDurations(InputFile file, long at, int first) {
    if (!file.next()) {
      throw file.bad("line", "is missing: the durations end before the arrivals");
    }
    String text = file.text();
    int space = text.indexOf(' ');
    long own = seconds(file, space < 0 ? text : text.substring(0, space), -1);
    if (own != at) {
      throw file.bad("seconds", "is %d; the arrivals have %d here".formatted(own, at));
    }
    int vm = first;
    int position = space < 0 ? text.length() : space + 1;
    while (position < text.length()) {
      char c = text.charAt(position);
      if (c == '|') {
        if (vm < size && vm > first && batch[vm] == batch[vm - 1]) {
          throw file.bad(where(position), "closes a batch that goes on in the arrivals");
        }
        position = afterComma(file, text, position + 1);
        continue;
      }
      if (vm == size) {
        throw file.bad(where(position), "is one VM more than the arrivals have here");
      }
      position = readDuration(file, text, position, vm++);
    }
    if (vm < size) {
      throw file.bad(
          where(text.length()),
          "ends %d VMs before the arrivals do; maybe the file is cut short".formatted(size - vm));
    }
  }

  private int readDuration(InputFile file, String text, int position, int vm) {
    char kind = text.charAt(position);
    int end = position + 1;
    int value = 0;
    while (end < text.length() && Character.isDigit(text.charAt(end)) && value <= BINS_MAX) {
      value = value * 10 + text.charAt(end++) - '0';
    }
    if ((kind != 'U' && kind != 'C') || end == position + 1 || value >= bins.count()) {
      int stop = text.indexOf(',', position);
      throw file.bad(
          where(position),
          "is '%s'; expected U or C and a bin of 0 to %d"
              .formatted(
                  text.substring(position, stop < 0 ? text.length() : stop), bins.count() - 1));
    }
    bin[vm] = (byte) value;
    censored[vm] = kind == 'C';
    return afterComma(file, text, end);
  }

  private static int afterComma(InputFile file, String text, int position) {
    if (position == text.length()) {
      return position;
    }
    if (text.charAt(position) != ',') {
      throw file.bad(where(position), "is '%c'; expected ','".formatted(text.charAt(position)));
    }
    return position + 1;
  }

  private static long seconds(InputFile file, String text, long last) {
    try {
      long value = Long.parseLong(text);
      if (value > last && value >= 0 && value <= Integer.MAX_VALUE) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Said below, as for a number that does not rise.
    }
    throw file.bad(
        "seconds", "is '%s'; expected a whole number above %d".formatted(text, Math.max(last, -1)));
  }

  private static String where(int position) {
    return "column " + (position + 1);
  }

  private void add(int at, byte flavorIndex) {
    if (size == second.length) {
      int room = size * 2;
      second = Arrays.copyOf(second, room);
      batch = Arrays.copyOf(batch, room);
      flavor = Arrays.copyOf(flavor, room);
      bin = Arrays.copyOf(bin, room);
      censored = Arrays.copyOf(censored, room);
    }
    second[size] = at;
    batch[size] = batches;
    flavor[size] = flavorIndex;
    bin[size] = NO_BIN;
    size++;
  }

  public String source() {
    return source;
  }

  public int size() {
    return size;
  }

  /** How many tenant batches there are. */
  public int batches() {
    return batches;
  }

  public FlavorMap flavors() {
    return flavors;
  }

  public DurationBins bins() {
    return bins;
  }

  /** Whether durations were recorded. */
  public boolean hasDurations() {
    return durations;
  }

  /** The end of the five minutes in which the VM arrived, in seconds of the trace. */
  public int second(int vm) {
    return second[vm];
  }

  public int batch(int vm) {
    return batch[vm];
  }

  /** Index into the flavours. */
  public int flavor(int vm) {
    return flavor[vm];
  }

  /** The bin of its duration; only when durations were recorded. */
  public int bin(int vm) {
    return bin[vm];
  }

  /** Whether the VM was still there when the trace ended. */
  public boolean censored(int vm) {
    return censored[vm];
  }
}
