package io.penumbra.simulator.soak;

import io.penumbra.domain.RiskScore;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.simulator.engine.Rig;
import io.penumbra.simulator.fault.FaultDice;
import io.penumbra.simulator.fault.FaultKind;
import io.penumbra.simulator.world.Happening;
import io.penumbra.simulator.world.Network;
import io.penumbra.simulator.world.World;
import io.penumbra.simulator.world.WorldHost;
import io.penumbra.simulator.world.WorldVm;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.random.RandomGenerator;

/** Faults that befall the world, drawn ahead of time; those that befall calls are the dice's. */
final class FaultStorm {

  private static final Duration WARM_UP = Duration.ofMinutes(5);

  private final Rig rig;
  private final World world;
  private final FaultDice dice;
  private final Duration safety;

  FaultStorm(Rig rig, FaultDice dice, Duration safety) {
    this.rig = rig;
    this.world = rig.world();
    this.dice = dice;
    this.safety = safety;
  }

  /** Draws when what happens, and puts it into the queue. */
  void schedule() {
    skewClocks();
    each(FaultKind.HOST_FAILURE, this::hostFailure);
    each(FaultKind.DOMAIN_FAILURE, this::domainFailure);
    each(FaultKind.GUEST_CRASH, this::guestCrash);
    each(FaultKind.CONTROLLER_CRASH, this::controllerCrash);
    each(FaultKind.PARTITION, draw -> partition(draw, FaultKind.PARTITION));
    each(FaultKind.PARTITION_ONE_WAY, draw -> partition(draw, FaultKind.PARTITION_ONE_WAY));
    each(FaultKind.NETWORK_SLOW, this::slowNetwork);
    each(FaultKind.AGENT_HANGS, this::agentHangs);
    each(FaultKind.TELEMETRY_LIES, this::telemetryLies);
  }

  /** Draws what happens and gives the action; it runs unless everything has healed by then. */
  private interface Blow {
    void prepare(Draw draw);
  }

  /** One fault about to be drawn: when it happens, and its stream of chance. */
  private record Draw(RandomGenerator chance, long at) {}

  private void each(FaultKind kind, Blow blow) {
    RandomGenerator chance = dice.stream(kind);
    double hours = safety.toSeconds() / 3_600.0;
    double expected = dice.mix().rate(kind) * hours;
    long span = safety.minus(WARM_UP).toNanos();
    double left = expected;
    while (left > 0) {
      if (left >= 1 || chance.nextDouble() < left) {
        long at = WARM_UP.toNanos() + (long) (chance.nextDouble() * span);
        blow.prepare(new Draw(chance, at));
      }
      left--;
    }
  }

  private void strike(FaultKind kind, long at, String what, Runnable action) {
    world
        .time()
        .at(
            at,
            () -> {
              if (!dice.healed()) {
                world.tell(new Happening.Fault(kind.name(), true, what));
                action.run();
              }
            });
  }

  private WorldHost anyHost(RandomGenerator chance) {
    return world.hosts().get(chance.nextInt(world.hosts().size()));
  }

  private static Duration between(RandomGenerator chance, int secondsMin, int secondsMax) {
    return Duration.ofMillis(
        1_000L * secondsMin + chance.nextInt(1_000 * (secondsMax - secondsMin) + 1));
  }

  /** The detector has a host's heartbeats some time before trouble comes to it. */
  private void watchAhead(WorldHost host, long at) {
    long lead = rig.heartbeats().leadNanos();
    world
        .time()
        .at(Math.max(0, at - lead - 1_000_000_000L), () -> rig.heartbeats().watch(host, at + lead));
  }

