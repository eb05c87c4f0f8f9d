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
  TRANSIENT
}
