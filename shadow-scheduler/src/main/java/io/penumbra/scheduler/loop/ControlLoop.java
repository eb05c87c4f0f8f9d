package io.penumbra.scheduler.loop;

import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.Placer;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.lifecycle.TransitionObserver;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The single writer: folds events into what is known, decides, writes down what it is about to do,
 * and only then asks the world to do it. Owned by one thread.
 */
public final class ControlLoop {

  private final Optional<LoopView> view;

  private ControlLoop(Optional<LoopView> view) {
    this.view = view;
  }

  /**
   * Recovers from the journal and from what the cloud reports, resumes every failover that was
   * under way, and is ready to {@link #step}.
   *
   * @param placer on an empty fleet, which the loop fills and owns from now on
   */
  public static ControlLoop start(
      LoopPorts ports, Placer placer, SchedulerSettings settings, TransitionObserver observer) {
    return new ControlLoop(Optional.empty());
  }

  /**
   * Takes in everything that has happened and does what follows from it. When it throws, the loop
   * is dead: start another one from the journal.
   *
   * @return how many events and timers it handled; 0 means there was nothing to do
   */
  public int step() {
    return 0;
  }

  /** Decides where a VM goes, claims the capacity and logs the decision, at once. */
  public PlacementDecision place(PlacementRequest request) {
    return new PlacementDecision(
        request.id(),
        request.vm().id(),
        request.at(),
        0,
        request.seed(),
        request.vm().policy().source(),
        Optional.empty(),
        new PlacementDecision.Refused(List.of()));
  }

  /** When {@link #step} has something to do even if nothing happens until then. */
  public Optional<Instant> nextWakeup() {
    return Optional.empty();
  }

  /** What the loop knows; read it on the loop's thread. */
  public LoopView view() {
    return view.orElseThrow();
  }
}
