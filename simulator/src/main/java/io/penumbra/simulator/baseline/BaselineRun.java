package io.penumbra.simulator.baseline;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.ClaimResult;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.log.DecisionLog;
import io.penumbra.simulator.chance.LogNormal;
import io.penumbra.simulator.hardware.FailureKind;
import io.penumbra.simulator.hardware.GuestFailure;
import io.penumbra.simulator.hardware.HardwareFailure;
import io.penumbra.simulator.report.PolicyResult.Miss;
import io.penumbra.simulator.run.OutageLedger;
import io.penumbra.simulator.run.PolicyVariant;
import io.penumbra.simulator.run.RunProgress;
import io.penumbra.simulator.run.RunResult;
import io.penumbra.simulator.run.ScenarioInputs;
import io.penumbra.simulator.run.Wish;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.VmSync;
import io.penumbra.simulator.time.VirtualTime;
import io.penumbra.simulator.workload.VmTrace;
import java.time.Duration;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.random.RandomGenerator;

/**
 * A policy without the control loop on the scenario's arrivals and failures. Where a VM goes is the
 * production placement's decision; when it goes is the policy's.
 *
 * <p>The three that know nothing ahead share one rule: a host that is silent for the policy's time
 * is given up, its VMs are booted elsewhere, and what was in their memory is lost. Fencing is taken
 * to succeed at once, which flatters them. The clairvoyant moves a VM just before its host fails,
 * for the pause of a planned move; without room elsewhere it can only wait for the repair.
 */
public final class BaselineRun {

  private static final int PARTS = 200;
  private static final Duration RETRY = Duration.ofMinutes(1);

  private final ScenarioInputs inputs;
  private final Scenario scenario;
  private final PolicyVariant variant;
  private final IntFunction<Wish> wishes;
  private final DecisionLog decisions;
  private final VirtualTime time;
  private final Fleet fleet;
  private final Placer placer;
  private final OutageLedger ledger;
  private final RandomGenerator boots;
  private final TreeSet<Integer>[] vmsOn;
  private final int[] hostOf;
  private final long[] bootedAt;
  private final int[] move;
  private final boolean[] hostDown;
  private final BitSet roomless = new BitSet();
  private long placed;
  private long refused;

  /** Prepares a run. */
  public BaselineRun(
      ScenarioInputs inputs,
      PolicyVariant variant,
      DecisionLog decisions,
      PlacementSettings placement) {
    this.inputs = inputs;
    this.scenario = inputs.scenario();
    this.variant = variant;
    this.wishes = inputs.wishes(scenario.policies().all(ShadowMode.NONE));
    this.decisions = decisions;
    this.time = new VirtualTime(scenario.start());
    this.fleet = new Fleet(inputs.fleetSettings());
    this.placer = new Placer(fleet, placement);
    this.ledger = new OutageLedger(inputs.trace().size());
    this.boots = scenario.seeds().stream("baseline-boot");
    this.vmsOn = emptySets(inputs.fleet().size());
    this.hostOf = new int[inputs.trace().size()];
    Arrays.fill(hostOf, NOWHERE);
    this.bootedAt = new long[inputs.trace().size()];
    this.move = new int[inputs.trace().size()];
    this.hostDown = new boolean[inputs.fleet().size()];
  }

  private static final int NOWHERE = Integer.MIN_VALUE;

  @SuppressWarnings({"unchecked", "rawtypes"}) // Arrays of a generic type can't be made otherwise.
  private static TreeSet<Integer>[] emptySets(int count) {
    TreeSet<Integer>[] sets = new TreeSet[count];
    Arrays.setAll(sets, i -> new TreeSet<>());
    return sets;
  }

  /** Runs to the end, or until the progress says stop. */
  public RunResult run(RunProgress progress) {
    for (Host host : inputs.fleet().hosts()) {
      apply(new FleetChange.HostAdded(host));
    }
    arriveNext(0);
    failNext(0);
    guestNext(0);
    long end = scenario.duration().toNanos();
    boolean goesOn = true;
    for (int part = 1; part <= PARTS && goesOn; part++) {
      long until = end / PARTS * part;
      while (time.runNext(until)) {
        // Everything is done by the actions.
      }
      goesOn = progress.at((double) part / PARTS);
    }
    return result(goesOn);
  }

  private RunResult result(boolean complete) {
    for (int vm = 0; vm < hostOf.length; vm++) {
      if (hostOf[vm] != NOWHERE && ledger.isDown(vm) && hostDown[hostOf[vm]]) {
        ledger.missedFailover(why(vm, Miss.UNFINISHED));
      }
    }
    ledger.end(time.nanos());
    return new RunResult(
        variant,
        ledger.result(variant, variant == PolicyVariant.CLAIRVOYANT, 0, 0, placed, refused),
        Duration.ofNanos(time.nanos()),
        complete,
        Optional.empty(),
        List.of(),
        List.of(),
        time.actionsDone());
  }

