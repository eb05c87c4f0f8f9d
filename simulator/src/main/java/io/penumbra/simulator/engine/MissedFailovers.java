package io.penumbra.simulator.engine;

import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.failover.IncidentState;
import io.penumbra.scheduler.failover.SagaStep;
import io.penumbra.scheduler.loop.LoopView;
import io.penumbra.simulator.report.PolicyResult.Miss;
import io.penumbra.simulator.world.Instance;
import io.penumbra.simulator.world.WorldVm;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Says why a VM whose host has failed was not failed over by now: from the ground truth as far as
 * it goes, and where that left nothing to blame, from what the loop is waiting for.
 */
final class MissedFailovers {

  private final Supplier<Optional<LoopView>> loop;

  MissedFailovers(Supplier<Optional<LoopView>> loop) {
    this.loop = loop;
  }

  /** Empty when nothing stood in the way but time. */
  Optional<Miss> why(WorldVm vm) {
    if (vm.vm().policy().policy().mode() == ShadowMode.NONE) {
      return Optional.of(Miss.WAITS);
    }
    List<Instance> shadows = vm.shadows();
    if (shadows.isEmpty()) {
      return Optional.of(Miss.NO_SHADOW);
    }
    List<Instance> complete =
        shadows.stream().filter(shadow -> shadow.replica().complete()).toList();
    if (complete.isEmpty()) {
      return Optional.of(Miss.SHADOW_INCOMPLETE);
    }
    if (complete.stream().noneMatch(shadow -> shadow.host().running())) {
      return Optional.of(Miss.SHADOW_DOWN);
    }
    return loop.get().flatMap(view -> waitsFor(view, vm));
  }

  private static Optional<Miss> waitsFor(LoopView view, WorldVm vm) {
    Optional<SagaStep> step = view.sagaOf(vm.id()).map(LoopView.SagaView::step);
    if (step.isPresent()) {
      return switch (step.get()) {
        case FENCE, UNDO_ACTIVATE -> Optional.of(Miss.NOT_FENCED);
        case ALLOCATE, REPLACE -> Optional.of(Miss.NO_ROOM);
        default -> Optional.empty();
      };
    }
    boolean held =
        vm.current()
            .map(old ->
                view.incidents().stream()
                    .anyMatch(incident ->
                        incident.host().equals(old.host().id())
                            && incident.state().equals(IncidentState.HELD.name())))
            .orElse(false);
    return held ? Optional.of(Miss.HELD_BACK) : Optional.empty();
  }
}
