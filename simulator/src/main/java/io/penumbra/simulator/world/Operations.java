package io.penumbra.simulator.world;

import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.simulator.world.Instance.State;
import java.time.Duration;
import java.util.List;

/**
 * What befalls hosts and guests, and the people and daemons that put things right in place: repair
 * crews, boot scripts, the cloud's own look at its hosts.
 */
public final class Operations implements WorldObserver {

  private static final Duration REPORTED_AGAIN = Duration.ofMinutes(1);

  private final World world;
  private final SimulatedCloud cloud;

  /** Operations of a cloud; it begins to watch the world. */
  public Operations(World world, SimulatedCloud cloud) {
    this.world = world;
    this.cloud = cloud;
    world.observe(this);
  }

  /** A host dies and is repaired after some time. */
  public void hostFails(WorldHost host, Duration repair, String why) {
    if (host.broken) {
      return;
    }
    boolean ran = host.running();
    host.broken = true;
    if (ran) {
      world.hostStops(host, why);
    }
    world
        .time()
        .after(
            repair,
            () -> {
              host.broken = false;
              host.powered = true;
              startIfItCan(host, "repaired");
            });
  }

  /** Hosts lose their power, and their management controllers with it. */
  public void powerFails(List<WorldHost> hosts, Duration repair, String why) {
    for (WorldHost host : hosts) {
      boolean ran = host.running();
      host.feedDown = true;
      if (ran) {
        world.hostStops(host, why);
      }
    }
    world
        .time()
        .after(
            repair,
            () -> {
              for (WorldHost host : hosts) {
                host.feedDown = false;
                startIfItCan(host, "power is back");
              }
            });
  }

  /** Nothing runs for a while; then everything goes on as if no time had passed. */
  public void hostFreezes(WorldHost host, Duration lasts, String why) {
    if (!host.running() || host.frozen) {
      return;
    }
    host.frozen = true;
    for (Instance instance : List.copyOf(host.instances())) {
      if (instance.serving()) {
        instance.frozen = true;
        world.pause(instance, why);
      }
    }
    world.review(host);
    long stopped = host.stoppedAt;
    world.time().after(lasts, () -> thaw(host, stopped));
  }

  private void thaw(WorldHost host, long stopped) {
    if (host.stoppedAt != stopped || !host.frozen) {
      return;
    }
    host.frozen = false;
    for (Instance instance : List.copyOf(host.instances())) {
      if (instance.frozen && instance.state() == State.PAUSED) {
        instance.frozen = false;
        world.serve(instance, "its host goes on");
      }
    }
    world.review(host);
  }

  /** Everything to and from a host takes longer for a while. */
  public void hostSlows(WorldHost host, double factor, Duration lasts) {
    world.network().slow(host.index(), factor);
    world.review(host);
    world
        .time()
        .after(
            lasts,
            () -> {
              world.network().slow(host.index(), 1);
              world.review(host);
            });
  }

  /** A host's agent hangs; if no watchdog does it before, somebody restarts it after some time. */
  public void agentHangs(WorldHost host, Duration lasts) {
    if (!host.agentWorks()) {
      return;
    }
    host.agentHung = true;
    world.review(host);
    world
        .time()
        .after(
            lasts,
            () -> {
              host.agentHung = false;
              world.review(host);
            });
  }

  /** A guest crashes while its host is well. */
  public void guestCrashes(WorldVm vm, String symptom) {
    vm.current()
        .filter(Instance::serving)
        .ifPresent(instance -> {
          world.stop(instance, symptom);
          int attempt = instance.fillAttempt;
          world
              .time()
              .after(world.spec().guestProbe(), () -> guestFound(instance, attempt, symptom));
        });
  }

  /** The agent looks again and again, for its report may get lost. */
  private void guestFound(Instance instance, int attempt, String symptom) {
    boolean stillDown =
        !instance.removed && instance.state() == State.STOPPED && instance.fillAttempt == attempt;
    if (!stillDown || !isCurrent(instance)) {
      return;
    }
    if (unprotected(instance)) {
      world.boot(instance, "rebooted in place", () -> {});
      return;
    }
    if (world.agentAnswers(instance.host())) {
      cloud.guestFailed(instance.vm().id(), symptom);
    }
    world.time().after(REPORTED_AGAIN, () -> guestFound(instance, attempt, symptom));
  }

