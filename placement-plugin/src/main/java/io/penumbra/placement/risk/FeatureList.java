package io.penumbra.placement.risk;

import io.penumbra.domain.telemetry.HostTelemetry;
import io.penumbra.domain.telemetry.HostTelemetry.DiskHealth;
import io.penumbra.domain.telemetry.HostTelemetry.ServiceHistory;
import java.util.ArrayList;
import java.util.List;

/**
 * Names and order of the numbers a model reads, and how a sample becomes such a row: the
 * measurements as they are, some rates and differences that trees find hard to build themselves,
 * then one column per known firmware (1 where the host runs it) and one for all others.
 *
 * @param firmwares the firmware versions with a column of their own, as the model saw them in
 *     training; most frequent first
 */
public record FeatureList(List<String> firmwares) {

  /** Everything but the firmware columns; a model file with another list is refused. */
  public static final List<String> MEASURED =
      List.of(
          "cpu_load",
          "memory_load",
          "memory_corrected_last_day",
          "memory_corrected_total",
          "smart_5_reallocated",
          "smart_187_uncorrectable",
          "smart_188_timeouts",
          "smart_197_pending",
          "smart_198_offline_uncorrectable",
          "disk_new_defects_last_day",
          "inlet_celsius",
          "cpu_celsius",
          "fan_share",
          "age_hours",
          "past_failures",
          "hours_since_repair",
          "guest_memory_pressure_worst",
          "guest_crashes_last_day",
          "guest_io_errors_last_day",
          "guest_steal_worst",
          "memory_corrected_speedup",
          "disk_defects_per_year",
          "cpu_above_inlet_celsius",
          "failures_per_year");

  private static final double HOURS_PER_DAY = 24;
  private static final double HOURS_PER_YEAR = 24 * 365.25;

  public FeatureList {
    firmwares = List.copyOf(firmwares);
    if (firmwares.stream().distinct().count() != firmwares.size()) {
      throw new IllegalArgumentException(
          "firmware table %s names one firmware twice; expected each once".formatted(firmwares));
    }
  }

  /** Numbers per row. */
  public int width() {
    return MEASURED.size() + firmwares.size() + 1;
  }

  /** The names, in row order. */
  public List<String> names() {
    List<String> names = new ArrayList<>(width());
    names.addAll(MEASURED);
    firmwares.forEach(firmware -> names.add("firmware=" + firmware));
    names.add("firmware=other");
    return List.copyOf(names);
  }

  /** Writes one sample's row at {@code offset}, {@link #width()} numbers. */
  public void write(HostTelemetry sample, float[] row, int offset) {
    writeMeasured(sample, row, offset);
    writeFirmware(sample.history().firmware(), row, offset + MEASURED.size());
  }

  static void writeMeasured(HostTelemetry sample, float[] row, int offset) {
    ServiceHistory history = sample.history();
    DiskHealth disk = sample.disk();
    int at = offset;
    row[at++] = (float) sample.load().cpu();
    row[at++] = (float) sample.load().memory();
    row[at++] = (float) sample.memory().correctedLastDay();
    row[at++] = (float) sample.memory().correctedTotal();
    row[at++] = (float) disk.reallocatedSectors();
    row[at++] = (float) disk.reportedUncorrectable();
    row[at++] = (float) disk.commandTimeouts();
    row[at++] = (float) disk.pendingSectors();
    row[at++] = (float) disk.offlineUncorrectable();
    row[at++] = (float) disk.newDefectsLastDay();
    row[at++] = (float) sample.thermal().inletCelsius();
    row[at++] = (float) sample.thermal().cpuCelsius();
    row[at++] = (float) sample.thermal().fanShare();
    row[at++] = (float) history.ageHours();
    row[at++] = (float) history.pastFailures();
    row[at++] = (float) history.hoursSinceRepair();
    row[at++] = (float) sample.guests().memoryPressureWorst();
    row[at++] = (float) sample.guests().crashesLastDay();
    row[at++] = (float) sample.guests().ioErrorsLastDay();
    row[at++] = (float) sample.guests().stealWorst();
    row[at++] = (float) memorySpeedup(sample);
    row[at++] = (float) perYear(defects(disk), history.ageHours());
    row[at++] = (float) (sample.thermal().cpuCelsius() - sample.thermal().inletCelsius());
    row[at] = (float) perYear(history.pastFailures(), history.ageHours());
  }

  void writeFirmware(String firmware, float[] row, int offset) {
    int known = firmwares.indexOf(firmware);
    int column = known >= 0 ? known : firmwares.size();
    for (int i = 0; i <= firmwares.size(); i++) {
      row[offset + i] = i == column ? 1 : 0;
    }
  }

  /** The last day's corrected errors over a day's share of all: above 1, they come faster. */
  private static double memorySpeedup(HostTelemetry sample) {
    double days = Math.max(1, sample.history().ageHours() / HOURS_PER_DAY);
    double usual = sample.memory().correctedTotal() / days;
    return (sample.memory().correctedLastDay() + 1) / (usual + 1);
  }

  private static double defects(DiskHealth disk) {
    return disk.reallocatedSectors()
        + disk.reportedUncorrectable()
        + disk.pendingSectors()
        + disk.offlineUncorrectable();
  }

  /** Young hosts are counted as a month old, or one early error would look like a flood. */
  private static double perYear(double count, double ageHours) {
    return count / Math.max(30 * HOURS_PER_DAY, ageHours) * HOURS_PER_YEAR;
  }
}
