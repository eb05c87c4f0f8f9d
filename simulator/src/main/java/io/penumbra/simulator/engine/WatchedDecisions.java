package io.penumbra.simulator.engine;

import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.log.DecisionLog;
import io.penumbra.simulator.check.DecisionsExplainThemselves;
import io.penumbra.simulator.check.NothingPromisedTwice;
import io.penumbra.simulator.check.NothingSecretInLogs;

/** A decision log that the checkers read along. */
final class WatchedDecisions implements DecisionLog {

  private final DecisionLog log;
  private final NothingPromisedTwice promises;
  private final DecisionsExplainThemselves reasons;
  private final NothingSecretInLogs reader;

  WatchedDecisions(
      DecisionLog log,
      NothingPromisedTwice promises,
      DecisionsExplainThemselves reasons,
      NothingSecretInLogs reader) {
    this.log = log;
    this.promises = promises;
    this.reasons = reasons;
    this.reader = reader;
  }

  @Override
  public void fleetChanged(long generation, FleetChange change) {
    promises.changed(change);
    reasons.changed(generation, change);
    log.fleetChanged(generation, change);
  }

  @Override
  public void decided(PlacementRequest request, PlacementDecision decision) {
    reasons.decided(request, decision);
    promises.decided(request.vm().id(), decision.answer());
    reader.written("a decision", decision.toString());
    reader.written("a request", request.toString());
    log.decided(request, decision);
  }

  @Override
  public void close() {
    log.close();
  }
}
