package io.penumbra.sync.session;

import io.penumbra.sync.epoch.Consistency;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.StateRoot;
import java.time.Instant;
import java.util.function.IntToLongFunction;

/**
 * What the sender's session needs to know of a cut. The bytes stay with whoever has taken it.
 *
 * @param cut a random number, not 0
 * @param pages those that differ from the cut before, of a whole cut all, in the order in which
 *     they are to be sent; and those that went ahead and are as they were
 * @param left those of them that were not sent ahead of the cut as they are at the cut
 * @param hashOf the hash of any page at the cut
 */
// Handed over, not copied: a first cut has as many entries as the VM has pages.
@SuppressWarnings("ArrayRecordComponent")
public record CutFacts(
    long cut,
    int[] pages,
    int[] left,
    IntToLongFunction hashOf,
    StateRoot root,
    Instant cutAt,
    Consistency consistency,
    long requestLogPosition,
    HealthSnapshot health) {}
