package io.penumbra.tiers;

import io.penumbra.domain.Guard;
import java.time.Duration;

/**
 * When a store is looked after, and how hard.
 *
 * @param moveEvery between rounds of moving packs and manifests; write-behind lags by about so much
 * @param collectEvery between collections of garbage
 * @param scrubEvery between the beginnings of scrubs
 * @param scrubObjects whether a scrub reads what the object tier has, too, which costs requests
 * @param bytesPerSecond of reading and writing on average; not heeded while the SSD is nearly full,
 *     because then puts would be refused
 */
public record KeeperRules(
    Duration moveEvery,
    Duration collectEvery,
    Duration scrubEvery,
    boolean scrubObjects,
    long bytesPerSecond) {

  public KeeperRules {
    atLeastASecond("moveEvery", moveEvery);
    atLeastASecond("collectEvery", collectEvery);
    atLeastASecond("scrubEvery", scrubEvery);
    Guard.positive("bytesPerSecond", (double) bytesPerSecond);
  }

  private static void atLeastASecond(String what, Duration value) {
    if (value.toSeconds() < 1) {
      throw new IllegalArgumentException("%s is %s; expected 1 s or more".formatted(what, value));
    }
  }
}
