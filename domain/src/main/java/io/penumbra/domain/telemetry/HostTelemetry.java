package io.penumbra.domain.telemetry;

import io.penumbra.domain.Guard;
import io.penumbra.domain.HostId;
import java.time.Instant;

/**
 * One sample of what one host, and the guests on it, look like. Every measurement may be NaN: "not
 * measured".
 *
 * @param at when the sample was taken, by the host's clock
 */
public record HostTelemetry(
    HostId host,
    Instant at,
    Load load,
    MemoryHealth memory,
    DiskHealth disk,
    Thermal thermal,
    ServiceHistory history,
    Guests guests) {

  /**
   * How busy the host is.
   *
   * @param cpu share of the CPU time in use, 0 to 1
   * @param memory share of the memory in use, 0 to 1
   */
  public record Load(double cpu, double memory) {
    public static final Load UNKNOWN = new Load(Double.NaN, Double.NaN);

    public Load {
      share("cpu load", cpu);
      share("memory load", memory);
    }
  }

  /**
   * Corrected (ECC) memory errors.
   *
   * @param correctedLastDay in the last 24 hours
   * @param correctedTotal since the host went into service
   */
  public record MemoryHealth(double correctedLastDay, double correctedTotal) {
    public static final MemoryHealth UNKNOWN = new MemoryHealth(Double.NaN, Double.NaN);

    public MemoryHealth {
      amount("corrected memory errors of the last day", correctedLastDay);
      amount("corrected memory errors in total", correctedTotal);
    }
  }

  /**
   * Raw SMART counters, the worst of the host's disks for each (ATA attribute ids in brackets).
   *
   * @param reallocatedSectors [5]
   * @param reportedUncorrectable [187]
   * @param commandTimeouts [188]
   * @param pendingSectors [197]
   * @param offlineUncorrectable [198]
   * @param newDefectsLastDay growth of [5] + [187] + [197] + [198] in the last 24 hours
   */
  public record DiskHealth(
      double reallocatedSectors,
      double reportedUncorrectable,
      double commandTimeouts,
      double pendingSectors,
      double offlineUncorrectable,
      double newDefectsLastDay) {
    public static final DiskHealth UNKNOWN =
        new DiskHealth(Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN);

    public DiskHealth {
      amount("reallocated sectors (SMART 5)", reallocatedSectors);
      amount("reported uncorrectable errors (SMART 187)", reportedUncorrectable);
      amount("command timeouts (SMART 188)", commandTimeouts);
      amount("pending sectors (SMART 197)", pendingSectors);
      amount("offline uncorrectable sectors (SMART 198)", offlineUncorrectable);
      amount("new disk defects of the last day", newDefectsLastDay);
    }
  }

  /**
   * Temperatures and what is done against them.
   *
   * @param inletCelsius air at the front of the host
   * @param cpuCelsius the hottest CPU package
   * @param fanShare the fastest fan, as a share of its nominal full speed; 0 is a fan that stands
   */
  public record Thermal(double inletCelsius, double cpuCelsius, double fanShare) {
    public static final Thermal UNKNOWN = new Thermal(Double.NaN, Double.NaN, Double.NaN);

    public Thermal {
      finite("inlet temperature", inletCelsius);
      finite("CPU temperature", cpuCelsius);
      amount("fan speed", fanShare);
    }
  }

  /**
   * What is known of the host's past.
   *
   * @param ageHours hours since it went into service
   * @param pastFailures how often it has failed since
   * @param hoursSinceRepair hours since it came back from the last failure; NaN when it never
   *     failed
   * @param firmware firmware bundle version, {@code "unknown"} when it is not reported
   */
  public record ServiceHistory(
      double ageHours, double pastFailures, double hoursSinceRepair, String firmware) {
    public static final String FIRMWARE_UNKNOWN = "unknown";
    public static final ServiceHistory UNKNOWN =
        new ServiceHistory(Double.NaN, Double.NaN, Double.NaN, FIRMWARE_UNKNOWN);

    public ServiceHistory {
      amount("age in hours", ageHours);
      amount("past failures", pastFailures);
      amount("hours since repair", hoursSinceRepair);
      Guard.identifier("firmware", firmware);
    }
  }

  /**
   * The guests' side, the worst guest speaking for all: a host that is about to fail often shows
   * there first.
   *
   * @param memoryPressureWorst share of time that the worst guest stalled on memory (PSI), 0 to 1
   * @param crashesLastDay guests that crashed in the last 24 hours
   * @param ioErrorsLastDay I/O errors that guests saw in the last 24 hours
   * @param stealWorst share of CPU time stolen from the worst guest, 0 to 1
   */
  public record Guests(
      double memoryPressureWorst,
      double crashesLastDay,
      double ioErrorsLastDay,
      double stealWorst) {
    public static final Guests UNKNOWN = new Guests(Double.NaN, Double.NaN, Double.NaN, Double.NaN);

    public Guests {
      share("worst guest memory pressure", memoryPressureWorst);
      amount("guest crashes of the last day", crashesLastDay);
      amount("guest I/O errors of the last day", ioErrorsLastDay);
      share("worst guest steal", stealWorst);
    }
  }

  private static void share(String what, double value) {
    if (!Double.isNaN(value)) {
      Guard.share(what, value);
    }
  }

  private static void amount(String what, double value) {
    if (value < 0 || Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          "%s is %s; expected 0 or more, or NaN for not measured".formatted(what, value));
    }
  }

  private static void finite(String what, double value) {
    if (Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          "%s is %s; expected a number, or NaN for not measured".formatted(what, value));
    }
  }
}