  private void hostFailure(Draw draw) {
    WorldHost host = anyHost(draw.chance);
    watchAhead(host, draw.at);
    boolean announced = draw.chance.nextBoolean();
    boolean late = dice.strikes(FaultKind.TELEMETRY_LATE);
    if (announced) {
      Duration lead = between(draw.chance, 60, 1_800);
      long told = late ? draw.at + lead.toNanos() : Math.max(0, draw.at - lead.toNanos());
      report(host, told, 0.2 + 0.7 * draw.chance.nextDouble());
    }
    if (draw.chance.nextInt(4) == 0) {
      Duration lasts = between(draw.chance, 1, 40);
      strike(
          FaultKind.HOST_FAILURE,
          draw.at,
          host + " freezes for " + lasts,
          () -> rig.operations().hostFreezes(host, lasts, "its host froze"));
    } else {
      Duration repair = between(draw.chance, 60, 3_600);
      strike(
          FaultKind.HOST_FAILURE,
          draw.at,
          host + " dies for " + repair,
          () -> rig.operations().hostFails(host, repair, "its host died"));
    }
  }

  private void domainFailure(Draw draw) {
    DomainKind kind = draw.chance.nextBoolean() ? DomainKind.RACK : DomainKind.POWER_FEED;
    String domain = kind.of(anyHost(draw.chance).host());
    List<WorldHost> hit = new ArrayList<>();
    for (WorldHost host : world.hosts()) {
      if (kind.of(host.host()).equals(domain)) {
        hit.add(host);
        watchAhead(host, draw.at);
      }
    }
    Duration repair = between(draw.chance, 60, 1_800);
    strike(
        FaultKind.DOMAIN_FAILURE,
        draw.at,
        "%s %s is dark for %s".formatted(kind, domain, repair),
        () -> rig.operations().powerFails(hit, repair, kind + " " + domain + " went dark"));
  }

  private void guestCrash(Draw draw) {
    int pick = draw.chance.nextInt(Integer.MAX_VALUE);
    strike(
        FaultKind.GUEST_CRASH,
        draw.at,
        "a guest crashes",
        () -> {
          List<WorldVm> vms = new ArrayList<>(world.vms());
          if (!vms.isEmpty()) {
            rig.operations().guestCrashes(vms.get(pick % vms.size()), "kernel panic");
          }
        });
  }

  private void controllerCrash(Draw draw) {
    int points = 1 + draw.chance.nextInt(30);
    boolean torn = dice.strikes(FaultKind.JOURNAL_TORN);
    strike(
        FaultKind.CONTROLLER_CRASH,
        draw.at,
        "the controller dies " + points + " steps from now" + (torn ? ", its append torn" : ""),
        () -> {
          rig.crashes().arm(points, torn);
          world
              .time()
              .after(
                  Duration.ofMinutes(3),
                  () -> {
                    if (rig.crashes().armed() && !dice.healed()) {
                      rig.controller().crash("killed while idle");
                    }
                  });
        });
  }

  private void partition(Draw draw, FaultKind kind) {
    int all = world.hosts().size();
    int controller = world.network().controller();
    BitSet inside = new BitSet();
    for (int i = 0; i < 1 + draw.chance.nextInt(Math.max(1, all / 2)); i++) {
      inside.set(draw.chance.nextInt(all));
    }
    BitSet outside = new BitSet();
    if (draw.chance.nextBoolean()) {
      outside.set(0, all);
    }
    if (outside.isEmpty() || draw.chance.nextBoolean()) {
      outside.set(controller);
    }
    outside.andNot(inside);
    Duration lasts = between(draw.chance, 5, 600);
    boolean outwards = draw.chance.nextBoolean();
    BitSet touched = (BitSet) inside.clone();
    touched.or(outside);
    hostsOf(touched).forEach(host -> watchAhead(host, draw.at));
    strike(
        kind,
        draw.at,
        "%s cut from %s for %s".formatted(inside, outside, lasts),
        () -> cut(kind, inside, outside, outwards, lasts));
  }

