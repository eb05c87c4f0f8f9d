package io.penumbra.scheduler.loop;

import static io.penumbra.scheduler.loop.Story.effective;
import static io.penumbra.scheduler.loop.Story.h;
import static io.penumbra.scheduler.loop.Story.policy;
import static io.penumbra.scheduler.loop.Story.vm;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.scheduler.SchedulerSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Everything goes wrong at once, by the dice; the world checks after each change that no two
 * instances serve. Then everything is healed, and everything has to be well again.
 */
class RandomWorldTest {

  private static final int HOSTS = 8;
  private static final int SEEDS = Integer.getInteger("penumbra.seeds", 25);

  @Test
  void whateverHappensNoTwoInstancesServeAndAllIsWellAfterHealing() {
    long first = Long.getLong("penumbra.seed", 1);
    for (long seed = first; seed < first + SEEDS; seed++) {
      try {
        new Run(seed).play();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(
            "seed %d; again with -Dpenumbra.seed=%d -Dpenumbra.seeds=1".formatted(seed, seed), e);
      }
    }
  }

  private static final class Run {
    final SplittableRandom dice;
    final CrashingJournal journal;
    final Story story;
    int vms;

    Run(long seed) {
      dice = new SplittableRandom(seed);
      journal = new CrashingJournal(dice.nextBoolean());
      SchedulerSettings.Breaker open =
          new SchedulerSettings.Breaker(
              true,
              Duration.ofMinutes(10),
              new SchedulerSettings.Limit(HOSTS, 1, HOSTS),
              new SchedulerSettings.Limit(20, 1, 20),
              new SchedulerSettings.Limit(20, 1, 20));
      story = new Story(HOSTS, SchedulerSettings.defaults().withBreaker(open), journal);
    }

    void play() {
      story.start();
      for (int i = 0; i < 8; i++) {
        create();
      }
      story.world.script = this::misfortune;
      story.world.lose = event -> dice.nextInt(40) == 0;
      story.world.swallow = command -> dice.nextInt(40) == 0;
      for (int i = 0; i < 120; i++) {
        turn();
        story.run(
            Duration.ofMillis(dice.nextInt(4) == 0 ? dice.nextInt(60_000) : dice.nextInt(200)));
        neverPromisesMoreThanThereIs();
      }
      heal();
    }

    private void create() {
      ProtectionPolicy policy = anyPolicy();
      PlacementDecision decision;
      try {
        decision =
            story
                .loop()
                .place(
                    PlacementRequest.create(
                        RequestId.of("r" + vms), story.world.now, vm(vms, policy), 1));
      } catch (CrashingJournal.Crash crash) {
        vms++;
        story.restart();
        return;
      }
      if (decision.answer() instanceof PlacementDecision.Placed placed) {
        story.world.boot(vm(vms, policy), placed.primary().host());
        vms++;
      }
      story.run(Duration.ofSeconds(3));
    }

    private ProtectionPolicy anyPolicy() {
      return switch (dice.nextInt(6)) {
        case 0 -> policy(ShadowMode.NONE, 0, 0);
        case 1 -> policy(ShadowMode.COLD, 1, 1);
        case 2 -> policy(ShadowMode.COLD, 2, 0);
        case 3 -> policy(ShadowMode.WARM, 1, 2);
        default -> policy(ShadowMode.WARM, 2, dice.nextInt(3));
      };
    }

    private Optional<Outcome> misfortune(Command command) {
      if (dice.nextInt(25) != 0) {
        return Optional.empty();
      }
      return switch (command) {
        case Command.FenceCommand c ->
            dice.nextBoolean()
                ? Optional.of(FakeWorld.unknown())
                : Optional.of(new Outcome.FencingAnswered(new FencingResult.NotFenced("still on")));
        case Command.ProbeHost c ->
            Optional.of(new Outcome.HostProbed(Outcome.Liveness.UNDECIDED, "few answered"));
        default ->
            dice.nextBoolean()
                ? Optional.of(new Outcome.Failed("bad-luck", "dice"))
                : Optional.of(new Outcome.Unknown("dice"));
      };
    }

    private HostId anyHost() {
      return h(dice.nextInt(HOSTS));
    }

    private void turn() {
      switch (dice.nextInt(14)) {
        case 0 -> kill(anyHost());
        case 1 -> isolate(anyHost());
        case 2, 3, 4 -> back(anyHost());
        case 5 -> story.world.host(anyHost()).bmcAnswers = dice.nextBoolean();
        case 6 -> create();
        case 7 -> anyVm(vm -> story.world.delete(vm.vm.id()));
        case 8 -> anyVm(this::changePolicy);
        case 9 -> anyVm(this::crashGuest);
        case 10 -> anyVm(this::loseShadow);
        case 11 -> story.risk(anyHost(), dice.nextInt(3) * 0.12);
        case 12 ->
            story.world.condition(
                anyHost(), dice.nextInt(3) == 0 ? HostCondition.MAINTENANCE : HostCondition.UP);
        default -> journal.crashAtAppend(1 + dice.nextInt(4));
      }
      if (dice.nextInt(10) == 0) {
        repeatAnOldMessage();
      }
    }

