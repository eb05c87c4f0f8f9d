package io.penumbra.sync.path;

/** What the other end says of a shard that it was sent. */
public enum Verdict {
  /** It is there, now or since before, or its group is complete without it. */
  ARRIVED,
  /** Its bytes did not match its checksum. */
  CORRUPT,
  /** It was not taken: outside the window, or unlike the other shards of its group. */
  REFUSED
}
