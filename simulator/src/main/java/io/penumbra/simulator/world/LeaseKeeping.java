package io.penumbra.simulator.world;

import io.penumbra.simulator.world.Instance.State;

/**
 * The agents' side of leases. A primary serves as long as its agent hears the controller or its
 * keeper, the shadow that could be promoted; a lease time after the last of both it stops its guest
 * itself. No renewal is an event here: only what begins or ends renewing is.
 *
 * <p>After Gray and Cheriton, "Leases: an efficient fault-tolerant mechanism for distributed file
 * cache consistency" (SOSP 1989), with the clock's rate bounded and not its reading.
 */
final class LeaseKeeping {

  private final World world;

  LeaseKeeping(World world) {
    this.world = world;
  }

  void review(Instance primary) {
    Lease lease = primary.lease();
    chooseKeeper(primary);
    if (lease.keeper == null) {
      lease.watch++;
      lease.renewed = true;
      resumeIfStoppedByLease(primary, lease.controllerStopped);
    } else if (renewedNow(primary)) {
      lease.watch++;
      lease.renewed = true;
      resumeIfStoppedByLease(primary, false);
    } else if (lease.renewed) {
      lease.renewed = false;
      lease.lastRenewal = world.now();
      int watch = ++lease.watch;
      long runsOut = (long) (world.spec().timing().lease().toNanos() / primary.host().clockRate());
      world.time().afterNanos(runsOut, () -> runOut(primary, watch));
    }
  }

  /**
   * A keeper stays one until it is gone, or until another complete shadow can stand in for it while
   * it is silent. The second only with the controller's consent, which it gives while it renews
   * itself: then nobody is waiting for the silent one's lease to run out, and whoever asks later
   * asks by the controller's books and gets the new keeper. A lease that has run out is given to
   * another keeper by the controller alone: the one that is gone may have answered that it has.
   */
  private void chooseKeeper(Instance primary) {
    Lease lease = primary.lease();
    Instance keeper = lease.keeper;
    if (keeper != null && primary.stoppedByLease && !controllerRenews(primary)) {
      return;
    }
    if (keeper != null && !keeper.removed) {
      if (keeper.isShadow() && !renews(keeper, primary) && controllerRenews(primary)) {
        standIn(primary);
      }
      return;
    }
    lease.keeper = null;
    for (Instance shadow : primary.vm().shadows()) {
      if (shadow.replica().complete() && primary.vm().current == primary) {
        lease.keeper = shadow;
        return;
      }
    }
  }

  private void standIn(Instance primary) {
    for (Instance shadow : primary.vm().shadows()) {
      boolean complete = shadow.replica().complete() && primary.vm().current == primary;
      if (complete && renews(shadow, primary)) {
        primary.lease().keeper = shadow;
        return;
      }
    }
  }

  /**
   * Nobody renews for one that has been superseded: shadows follow the new one, and so do books.
   */
  private boolean renewedNow(Instance primary) {
    return primary.vm().current == primary && (controllerRenews(primary) || keeperRenews(primary));
  }

  boolean controllerRenews(Instance primary) {
    return world.controllerUp()
        && !primary.lease().controllerStopped
        && world.agentAnswers(primary.host());
  }

  boolean keeperRenews(Instance primary) {
    Instance keeper = primary.lease().keeper;
    return keeper != null && renews(keeper, primary);
  }

  private boolean renews(Instance keeper, Instance primary) {
    return keeper.isShadow()
        && !keeper.removed
        && !keeper.stopsAcking
        && primary.host().agentWorks()
        && keeper.host().agentWorks()
        && keeper.state() == State.WAITING
        && world.network().talks(primary.host().index(), keeper.host().index());
  }

  private void resumeIfStoppedByLease(Instance primary, boolean controllerStopped) {
    if (primary.stoppedByLease && primary.state() == State.PAUSED && !controllerStopped) {
      world.serve(primary, "its lease is renewed again");
    }
  }

  private void runOut(Instance primary, int watch) {
    if (primary.lease().watch != watch || primary.removed || !runsOrWould(primary)) {
      return;
    }
    if (primary.host().agentWorks()) {
      primary.stoppedByLease = true;
      world.pause(primary, "its lease ran out, its agent stopped it");
    } else if (primary.host().running()) {
      watchdogResets(primary.host());
    }
  }

  /** A frozen guest would go on the moment its host does. */
  private static boolean runsOrWould(Instance primary) {
    return primary.serving() || (primary.frozen && primary.state() == State.PAUSED);
  }

  /**
   * The watchdog is fed at every renewal and by nothing else, so a hung agent can't outlive one.
   */
  private void watchdogResets(WorldHost host) {
    host.resetting = true;
    world.hostStops(host, "its watchdog reset it: the agent hung and a lease ran out");
    world
        .time()
        .after(
            world.spec().hostBoot(),
            () -> {
              host.resetting = false;
              if (host.running()) {
                world.hostStarts(host, "booted after its watchdog's reset");
              }
            });
  }
}
