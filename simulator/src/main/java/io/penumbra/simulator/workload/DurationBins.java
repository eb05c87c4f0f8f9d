package io.penumbra.simulator.workload;

import io.penumbra.simulator.scenario.InputFile;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * What the bin numbers of a durations file stand for. Bin {@code b} holds lifetimes of {@code
 * fromSeconds(b)} up to, not including, {@code untilSeconds(b)}.
 */
public final class DurationBins {

  private static final int STEP_SECONDS = 300;

  /**
   * The bins of the Azure V1 traces: five minutes each up to an hour, then hours up to a day, then
   * days up to ten, then the rest of twenty days.
   */
  public static final DurationBins AZURE_V1 = azureV1();

  private final long[] from;
  private final long[] until;

  private DurationBins(long[] from, long[] until) {
    this.from = from;
    this.until = until;
  }

  /** Reads an interval map: lines of seconds and bin, in steps of 300 s from 0. */
  public static DurationBins read(Path path) {
    try (InputFile file = InputFile.open(path)) {
      return read(file);
    }
  }

  /** Reads an interval map from an open file. */
  public static DurationBins read(InputFile file) {
    long[] from = new long[0];
    long[] until = new long[0];
    long expected = 0;
    while (file.next()) {
      String[] parts = file.text().strip().split("\\s+", -1);
      if (parts.length != 2) {
        throw file.bad("line", "has %d fields; expected seconds and bin".formatted(parts.length));
      }
      long seconds = number(file, "seconds", parts[0]);
      long bin = number(file, "bin", parts[1]);
      if (seconds != expected) {
        throw file.bad("seconds", "is %d; expected %d".formatted(seconds, expected));
      }
      if (bin != from.length && bin != from.length - 1) {
        throw file.bad(
            "bin", "is %d; expected %d or %d".formatted(bin, from.length - 1, from.length));
      }
      if (bin == from.length) {
        from = Arrays.copyOf(from, from.length + 1);
        until = Arrays.copyOf(until, until.length + 1);
        from[(int) bin] = seconds;
      }
      until[(int) bin] = seconds + STEP_SECONDS;
      expected += STEP_SECONDS;
    }
    if (from.length == 0) {
      throw file.bad("bins", "are missing: the file is empty");
    }
    return new DurationBins(from, until);
  }

  public int count() {
    return from.length;
  }

  public long fromSeconds(int bin) {
    return from[bin];
  }

  public long untilSeconds(int bin) {
    return until[bin];
  }

  private static long number(InputFile file, String field, String text) {
    try {
      long value = Long.parseLong(text);
      if (value >= 0) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Said below, as for a negative number.
    }
    throw file.bad(field, "is '%s'; expected a whole number of 0 or more".formatted(text));
  }

  private static DurationBins azureV1() {
    long[] edges = new long[47];
    for (int bin = 0; bin <= 46; bin++) {
      if (bin <= 13) {
        edges[bin] = bin * 300L;
      } else if (bin <= 36) {
        edges[bin] = (bin - 12) * 3_600L + 300;
      } else {
        edges[bin] = (bin - 35) * 86_400L + 300;
      }
    }
    edges[46] = 20 * 86_400L + 300;
    return new DurationBins(Arrays.copyOf(edges, 46), Arrays.copyOfRange(edges, 1, 47));
  }
}
