package io.penumbra.sync.epoch;

/** What a region holds. The names go over the wire. */
public enum RegionKind {
  RAM,
  DISK,
  DEVICE,
  BLOB
}
