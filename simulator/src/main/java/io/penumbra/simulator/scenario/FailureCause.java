package io.penumbra.simulator.scenario;

/** Why a host stopped or stalled. */
public enum FailureCause {
  CPU,
  MEMORY,
  BOARD,
  POWER_SUPPLY,
  DISK,
  INTERCONNECT,
  OTHER_HARDWARE,
  NETWORK,
  SOFTWARE,
  HUMAN,
  UNDETERMINED,
  /** Everything in one chassis: backplane, shared fans. */
  CHASSIS,
  /** Everything in one rack: its switch, its power strip. */
  RACK,
  /** Everything on one power feed. */
  POWER_FEED,
  /** Hosts with the same firmware trip over the same flaw. */
  FIRMWARE,
  /** A stall that passes by itself. */
  TRANSIENT;

  /**
   * Share of the failures of this cause that telemetry announces, unless a scenario says otherwise.
   * Memory: two thirds to four fifths of the uncorrectable errors follow a corrected one within a
   * month (Schroeder, Pinheiro, Weber, SIGMETRICS 2009). Disk: 56 % of the failed drives had none
   * of the four strong SMART signs (Pinheiro, Weber, Barroso, FAST 2007). The others are assumed:
   * most failures announce themselves, some never do.
   */
  public double usuallyAnnounced() {
    return switch (this) {
      case MEMORY -> 0.7;
      case DISK -> 0.44;
      case POWER_SUPPLY, CPU, BOARD -> 0.6;
      case SOFTWARE, INTERCONNECT, NETWORK, OTHER_HARDWARE -> 0.5;
      case CHASSIS, RACK, POWER_FEED -> 0.3;
      case FIRMWARE -> 0.2;
      case HUMAN, UNDETERMINED, TRANSIENT -> 0;
    };
  }
}
