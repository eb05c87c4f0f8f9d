package io.penumbra.adapter.qemu.agent;

import io.penumbra.domain.HostId;
import io.penumbra.domain.telemetry.HostTelemetry;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How the host is, by what its kernel tells: CPU and memory in use, pressure (PSI), corrected
 * memory errors (EDAC), temperatures. What is not there is not a number, never zero. A sample is
 * taken at most once a second, however many ask.
 */
final class HostHealth {

  private static final long FRESH_MILLIS = 1_000;

  private final HostId host;
  private final InstantSource wall;
  private final Path root;
  private final SmartDisks disks;
  private long sampledAt = Long.MIN_VALUE;
  private volatile Optional<Sample> last = Optional.empty();
  private long busyBefore;
  private long allBefore;

  HostHealth(HostId host, InstantSource wall) {
    this(host, wall, Path.of("/"), new SmartDisks());
  }

  HostHealth(HostId host, InstantSource wall, Path root, SmartDisks disks) {
    this.host = host;
    this.wall = wall;
    this.root = root;
    this.disks = disks;
  }

  /**
   * What was seen.
   *
   * @param pressure share of time that some, or all, work stood still for want of something: keys
   *     as in {@code memory.full}
   */
  record Sample(HostTelemetry telemetry, SortedMap<String, Double> pressure, double interrupts) {}

  synchronized Sample sample() {
    long now = wall.instant().toEpochMilli();
    Optional<Sample> known = last;
    if (known.isPresent() && now - sampledAt < FRESH_MILLIS) {
      return known.get();
    }
    sampledAt = now;
    Sample fresh = look();
    last = Optional.of(fresh);
    return fresh;
  }

  /** What was last seen, without looking. */
  Optional<Sample> last() {
    return last;
  }

  private Sample look() {
    SortedMap<String, Double> pressure = pressure();
    HostTelemetry telemetry =
        new HostTelemetry(
            host,
            wall.instant(),
            new HostTelemetry.Load(cpu(), memory()),
            new HostTelemetry.MemoryHealth(Double.NaN, correctedErrors()),
            disks.health(),
            new HostTelemetry.Thermal(Double.NaN, hottest(), Double.NaN),
            HostTelemetry.ServiceHistory.UNKNOWN,
            new HostTelemetry.Guests(
                pressure.getOrDefault("memory.full", Double.NaN),
                Double.NaN,
                Double.NaN,
                Double.NaN));
    return new Sample(telemetry, pressure, interrupts());
  }

  private String read(String file) {
    try {
      return Files.readString(root.resolve(file));
    } catch (IOException notThere) {
      return "";
    }
  }

  /** Share of CPU time in use since the last look. */
  private double cpu() {
    String[] fields = read("proc/stat").split("\n", 2)[0].trim().split("\\s+", -1);
    if (fields.length < 6) {
      return Double.NaN;
    }
    long all = 0;
    for (int i = 1; i < Math.min(fields.length, 9); i++) {
      all += Long.parseLong(fields[i]);
    }
    long busy = all - Long.parseLong(fields[4]) - Long.parseLong(fields[5]);
    double share = all == allBefore ? Double.NaN : (double) (busy - busyBefore) / (all - allBefore);
    busyBefore = busy;
    allBefore = all;
    return Double.isNaN(share) ? share : Math.clamp(share, 0, 1);
  }

  private double memory() {
    double all = field(read("proc/meminfo"), "MemTotal:");
    double free = field(read("proc/meminfo"), "MemAvailable:");
    return Math.clamp(1 - free / all, 0, 1);
  }

  private double interrupts() {
    return field(read("proc/stat"), "intr");
  }

  private static double field(String text, String name) {
    for (String line : text.split("\n", -1)) {
      if (line.startsWith(name)) {
        return Double.parseDouble(line.substring(name.length()).trim().split("\\s+", 2)[0]);
      }
    }
    return Double.NaN;
  }

  /** PSI of the last ten seconds, as shares: Linux Documentation/accounting/psi.rst. */
  private SortedMap<String, Double> pressure() {
    SortedMap<String, Double> shares = new TreeMap<>();
    for (String of : new String[] {"cpu", "memory", "io"}) {
      for (String line : read("proc/pressure/" + of).split("\n", -1)) {
        int at = line.indexOf("avg10=");
        if (at > 0) {
          String percent = line.substring(at + 6).split(" ", 2)[0];
          String kind = line.split(" ", 2)[0];
          shares.put(of + "." + kind, Math.clamp(Double.parseDouble(percent) / 100, 0, 1));
        }
      }
    }
    return shares;
  }

  /** Errors that the memory controllers have corrected: Linux admin-guide/ras.rst. */
  private double correctedErrors() {
    return sum("sys/devices/system/edac/mc", "mc[0-9]*", "ce_count");
  }

  private double sum(String directory, String glob, String file) {
    double sum = Double.NaN;
    try (DirectoryStream<Path> all = Files.newDirectoryStream(root.resolve(directory), glob)) {
      for (Path one : all) {
        double value = Double.parseDouble(Files.readString(one.resolve(file)).trim());
        sum = Double.isNaN(sum) ? value : sum + value;
      }
    } catch (IOException | NumberFormatException notThere) {
      return sum;
    }
    return sum;
  }

  private double hottest() {
    double hottest = Double.NaN;
    try (DirectoryStream<Path> zones =
        Files.newDirectoryStream(root.resolve("sys/class/thermal"), "thermal_zone*")) {
      for (Path zone : zones) {
        double celsius = Double.parseDouble(Files.readString(zone.resolve("temp")).trim()) / 1000;
        hottest = Double.isNaN(hottest) ? celsius : Math.max(hottest, celsius);
      }
    } catch (IOException | NumberFormatException notThere) {
      return hottest;
    }
    return hottest;
  }
}
