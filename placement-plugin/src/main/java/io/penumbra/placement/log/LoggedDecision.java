package io.penumbra.placement.log;

import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;

/**
 * A question to placement with its answer.
 *
 * @param number counts decisions in one log, from 1
 */
public record LoggedDecision(long number, PlacementRequest request, PlacementDecision decision) {

  public LoggedDecision {
    if (number < 1) {
      throw new IllegalArgumentException(
          "decision number is %d; expected 1 or more".formatted(number));
    }
    if (!request.id().equals(decision.request()) || !request.vm().id().equals(decision.vm())) {
      throw new IllegalArgumentException(
          "decision %s for VM %s does not answer request %s for VM %s"
              .formatted(decision.request(), decision.vm(), request.id(), request.vm().id()));
    }
  }
}
