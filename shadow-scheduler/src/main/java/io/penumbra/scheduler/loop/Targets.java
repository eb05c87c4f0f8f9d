package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.scheduler.failover.FailoverReason;
import java.util.Comparator;
import java.util.Optional;

/**
 * Which shadow takes over: on a host in service before any other, warm before cold, the highest
 * acked epoch, the least risk, and then the smaller host id.
 */
final class Targets {

  private final LoopState state;

  Targets(LoopState state) {
    this.state = state;
  }

  Optional<Shadow> choose(Ward ward, Saga saga) {
    return ward.shadows.stream()
        .filter(shadow -> able(ward, saga, shadow))
        .min(
            Comparator.comparing((Shadow shadow) -> !inService(shadow.host))
                .thenComparing(shadow -> shadow.mode != ShadowMode.WARM)
                .thenComparingLong(shadow -> -ward.acked.getOrDefault(shadow.host, 0L))
                .thenComparingDouble(shadow -> risk(shadow.host))
                .thenComparing(shadow -> shadow.host));
  }

  private boolean able(Ward ward, Saga saga, Shadow shadow) {
    boolean dead = state.host(shadow.host).map(HostRecord::dead).orElse(true);
    if (dead
        || !shadow.protects()
        || shadow.term < state.terms(ward.id()).serving()
        || saga.tried.contains(shadow.host)
        || isBehind(ward, saga, shadow)
        || !state.fleet.canPromote(ward.id(), shadow.host)) {
      return false;
    }
    return !saga.primaryAlive || betterThanStaying(saga, shadow.host);
  }

  /**
   * Whether a shadow that has what the primary's clients were told stands on a host that is silent,
   * and that nobody has proved dead: worth some attempts' time before something older goes on. What
   * a cold one has is in the store.
   */
  boolean mayComeBack(Ward ward, Saga saga) {
    return saga.attempt < state.settings.steps().retries()
        && ward.shadows.stream()
            .anyMatch(shadow ->
                shadow.protects()
                    && shadow.mode == ShadowMode.WARM
                    && shadow.term >= state.terms(ward.id()).serving()
                    && !isBehind(ward, saga, shadow)
                    && isSilent(shadow.host));
  }

  private boolean isSilent(HostId host) {
    return state
        .host(host)
        .filter(HostRecord::dead)
        .flatMap(found -> found.incident)
        .filter(incident -> incident.proof.isEmpty())
        .isPresent();
  }

  /** It is known to lack what a shadow that may have served began with; it will not get it now. */
  private boolean isBehind(Ward ward, Saga saga, Shadow shadow) {
    return saga.activatedFrom.isPresent()
        && shadow.term == state.terms(ward.id()).serving()
        && ward.acked.getOrDefault(shadow.host, Long.MAX_VALUE) < saga.activatedFrom.get();
  }

  /** A primary that is alive is moved to a host in service, and never towards more risk. */
  private boolean betterThanStaying(Saga saga, HostId to) {
    return inService(to) && (saga.reason != FailoverReason.PREDICTED || risk(to) < risk(saga.from));
  }

  /** Whether a move of this VM would have somewhere to go. */
  boolean couldMove(Ward ward, FailoverReason reason) {
    for (Shadow shadow : ward.shadows) {
      if (shadow.protects()
          && shadow.term >= state.terms(ward.id()).serving()
          && inService(shadow.host)
          && (reason != FailoverReason.PREDICTED || risk(shadow.host) < risk(ward.host))
          && state.fleet.canPromote(ward.id(), shadow.host)) {
        return true;
      }
    }
    return false;
  }

  private boolean inService(HostId host) {
    return state.host(host).map(found -> found.condition() == HostCondition.UP).orElse(false);
  }

  private double risk(HostId host) {
    // A host that no model has scored counts as quiet.
    return state.room(host).map((HostView view) -> view.riskOr(0)).orElse(1.0);
  }
}