    private void repeatAnOldMessage() {
      Event old = story.world.log.get(dice.nextInt(story.world.log.size()));
      if (old instanceof Event.CommandReported || old instanceof Event.VmCreated) {
        story.inbox.offer(old);
      }
    }

    private void kill(HostId host) {
      if (dead() < 2) {
        story.world.kill(host);
        story.suspect(host);
      }
    }

    private void isolate(HostId host) {
      if (dead() < 2) {
        story.world.host(host).isolated = true;
        story.suspect(host);
      }
    }

    private long dead() {
      return story.world.hosts.values().stream().filter(host -> !host.alive()).count();
    }

    private void back(HostId host) {
      if (!story.world.host(host).alive()) {
        if (story.world.host(host).powered) {
          story.world.host(host).isolated = false;
        } else {
          story.world.repair(host);
        }
        story.trust(host);
      }
    }

    private void anyVm(java.util.function.Consumer<FakeWorld.FakeVm> what) {
      List<FakeWorld.FakeVm> all = List.copyOf(story.world.vms.values());
      if (!all.isEmpty()) {
        what.accept(all.get(dice.nextInt(all.size())));
      }
    }

    private void changePolicy(FakeWorld.FakeVm vm) {
      vm.vm = vm.vm.withPolicy(effective(anyPolicy()));
      story.world.emit(new Event.VmPolicyChanged(story.world.now, vm.vm.id(), vm.vm.policy()));
    }

    private void crashGuest(FakeWorld.FakeVm vm) {
      vm.instances.computeIfPresent(vm.host, (host, run) -> FakeWorld.Run.STOPPED);
      Optional<Long> ended = dice.nextBoolean() ? Optional.of(vm.term) : Optional.empty();
      story.world.emit(new Event.GuestFailed(story.world.now, vm.vm.id(), "panic", ended));
    }

    private void loseShadow(FakeWorld.FakeVm vm) {
      if (!vm.shadows.isEmpty()) {
        HostId host = vm.shadows.firstKey();
        vm.shadows.remove(host);
        story.world.emit(new Event.ShadowLost(story.world.now, vm.vm.id(), host, "disk"));
      }
    }

    private void neverPromisesMoreThanThereIs() {
      for (HostView host : story.placer().fleet().hosts()) {
        Resources promised = host.allocated();
        assertThat(promised.fitsIn(host.effectiveCapacity())).as(host.toString()).isTrue();
      }
    }

    private void heal() {
      story.world.script = command -> Optional.empty();
      story.world.lose = event -> false;
      story.world.swallow = command -> false;
      for (int i = 0; i < HOSTS; i++) {
        story.world.host(h(i)).bmcAnswers = true;
        back(h(i));
        story.world.condition(h(i), HostCondition.UP);
        story.trust(h(i));
        story.risk(h(i), 0);
      }
      story.run(Duration.ofHours(3));
      // A host that was switched off during the healing is repaired as well.
      for (int i = 0; i < HOSTS; i++) {
        back(h(i));
        story.trust(h(i));
      }
      story.run(Duration.ofHours(5));
      assertThat(story.view().sagas()).isEmpty();
      assertThat(story.view().incidents()).isEmpty();
      story.world.vms.forEach((id, vm) -> well(vm));
    }

    private void well(FakeWorld.FakeVm vm) {
      boolean hopeless =
          vm.complete() == 0
              || story.alerts.stream()
                  .anyMatch(alert ->
                      alert.code().equals("unprotected-loss")
                          && alert.subject().equals(vm.vm.id().value()));
      boolean unprotected = vm.vm.policy().policy().mode() == ShadowMode.NONE;
      if (hopeless || unprotected) {
        return;
      }
      assertThat(vm.serving())
          .as("%s %s, known is %s", vm.vm.id(), vm.instances, story.view().vm(vm.vm.id()))
          .isEqualTo(1);
      assertThat(vm.complete())
          .as(vm.vm.id() + " " + vm.shadows.keySet())
          .isEqualTo(vm.vm.policy().policy().shadows());
      HostId known = story.view().vm(vm.vm.id()).orElseThrow().host();
      assertThat(vm.instances.get(known)).isEqualTo(FakeWorld.Run.SERVING);
    }
  }
}
