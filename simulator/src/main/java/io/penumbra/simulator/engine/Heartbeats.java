package io.penumbra.simulator.engine;

import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.world.Happening;
import io.penumbra.simulator.world.World;
import io.penumbra.simulator.world.WorldHost;
import io.penumbra.simulator.world.WorldObserver;
import java.util.random.RandomGenerator;

/**
 * Heartbeats from the hosts to the controller's detector. Ten thousand hosts for a month send 26
 * billion of them, so only hosts around a moment of trouble send any: watching begins some
 * heartbeats before a fault touches a host, and ends when it has been calm for as long again. A
 * host that is not watched is taken to be well, and is.
 */
public final class Heartbeats implements WorldObserver {

  /** How many heartbeats a host sends before trouble, and after it. */
  public static final int CALM_BEATS = 30;

  private final World world;
  private final ControllerProcess controller;
  private final Seeds seeds;
  private final long interval;
  private final boolean everybody;
  private final long[] watchedUntil;
  private final boolean[] watched;
  private final int[] generation;
  private final boolean[] asleep;

  /**
   * Heartbeats of all hosts.
   *
   * @param everybody whether every host sends all the time; for small worlds and for comparison
   */
  public Heartbeats(World world, ControllerProcess controller, Seeds seeds, boolean everybody) {
    this.world = world;
    this.controller = controller;
    this.seeds = seeds.child("heartbeat-delay");
    this.interval = world.spec().timing().heartbeatInterval().toNanos();
    this.everybody = everybody;
    int hosts = world.hosts().size();
    this.watchedUntil = new long[hosts];
    this.watched = new boolean[hosts];
    this.generation = new int[hosts];
    this.asleep = new boolean[hosts];
    world.observe(this);
  }

  /** How long before trouble watching has to begin. */
  public long leadNanos() {
    return CALM_BEATS * interval;
  }

  /** Watches a host at least until then. */
  public void watch(WorldHost host, long until) {
    int i = host.index();
    watchedUntil[i] = Math.max(watchedUntil[i], until);
    if (!watched[i]) {
      watched[i] = true;
      controller.watch(host.id());
      beatFrom(host);
    }
  }

  private void beatFrom(WorldHost host) {
    int i = host.index();
    asleep[i] = false;
    int now = ++generation[i];
    long phase = (i * 7_919L % 1_000) * (interval / 1_000);
    long first = (world.now() / interval + 1) * interval + phase;
    world.time().at(first, () -> beat(host, now));
  }

  private void beat(WorldHost host, int expected) {
    int i = host.index();
    if (generation[i] != expected || !watched[i]) {
      return;
    }
    // Who is suspected is watched until the detector has seen that it beats.
    boolean calm = world.now() > watchedUntil[i] && !controller.hasIncident(host.id());
    if (!everybody && calm && beats(host)) {
      watched[i] = false;
      controller.unwatch(host.id());
      return;
    }
    if (!beats(host)) {
      asleep[i] = true;
      return;
    }
    double slowness = world.network().slowness(i);
    double millis = world.spec().timing().heartbeatDelayMillis().draw(chanceOf(i)) * slowness;
    world.time().afterNanos((long) (millis * 1e6), () -> arrive(host));
    world.time().afterNanos(interval, () -> beat(host, expected));
  }

  /** Each heartbeat's own, so that whether others are sent changes nothing. */
  private RandomGenerator chanceOf(int host) {
    return seeds.stream("host-" + host, world.now());
  }

  private void arrive(WorldHost host) {
    if (watched[host.index()]) {
      controller.heartbeat(host.id());
    }
  }

  private boolean beats(WorldHost host) {
    return host.agentWorks() && world.network().reaches(host.index(), world.network().controller());
  }

  @Override
  public void happened(Happening happening) {
    switch (happening) {
      case Happening.LinksChanged(WorldHost host) -> changed(host);
      case Happening.ControllerWent(boolean up, String why) -> {
        if (up) {
          restart();
        }
      }
      default -> {}
    }
  }

  private void changed(WorldHost host) {
    watch(host, world.now() + 2 * leadNanos());
    if (asleep[host.index()] && beats(host)) {
      beatFrom(host);
    }
  }

  /** A new detector knows nobody: it is told of everybody who was watched, or is silent. */
  private void restart() {
    for (WorldHost host : world.hosts()) {
      int i = host.index();
      if (watched[i]) {
        watchedUntil[i] = Math.max(watchedUntil[i], world.now() + leadNanos());
        controller.watch(host.id());
      } else if (everybody || !beats(host) || controller.hasIncident(host.id())) {
        watch(host, world.now() + leadNanos());
      }
    }
  }
}