  private Miss why(int vm, Miss otherwise) {
    return variant == PolicyVariant.NONE
        ? Miss.WAITS
        : roomless.get(vm) || variant == PolicyVariant.CLAIRVOYANT ? Miss.NO_ROOM : otherwise;
  }

  private void apply(FleetChange change) {
    decisions.fleetChanged(fleet.apply(change), change);
  }

  // Arrivals.

  private void arriveNext(int vm) {
    VmTrace trace = inputs.trace();
    if (vm < trace.size()) {
      time.at(
          trace.atMillis(vm) * 1_000_000,
          () -> {
            arrive(vm);
            arriveNext(vm + 1);
          });
    }
  }

  private void arrive(int vm) {
    Optional<Integer> host = place(vm, List.of());
    if (host.isEmpty()) {
      refused++;
      return;
    }
    settle(vm, host.get());
    time.afterNanos(draw(scenario.timing().createVmMillis()), () -> begin(vm));
    long life = inputs.trace().lifetimeMillis(vm);
    if (life != VmTrace.STAYS) {
      time.afterNanos(life * 1_000_000, () -> leave(vm));
    }
  }

  private void begin(int vm) {
    if (hostOf[vm] != NOWHERE) {
      placed++;
      bootedAt[vm] = time.nanos();
      ledger.came(vm, time.nanos());
      if (variant == PolicyVariant.CLAIRVOYANT && hostDown[hostOf[vm]]) {
        moveAway(vm, inputs.fleet().hosts().get(hostOf[vm]).id());
      }
      if (hostDown[hostOf[vm]]) {
        ledger.down(vm, time.nanos(), false);
      }
    }
  }

  private void leave(int vm) {
    if (hostOf[vm] == NOWHERE) {
      return;
    }
    if (ledger.isDown(vm) && hostDown[hostOf[vm]]) {
      ledger.missedFailover(why(vm, Miss.TAKEN_AWAY));
    }
    unsettle(vm);
    apply(new FleetChange.PrimaryReleased(inputs.trace().id(vm)));
    ledger.went(vm, time.nanos());
  }

  private Optional<Integer> place(int vm, List<HostId> excluded) {
    Wish wish = wishes.apply(vm);
    PlacementRequest request =
        new PlacementRequest(
            RequestId.of("req-" + wish.vm().id() + "-" + ++move[vm]),
            time.instant(),
            wish.vm(),
            Optional.empty(),
            List.of(),
            excluded,
            Optional.empty(),
            Optional.empty(),
            List.of(),
            List.of(),
            List.of(),
            wish.seed());
    PlacementDecision decision = placer.decide(request);
    decisions.decided(request, decision);
    if (decision.answer() instanceof PlacementDecision.Placed there
        && placer.claim(request, decision) instanceof ClaimResult.Claimed claimed) {
      if (hostOf[vm] != NOWHERE) {
        unsettle(vm);
        apply(new FleetChange.PrimaryReleased(wish.vm().id()));
      }
      claimed.changes().forEach(this::apply);
      return Optional.of(inputs.fleet().indexOf(there.primary().host()));
    }
    return Optional.empty();
  }

  private void settle(int vm, int host) {
    hostOf[vm] = host;
    vmsOn[host].add(vm);
  }

  private void unsettle(int vm) {
    vmsOn[hostOf[vm]].remove(vm);
    hostOf[vm] = NOWHERE;
  }

  // Failures.

  private void failNext(int next) {
    List<HardwareFailure> failures = inputs.failures().failures();
    if (next == failures.size()) {
      return;
    }
    HardwareFailure failure = failures.get(next);
    time.at(
        failure.at().toNanos(),
        () -> {
          if (failure.kind() != FailureKind.SLOW) {
            fail(failure);
          }
          failNext(next + 1);
        });
  }

  private void fail(HardwareFailure failure) {
    int host = failure.host();
    if (variant == PolicyVariant.CLAIRVOYANT) {
      moveAway(host);
    }
    hostDown[host] = true;
    for (int vm : vmsOn[host]) {
      ledger.down(vm, time.nanos(), false);
    }
    condition(host, HostCondition.DOWN);
    int[] epoch = {0};
    detection()
        .filter(after -> after.compareTo(failure.lasts()) < 0)
        .ifPresent(after -> time.after(after, () -> giveUp(host, epoch)));
    time.after(failure.lasts(), () -> back(host, failure.kind(), epoch));
  }

