package io.penumbra.placement.log;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What the index knows of one decision, and where its line is.
 *
 * @param number counts decisions in the log, from 1, over all segments
 * @param segment which segment holds it
 * @param offset of its line in the segment's file, in bytes
 * @param length of its line without the line feed, in bytes
 * @param line of its line in the segment's file, from 1
 * @param generation of the fleet it was decided on
 * @param fixedPrimary whether only shadows were asked for
 * @param primary where the VM goes, empty when it was refused
 * @param score of the pair, 0 when it was refused
 */
public record DecisionEntry(
    long number,
    long segment,
    long offset,
    int length,
    long line,
    Instant at,
    RequestId request,
    VmId vm,
    long generation,
    boolean fixedPrimary,
    Optional<HostId> primary,
    List<HostId> shadows,
    double score) {

  public DecisionEntry {
    shadows = List.copyOf(shadows);
  }

  static DecisionEntry of(LoggedDecision logged, long segment, long offset, int length, long line) {
    PlacementRequest request = logged.request();
    PlacementDecision decision = logged.decision();
    Optional<PlacementDecision.Placed> placed =
        decision.answer() instanceof PlacementDecision.Placed p ? Optional.of(p) : Optional.empty();
    return new DecisionEntry(
        logged.number(),
        segment,
        offset,
        length,
        line,
        decision.at(),
        request.id(),
        request.vm().id(),
        decision.generation(),
        request.fixedPrimary().isPresent(),
        placed.map(p -> p.primary().host()),
        placed.map(PlacementDecision.Placed::shadowHosts).orElse(List.of()),
        placed.map(PlacementDecision.Placed::score).orElse(0.0));
  }

  /** Whether hosts were found. */
  public boolean placed() {
    return primary.isPresent();
  }

  /** Whether the decision chose this host, for the VM or for a shadow. */
  public boolean chose(HostId host) {
    return primary.filter(host::equals).isPresent() || shadows.contains(host);
  }
}
