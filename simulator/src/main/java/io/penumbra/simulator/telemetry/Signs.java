package io.penumbra.simulator.telemetry;

import io.penumbra.simulator.scenario.FailureCause;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * How a cause of failure shows in telemetry when its signs are fully grown, at strength 1. Levels
 * grow with the progress, counters with its square. Sizes are of the order that field studies
 * report (Schroeder et al. 2009 for memory, Pinheiro et al. 2007 for disks); the rest is assumed.
 *
 * @param correctedErrors corrected memory errors that have accumulated
 * @param diskDefects disk defects that have accumulated
 * @param commandTimeouts disk command timeouts
 * @param cpuCelsius added to the CPU temperature
 * @param inletCelsius added to the inlet temperature
 * @param fan added to the fan speed, as a share of full speed
 * @param memoryLoad added to the share of memory in use
 * @param pressure added to the worst guest's memory pressure
 * @param steal added to the worst guest's steal
 * @param guestCrashes guest crashes that have accumulated
 * @param ioErrors guest I/O errors that have accumulated
 */
record Signs(
    double correctedErrors,
    double diskDefects,
    double commandTimeouts,
    double cpuCelsius,
    double inletCelsius,
    double fan,
    double memoryLoad,
    double pressure,
    double steal,
    double guestCrashes,
    double ioErrors) {

  private static final Map<FailureCause, Signs> BY_CAUSE = new EnumMap<>(FailureCause.class);

  static {
    for (FailureCause cause : FailureCause.values()) {
      BY_CAUSE.put(cause, signsOf(cause));
    }
  }

  static Signs of(FailureCause cause) {
    return Objects.requireNonNull(BY_CAUSE.get(cause), "every cause has signs");
  }

  private static Signs signsOf(FailureCause cause) {
    return switch (cause) {
      case MEMORY -> new Signs(2_000, 0, 0, 0, 0, 0, 0, 0.05, 0.02, 0, 0);
      case CPU -> new Signs(150, 0, 0, 18, 0, 0.3, 0, 0, 0.12, 0.5, 0);
      case DISK -> new Signs(0, 80, 6, 0, 0, 0, 0, 0, 0.04, 0, 25);
      case POWER_SUPPLY -> new Signs(0, 0, 0, 6, 2, 0.4, 0, 0, 0, 0, 0);
      case BOARD -> new Signs(60, 0, 20, 6, 0, 0.1, 0, 0, 0.05, 0.5, 20);
      case INTERCONNECT, NETWORK -> new Signs(0, 0, 30, 0, 0, 0, 0, 0, 0.05, 0, 40);
      case OTHER_HARDWARE -> new Signs(30, 8, 10, 5, 0, 0.1, 0, 0, 0.03, 0.3, 10);
      case SOFTWARE -> new Signs(0, 0, 0, 0, 0, 0, 0.25, 0.5, 0.15, 2, 2);
      case CHASSIS, RACK, POWER_FEED -> new Signs(0, 0, 0, 8, 8, 0.5, 0, 0, 0, 0, 0);
      case FIRMWARE -> new Signs(0, 0, 15, 0, 0, 0, 0, 0.1, 0.05, 1.5, 10);
      case HUMAN, UNDETERMINED, TRANSIENT -> new Signs(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    };
  }
}