  private void condition(int host, HostCondition condition) {
    apply(new FleetChange.HostConditionChanged(inputs.fleet().hosts().get(host).id(), condition));
  }

  private Optional<Duration> detection() {
    return switch (variant) {
      case RESTART_ELSEWHERE -> Optional.of(scenario.detection().restartAfter());
      case EVACUATE -> Optional.of(scenario.detection().evacuateAfter());
      default -> Optional.empty();
    };
  }

  /** Everything on a host is booted elsewhere; what finds no room is tried again. */
  private void giveUp(int host, int[] epoch) {
    if (epoch[0] != 0 || !hostDown[host]) {
      return;
    }
    for (int vm : List.copyOf(vmsOn[host])) {
      if (ledger.isThere(vm)) {
        Optional<Integer> there = place(vm, List.of(inputs.fleet().hosts().get(host).id()));
        roomless.set(vm, there.isEmpty());
        there.ifPresent(on -> restart(vm, on));
      }
    }
    if (!vmsOn[host].isEmpty()) {
      time.after(RETRY, () -> giveUp(host, epoch));
    }
  }

  private void restart(int vm, int host) {
    settle(vm, host);
    ledger.trueFailover();
    ledger.lost(Math.max(0, time.nanos() - bootedAt[vm]));
    boot(vm);
  }

  private void boot(int vm) {
    int expected = move[vm];
    int on = hostOf[vm];
    time.afterNanos(
        draw(scenario.timing().rebootGuestMillis()),
        () -> {
          if (hostOf[vm] == on && move[vm] == expected && !hostDown[on]) {
            bootedAt[vm] = time.nanos();
            ledger.up(vm, time.nanos());
          }
        });
  }

  private void back(int host, FailureKind kind, int[] epoch) {
    epoch[0]++;
    hostDown[host] = false;
    condition(host, HostCondition.UP);
    for (int vm : List.copyOf(vmsOn[host])) {
      if (ledger.isThere(vm) && ledger.isDown(vm)) {
        ledger.missedFailover(why(vm, Miss.BACK_FIRST));
        if (kind == FailureKind.FREEZE) {
          ledger.up(vm, time.nanos());
        } else {
          ledger.lost(Math.max(0, time.nanos() - bootedAt[vm]));
          boot(vm);
        }
      }
    }
  }

  /** Knows what comes: everything is moved for the price of a planned move's pause. */
  private void moveAway(int host) {
    HostId id = inputs.fleet().hosts().get(host).id();
    for (int vm : List.copyOf(vmsOn[host])) {
      if (ledger.isThere(vm)) {
        moveAway(vm, id);
      }
    }
  }

  private void moveAway(int vm, HostId from) {
    place(vm, List.of(from))
        .ifPresent(there -> {
          settle(vm, there);
          ledger.plannedMove();
          ledger.trueFailover();
          ledger.down(vm, time.nanos(), true);
          time.after(pause(vm), () -> arrived(vm, there));
        });
  }

  private void arrived(int vm, int on) {
    if (hostOf[vm] == on && !hostDown[on]) {
      ledger.up(vm, time.nanos());
    }
  }

  private Duration pause(int vm) {
    VmSync sync = scenario.sync().forVm(scenario.seeds(), vm, inputs.trace().flavor(vm).size());
    return sync.migrationPause(
        ShadowMode.WARM, scenario.sync().epochFor(ShadowMode.WARM, scenario.policies().warmRpo()));
  }

  // Guests.

  private void guestNext(int next) {
    List<GuestFailure> guests = inputs.guestFailures();
    if (next == guests.size()) {
      return;
    }
    time.at(
        guests.get(next).at().toNanos(),
        () -> {
          crash(guests.get(next).vm());
          guestNext(next + 1);
        });
  }

  private void crash(int vm) {
    if (hostOf[vm] == NOWHERE || !ledger.isThere(vm) || ledger.isDown(vm)) {
      return;
    }
    if (variant == PolicyVariant.CLAIRVOYANT) {
      ledger.down(vm, time.nanos(), true);
      int on = hostOf[vm];
      time.after(pause(vm), () -> arrived(vm, on));
      return;
    }
    ledger.down(vm, time.nanos(), false);
    ledger.lost(Math.max(0, time.nanos() - bootedAt[vm]));
    time.after(scenario.detection().guestProbeInterval(), () -> bootIfStillThere(vm));
  }

  private void bootIfStillThere(int vm) {
    if (hostOf[vm] != NOWHERE && ledger.isDown(vm) && !hostDown[hostOf[vm]]) {
      boot(vm);
    }
  }

  private long draw(LogNormal millis) {
    return (long) (millis.draw(boots) * 1e6);
  }
}
