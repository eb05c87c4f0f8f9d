package io.penumbra.sync.epoch;

/** What a region holds. The order is the wire format's: append only. */
public enum RegionKind {
  RAM,
  DISK,
  DEVICE,
  BLOB
}
