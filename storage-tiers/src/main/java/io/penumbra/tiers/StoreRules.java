package io.penumbra.tiers;

import io.penumbra.domain.Guard;
import io.penumbra.tiers.pack.PackRules;
import java.time.Duration;

/**
 * What a tiered store goes by.
 *
 * @param packs sizes and times of packs and of the SSD tier
 * @param vmBytesMax most that one VM's chunks may take, stored; 0 for no quota
 * @param objectBytesMax most that this store keeps in the object tier; 0 for no quota
 * @param readAheadBytes read from the object tier at least, since neighbours are wanted next
 * @param riseHeat a pack comes back to the SSD when all of it was read so many times lately
 * @param keepNewest manifests of a VM that are kept in any case
 * @param keepFor age up to which a manifest is kept in any case
 * @param grace time that a writer has between a put and its commit
 * @param compactBelow a pack is rewritten when less than this share of it lives
 * @param retryFirst pause after the object tier first refuses; doubles
 * @param retryMost longest pause
 */
public record StoreRules(
    PackRules packs,
    long vmBytesMax,
    long objectBytesMax,
    int readAheadBytes,
    double riseHeat,
    int keepNewest,
    Duration keepFor,
    Duration grace,
    double compactBelow,
    Duration retryFirst,
    Duration retryMost) {

  public StoreRules {
    Guard.notNegative("vmBytesMax", vmBytesMax);
    Guard.notNegative("objectBytesMax", objectBytesMax);
    Guard.notNegative("readAheadBytes", readAheadBytes);
    Guard.positive("riseHeat", riseHeat);
    Guard.positive("keepNewest", keepNewest);
    Guard.notNegative("keepFor in ms", keepFor.toMillis());
    Guard.notNegative("grace in ms", grace.toMillis());
    Guard.share("compactBelow", compactBelow);
    above("retryFirst", retryFirst);
    above("retryMost", retryMost);
  }

  private static void above(String what, Duration value) {
    if (value.toMillis() < 1) {
      throw new IllegalArgumentException("%s is %s; expected 1 ms or more".formatted(what, value));
    }
  }
}
