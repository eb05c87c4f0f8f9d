package io.penumbra.tiers;

import io.penumbra.tiers.GarbageCollection.Collected;

/**
 * What looking after a store came to.
 *
 * @param packsSent to the object tier
 * @param packsRisen that came back to the SSD
 * @param packsLeft that left the SSD
 * @param movedBytes of those sent and risen
 * @param manifestsSent that were held
 * @param collections of garbage
 * @param chunksCollected by these
 * @param bytesFreed by these
 * @param rewrittenBytes living ones that these copied
 * @param packsScrubbed read and checked
 * @param scrubbedBytes of these and of manifests
 * @param damaged places where something was not whole
 * @param mended of these
 * @param lost chunks that nobody had whole
 */
public record KeeperStats(
    long packsSent,
    long packsRisen,
    long packsLeft,
    long movedBytes,
    long manifestsSent,
    long collections,
    long chunksCollected,
    long bytesFreed,
    long rewrittenBytes,
    long packsScrubbed,
    long scrubbedBytes,
    long damaged,
    long mended,
    long lost) {

  /** Nothing yet. */
  public static final KeeperStats NONE = new KeeperStats(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  KeeperStats plus(Upkeep done) {
    return new KeeperStats(
        packsSent + done.uploaded(),
        packsRisen + done.risen(),
        packsLeft + done.evicted(),
        movedBytes + done.uploadedBytes() + done.risenBytes(),
        manifestsSent + done.manifestsSettled(),
        collections,
        chunksCollected,
        bytesFreed,
        rewrittenBytes,
        packsScrubbed,
        scrubbedBytes,
        damaged,
        mended,
        lost);
  }

  KeeperStats plus(Collected.Done done) {
    return new KeeperStats(
        packsSent,
        packsRisen,
        packsLeft,
        movedBytes,
        manifestsSent,
        collections + 1,
        chunksCollected + done.swept().chunks(),
        bytesFreed + done.swept().bytesFreed(),
        rewrittenBytes + done.swept().bytesCopied(),
        packsScrubbed,
        scrubbedBytes,
        damaged,
        mended,
        lost);
  }

  KeeperStats plus(Scrub.Report before, Scrub.Report after) {
    return new KeeperStats(
        packsSent,
        packsRisen,
        packsLeft,
        movedBytes,
        manifestsSent,
        collections,
        chunksCollected,
        bytesFreed,
        rewrittenBytes,
        packsScrubbed + after.packs() - before.packs(),
        scrubbedBytes + after.bytes() - before.bytes(),
        damaged + after.damaged() - before.damaged(),
        mended + after.mended() - before.mended(),
        lost + after.lost().size() - before.lost().size());
  }
}
