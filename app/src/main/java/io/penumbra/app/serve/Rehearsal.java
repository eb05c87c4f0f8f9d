package io.penumbra.app.serve;

import io.penumbra.scheduler.service.Controller;
import io.penumbra.scheduler.service.ControllerBusyException;
import io.penumbra.scheduler.service.ControllerState;
import io.penumbra.simulator.soak.SoakRun;
import java.time.Duration;

/**
 * Plays failovers in the simulator while the controller that has just begun has nothing to do: the
 * same loop, in this process, so that the first real one runs in code that is loaded and compiled.
 * A first failover without it took three times as long as the fifth. Broken off when there is
 * trouble; and not begun before everybody has had time to be missed, for whoever is started again
 * in the middle of a failover needs every core for finding that out.
 */
final class Rehearsal {

  private static final int SEEDS = 40;
  private static final Duration MOST = Duration.ofSeconds(4);
  private static final Duration LOOK_EVERY = Duration.ofMillis(300);
  private static final Duration CALM_FOR = Duration.ofSeconds(3);

  private final Controller controller;

  private Rehearsal(Controller controller) {
    this.controller = controller;
  }

  /** Returns at once; ends with the process if not before. */
  static void begin(Controller controller) {
    Thread.ofPlatform().daemon().name("rehearsal").start(new Rehearsal(controller)::run);
  }

  private void run() {
    try {
      long calmSince = System.nanoTime();
      while (System.nanoTime() - calmSince < CALM_FOR.toNanos()) {
        Thread.sleep(LOOK_EVERY);
        if (!isCalm()) {
          calmSince = System.nanoTime();
        }
      }
      long until = System.nanoTime() + MOST.toNanos();
      for (long seed = 1; seed <= SEEDS && System.nanoTime() < until && isCalm(); seed++) {
        // What comes of it is the soak's business, which has run millions of seeds.
        SoakRun.run(seed, SoakRun.Options.usual());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isCalm() throws InterruptedException {
    if (!(controller.state() instanceof ControllerState.Working)) {
      return false;
    }
    try {
      return controller.view(
          view -> view.sagas().isEmpty() && view.incidents().isEmpty(), Duration.ofSeconds(1));
    } catch (ControllerBusyException e) {
      return false;
    }
  }
}