  private void cut(
      FaultKind kind, BitSet inside, BitSet outside, boolean outwards, Duration lasts) {
    List<Network.Cut> cuts = new ArrayList<>();
    boolean both = kind == FaultKind.PARTITION;
    if (both || outwards) {
      cuts.add(world.network().cut(inside, outside));
    }
    if (both || !outwards) {
      cuts.add(world.network().cut(outside, inside));
    }
    BitSet touched = (BitSet) inside.clone();
    touched.or(outside);
    List<WorldHost> hosts = hostsOf(touched);
    hosts.forEach(world::review);
    world
        .time()
        .after(
            lasts,
            () -> {
              cuts.forEach(world.network()::heal);
              hosts.forEach(world::review);
              world.tell(new Happening.Fault(kind.name(), false, inside + " healed"));
            });
  }

  private List<WorldHost> hostsOf(BitSet nodes) {
    return nodes.stream()
        .filter(i -> i != world.network().controller())
        .mapToObj(world.hosts()::get)
        .toList();
  }

  private void slowNetwork(Draw draw) {
    WorldHost host = anyHost(draw.chance);
    double factor = 5 + 300 * draw.chance.nextDouble();
    Duration lasts = between(draw.chance, 30, 600);
    watchAhead(host, draw.at);
    strike(
        FaultKind.NETWORK_SLOW,
        draw.at,
        host + " is slow",
        () -> rig.operations().hostSlows(host, factor, lasts));
  }

  private void agentHangs(Draw draw) {
    WorldHost host = anyHost(draw.chance);
    Duration lasts = between(draw.chance, 5, 1_200);
    watchAhead(host, draw.at);
    strike(
        FaultKind.AGENT_HANGS,
        draw.at,
        "the agent on " + host + " hangs for " + lasts,
        () -> rig.operations().agentHangs(host, lasts));
  }

  private void telemetryLies(Draw draw) {
    WorldHost host = anyHost(draw.chance);
    Duration lasts = between(draw.chance, 300, 3_600);
    report(host, draw.at, 0.5 + 0.5 * draw.chance.nextDouble());
    report(host, draw.at + lasts.toNanos(), 0.001);
  }

  private void report(WorldHost host, long at, double probability) {
    strike(
        FaultKind.TELEMETRY_LIES,
        at,
        "%s is said to fail with %.2f".formatted(host, probability),
        () ->
            rig.cloud()
                .emit(
                    new Event.HostRiskReported(
                        world.time().instant(),
                        host.id(),
                        new RiskScore(probability, Duration.ofHours(1), List.of(), "oracle"))));
  }

  /** Telemetry works again: every host is said to be well, and again when the first got lost. */
  void tellTheTruth() {
    for (int i = 1; i <= 3; i++) {
      world.time().after(Duration.ofMinutes(i), this::allWell);
    }
  }

  private void allWell() {
    for (WorldHost host : world.hosts()) {
      rig.cloud()
          .emit(
              new Event.HostRiskReported(
                  world.time().instant(),
                  host.id(),
                  new RiskScore(0.001, Duration.ofHours(1), List.of(), "oracle")));
    }
  }

  /** Operators at work: a host into maintenance and back. */
  void maintenance(RandomGenerator chance) {
    int times = chance.nextInt(3);
    for (int i = 0; i < times; i++) {
      WorldHost host = anyHost(chance);
      long at = (long) (chance.nextDouble() * safety.toNanos());
      Duration lasts = between(chance, 300, 3_000);
      world.time().at(at, () -> setCondition(host, HostCondition.UP, HostCondition.MAINTENANCE));
      world
          .time()
          .at(
              at + lasts.toNanos(),
              () -> setCondition(host, HostCondition.MAINTENANCE, HostCondition.UP));
    }
  }

  private void setCondition(WorldHost host, HostCondition from, HostCondition to) {
    if (host.condition() == from) {
      rig.cloud().condition(host, to);
    }
  }

  private void skewClocks() {
    if (dice.mix().rate(FaultKind.CLOCK_SKEW) > 0) {
      RandomGenerator chance = dice.stream(FaultKind.CLOCK_SKEW);
      double bound = world.spec().timing().clockDriftMax();
      for (WorldHost host : world.hosts()) {
        rig.operations().skewClock(host, 1 + bound * (2 * chance.nextInt(2) - 1));
      }
    }
  }
}
