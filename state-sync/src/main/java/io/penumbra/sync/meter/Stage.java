package io.penumbra.sync.meter;

import java.util.Locale;

/** The stages of an epoch's way, in order. */
public enum Stage {
  /** A cut is taken; how long the source was held for it. */
  SOURCE,
  /** Pages become a block; its bytes. */
  ENCODE,
  /** A frame is cut into shards and given to the paths; waiting for room is in its time. */
  SHARD,
  /** A shard goes over a path; see the meters of each path. */
  PATH,
  /** Shards become a frame again; from the first shard to the last that was needed. */
  JOIN,
  /** A block becomes pages, each compared with its hash and staged. */
  VERIFY,
  /** An epoch becomes what the copy shows. */
  APPLY,
  /** An epoch becomes durable. */
  STORE,
  /** An epoch is acked; from its cut to the ack at the sender. */
  ACK;

  String tag() {
    return name().toLowerCase(Locale.ROOT);
  }
}
