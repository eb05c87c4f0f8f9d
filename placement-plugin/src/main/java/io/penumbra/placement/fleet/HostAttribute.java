package io.penumbra.placement.fleet;

/** What hosts can have in common: a place, a kind of hardware, an age. */
public enum HostAttribute {
  CHASSIS,
  RACK,
  POWER_FEED,
  ZONE,
  VENDOR,
  CPU_GENERATION,
  FIRMWARE,
  HYPERVISOR,
  COHORT
}
