package io.penumbra.tiers;

import io.penumbra.domain.Guard;
import io.penumbra.domain.VmId;
import io.penumbra.tiers.pack.PackRules;
import java.time.Duration;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a tiered store goes by.
 *
 * @param packs sizes and times of packs and of the SSD tier
 * @param everyVm what holds for a VM of which nothing else is said
 * @param vms what holds for these
 * @param objectBytesMax most that this store keeps in the object tier; 0 for no quota
 * @param readAheadBytes read from the object tier at least, since neighbours are wanted next
 * @param riseHeat a pack comes back to the SSD when all of it was read so many times lately
 * @param grace time that a writer has between a put and its commit
 * @param compactBelow a pack is rewritten when less than this share of it lives
 * @param retryFirst pause after the object tier first refuses; doubles
 * @param retryMost longest pause
 */
public record StoreRules(
    PackRules packs,
    VmRules everyVm,
    SortedMap<VmId, VmRules> vms,
    long objectBytesMax,
    int readAheadBytes,
    double riseHeat,
    Duration grace,
    double compactBelow,
    Duration retryFirst,
    Duration retryMost) {

  public StoreRules {
    vms = Collections.unmodifiableSortedMap(new TreeMap<>(vms));
    Guard.notNegative("objectBytesMax", objectBytesMax);
    Guard.notNegative("readAheadBytes", readAheadBytes);
    Guard.positive("riseHeat", riseHeat);
    Guard.notNegative("grace in ms", grace.toMillis());
    Guard.share("compactBelow", compactBelow);
    above("retryFirst", retryFirst);
    above("retryMost", retryMost);
  }

  /** What holds for this VM. */
  public VmRules of(VmId vm) {
    return vms.getOrDefault(vm, everyVm);
  }

  private static void above(String what, Duration value) {
    if (value.toMillis() < 1) {
      throw new IllegalArgumentException("%s is %s; expected 1 ms or more".formatted(what, value));
    }
  }
}