  private boolean unprotected(Instance instance) {
    return world.spec().rebootsUnprotected()
        && instance.vm().vm().policy().policy().mode() == ShadowMode.NONE;
  }

  private static boolean isCurrent(Instance instance) {
    return instance.vm().current().filter(instance::equals).isPresent();
  }

  @Override
  public void happened(Happening happening) {
    if (happening instanceof Happening.HostWent went) {
      if (went.running()) {
        started(went.host());
      } else {
        stopped(went.host());
      }
    }
  }

  private void stopped(WorldHost host) {
    host.frozen = false;
    long since = host.stoppedAt;
    world
        .time()
        .after(
            world.spec().cloudNotices(),
            () -> {
              if (!host.running() && host.stoppedAt == since) {
                cloud.condition(host, HostCondition.DOWN);
              }
            });
    if (!host.powered) {
      world.time().after(world.spec().crewPowersOn(), () -> powerOn(host, since));
    }
  }

  private void powerOn(WorldHost host, long since) {
    if (!host.powered && host.stoppedAt == since && !host.broken) {
      host.powered = true;
      startIfItCan(host, "switched on again");
    }
  }

  private void startIfItCan(WorldHost host, String why) {
    if (host.running()) {
      world.hostStarts(host, why);
    }
  }

  /** Agents look through their hosts now and then and clear away what the books don't know. */
  public void audit(Duration every) {
    world
        .time()
        .after(
            every,
            () -> {
              for (WorldHost host : world.hosts()) {
                if (host.agentWorks()) {
                  clearStrays(host);
                }
              }
              audit(every);
            });
  }

  private void clearStrays(WorldHost host) {
    if (host.instances().stream().anyMatch(Operations::isStray)) {
      List.copyOf(host.instances()).stream().filter(Operations::isStray).forEach(world::takeOff);
    }
  }

  private static boolean isStray(Instance instance) {
    return instance.state() == State.STOPPED && !instance.isShadow() && !isCurrent(instance);
  }

  /** Agents come back, say which shadows are gone, and start what nobody keeps from serving. */
  private void started(WorldHost host) {
    cloud.condition(host, host.quarantined ? HostCondition.QUARANTINED : HostCondition.UP);
    for (Instance instance : List.copyOf(host.instances())) {
      if (instance.isShadow()) {
        if (instance.state() == State.STOPPED) {
          world.removeShadow(instance, "its host went down");
          cloud.shadowLost(instance, "its host went down");
        }
      } else if (!isCurrent(instance)) {
        world.takeOff(instance);
      } else if (instance.state() == State.STOPPED && mayStart(instance)) {
        world.boot(instance, "started again, its host is back", () -> {});
      } else if (instance.state() == State.STOPPED) {
        guestFound(
            instance, instance.fillAttempt, "it was kept from serving, and its host is back");
      }
    }
  }

  /**
   * Who was kept from serving starts only by order: a cloud that starts it with its host would
   * bring it back beside the shadow that has taken over. Of an unprotected one there is no shadow.
   */
  private static boolean mayStart(Instance instance) {
    return !instance.fenced() || instance.vm().vm().policy().policy().mode() == ShadowMode.NONE;
  }

  /** A host's clock runs at another rate from now on. */
  public void skewClock(WorldHost host, double rate) {
    host.clockRate = rate;
  }

  /** Everything that is broken works again: network, agents, hosts, power. */
  public void healEverything() {
    healNetwork();
    for (WorldHost host : world.hosts()) {
      boolean ran = host.running();
      if (host.frozen) {
        thaw(host, host.stoppedAt);
      }
      host.broken = false;
      host.feedDown = false;
      host.powered = true;
      if (!ran) {
        startIfItCan(host, "everything was healed");
      }
    }
  }

  private void healNetwork() {
    world.network().healAll();
    for (WorldHost host : world.hosts()) {
      host.bmcAnswers = true;
      host.agentHung = false;
      world.network().slow(host.index(), 1);
    }
    for (WorldHost host : world.hosts()) {
      world.review(host);
    }
  }
}
