package io.penumbra.adapter.qemu.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penumbra.domain.telemetry.HostTelemetry.DiskHealth;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The worst SMART counters of the host's disks, by {@code smartctl --json} where it is installed.
 * Disks are asked every ten minutes, on a thread of its own: one that is about to fail may take
 * long.
 */
class SmartDisks {

  private static final long EVERY_NANOS = TimeUnit.MINUTES.toNanos(10);
  private static final long PATIENCE_SECONDS = 20;
  private static final List<Path> SMARTCTL =
      List.of(Path.of("/usr/sbin/smartctl"), Path.of("/usr/bin/smartctl"));

  private static final int REALLOCATED = 5;
  private static final int UNCORRECTABLE = 187;
  private static final int TIMEOUTS = 188;
  private static final int PENDING = 197;
  private static final int OFFLINE = 198;

  private volatile DiskHealth known = DiskHealth.UNKNOWN;
  private long askedNanos = System.nanoTime() - EVERY_NANOS;

  /** What was last seen. */
  synchronized DiskHealth health() {
    if (System.nanoTime() - askedNanos >= EVERY_NANOS) {
      askedNanos = System.nanoTime();
      SMARTCTL.stream()
          .filter(Files::isExecutable)
          .findFirst()
          .ifPresent(tool -> Thread.ofVirtual().start(() -> ask(tool)));
    }
    return known;
  }

  private void ask(Path tool) {
    DiskHealth worst = DiskHealth.UNKNOWN;
    try {
      for (JsonNode device : run(tool, "--scan", "--json").path("devices")) {
        String name = device.path("name").asText();
        worst = worse(worst, read(run(tool, "--json", "-A", name)));
      }
      known = worst;
    } catch (IOException failed) {
      known = DiskHealth.UNKNOWN;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static JsonNode run(Path tool, String... arguments)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(Stream.concat(Stream.of(tool.toString()), Stream.of(arguments)).toList())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      JsonNode said = new ObjectMapper().readTree(process.getInputStream());
      process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
      return said;
    } finally {
      process.destroyForcibly();
    }
  }

  /** The attributes of one disk as smartctl gives them. */
  static DiskHealth read(JsonNode disk) {
    JsonNode table = disk.path("ata_smart_attributes").path("table");
    return new DiskHealth(
        raw(table, REALLOCATED),
        raw(table, UNCORRECTABLE),
        raw(table, TIMEOUTS),
        raw(table, PENDING),
        raw(table, OFFLINE),
        Double.NaN);
  }

  private static double raw(JsonNode table, int id) {
    for (JsonNode attribute : table) {
      if (attribute.path("id").asInt() == id) {
        return attribute.path("raw").path("value").asDouble(Double.NaN);
      }
    }
    return Double.NaN;
  }

  private static DiskHealth worse(DiskHealth one, DiskHealth other) {
    return new DiskHealth(
        larger(one.reallocatedSectors(), other.reallocatedSectors()),
        larger(one.reportedUncorrectable(), other.reportedUncorrectable()),
        larger(one.commandTimeouts(), other.commandTimeouts()),
        larger(one.pendingSectors(), other.pendingSectors()),
        larger(one.offlineUncorrectable(), other.offlineUncorrectable()),
        Double.NaN);
  }

  private static double larger(double one, double other) {
    return Double.isNaN(one) ? other : Double.isNaN(other) ? one : Math.max(one, other);
  }
}
