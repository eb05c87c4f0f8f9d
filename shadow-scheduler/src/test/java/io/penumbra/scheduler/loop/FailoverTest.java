package io.penumbra.scheduler.loop;

import static io.penumbra.scheduler.loop.Story.policy;
import static io.penumbra.scheduler.loop.Story.v;
import static io.penumbra.scheduler.loop.Story.vm;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.HostId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.failover.FailoverReason;
import io.penumbra.scheduler.failover.FailoverRecord;
import io.penumbra.scheduler.failover.SagaStep;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class FailoverTest {

  @Test
  void createsAShadowForANewVm() {
    Story story = new Story(4).start().with(1);

    assertThat(story.world.vm(v(1)).complete()).isEqualTo(1);
    assertThat(story.view().vm(v(1)).orElseThrow().isProtected()).isTrue();
  }

  @Test
  void bringsAVmBackWhenItsHostDies() {
    Story story = new Story(4).start().with(1);
    HostId dead = story.hostOf(1);
    HostId shadow = story.shadowOf(1);

    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMinutes(2));

    assertThat(story.hostOf(1)).isEqualTo(shadow);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.world.vm(v(1)).loadBalancer).contains(shadow);
    assertThat(story.world.vm(v(1)).dns).contains(shadow);
    assertThat(story.world.vm(v(1)).complete()).as("re-protected").isEqualTo(1);
    FailoverRecord line = story.view().ledger().getFirst();
    assertThat(line.reason()).isEqualTo(FailoverReason.HOST_FAILED);
    assertThat(line.age()).isEqualTo(Duration.ofMillis(700));
    assertThat(line.bytesLost()).isEqualTo(4096);
    assertThat(line.verified()).isTrue();
    assertThat(line.fencingProof()).isEqualTo("power reads off");
    assertThat(line.timings())
        .extracting(FailoverRecord.StepTiming::step)
        .contains(SagaStep.FENCE, SagaStep.ALLOCATE, SagaStep.LAST_SYNC, SagaStep.ACTIVATE);
    assertThat(line.recoveryTime()).isLessThan(Duration.ofSeconds(2));
    assertThat(story.view().sagas()).isEmpty();
  }

  @Test
  void bringsAVmBackWhoseHostDiedWhileNobodyLooked() {
    Story story = new Story(4).start().with(1);
    HostId dead = story.hostOf(1);
    HostId shadow = story.shadowOf(1);

    story.world.kill(dead);
    story.world.condition(dead, HostCondition.DOWN);
    story.start(); // and no detector suspects a host that the cloud calls down

    story.run(Duration.ofMinutes(2));
    assertThat(story.hostOf(1)).isEqualTo(shadow);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.world.vm(v(1)).complete()).as("re-protected").isEqualTo(1);
  }

  @Test
  void aShadowOnADeadHostProtectsNobody() {
    Story story = new Story(4).start().with(1);
    HostId dead = story.shadowOf(1);
    // Nothing can be placed instead, so the lost one stays on the books.
    story.world.script =
        command ->
            command instanceof Command.CreateShadow
                ? Optional.of(new Outcome.Failed("no-room", "full"))
                : Optional.empty();

    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofSeconds(5));

    assertThat(story.view().vm(v(1)).orElseThrow().shadows())
        .filteredOn(shadow -> shadow.host().equals(dead))
        .allSatisfy(shadow -> assertThat(shadow.protects()).isFalse());
    assertThat(story.view().vm(v(1)).orElseThrow().isProtected()).isFalse();
  }

  @Test
  void leavesAVmAloneWhoseHostIsOnlyCalledDown() {
    Story story = new Story(4).start().with(1);
    HostId host = story.hostOf(1);
    story.world.condition(host, HostCondition.DOWN);
    story.start();

    story.run(Duration.ofMinutes(30));
    assertThat(story.hostOf(1)).isEqualTo(host);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.view().ledger()).isEmpty();
  }

  @Test
  void replacesAShadowWhoseHostDiedWhileNobodyLooked() {
    Story story = new Story(4).start().with(1);
    HostId dead = story.shadowOf(1);

    story.world.kill(dead);
    story.world.condition(dead, HostCondition.DOWN);
    story.start();

    story.run(Duration.ofMinutes(2));
    assertThat(story.view().vm(v(1)).orElseThrow().shadows())
        .anySatisfy(shadow -> {
          assertThat(shadow.host()).isNotEqualTo(dead);
          assertThat(shadow.protects()).isTrue();
        });
  }

  @Test
  void aHostThatIsFoundDownWithNothingOnItIsNoTrouble() {
    Story story = new Story(4).start().with(1);
    HostId idle =
        story.world.hosts.keySet().stream()
            .filter(id -> !id.equals(story.hostOf(1)) && !id.equals(story.shadowOf(1)))
            .findFirst()
            .orElseThrow();
    story.world.kill(idle);
    story.world.condition(idle, HostCondition.DOWN);
    story.start();

    story.run(Duration.ofMinutes(2));
    assertThat(story.view().incidents()).isEmpty();
  }

  @Test
  void promotesOnlyAfterFence() {
    Story story = new Story(4).start().with(1);
    HostId isolated = story.hostOf(1);
    story.world.host(isolated).isolated = true;
    List<String> order = new ArrayList<>();
    story.world.script =
        command -> {
          order.add(command.getClass().getSimpleName());
          return Optional.empty();
        };

    story.suspect(isolated).run(Duration.ofMinutes(1));

    assertThat(order.indexOf("FenceHost")).isBetween(0, order.indexOf("Activate") - 1);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
  }

  @Test
  void unknownFencingWaitsAndEscalatesToLease() {
    Story story = new Story(4).start().with(1);
    HostId isolated = story.hostOf(1);
    story.world.host(isolated).isolated = true;
    story.world.host(isolated).bmcAnswers = false;

    story.suspect(isolated).run(Duration.ofSeconds(9));
    assertThat(story.commands(Command.Activate.class)).as("nothing is certain yet").isEmpty();

    story.run(Duration.ofMinutes(1));
    assertThat(story.view().ledger()).hasSize(1);
    assertThat(story.view().ledger().getFirst().fencingProof()).isEqualTo("lease ran out");
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
  }

  @Test
  void neverPromotesWhenNobodyCanSayAndCallsAPerson() {
    Story story = new Story(4).start().with(1);
    HostId isolated = story.hostOf(1);
    story.world.host(isolated).isolated = true;
    story.world.host(isolated).bmcAnswers = false;
    story.world.script =
        command ->
            command instanceof Command.ExpireLease
                ? Optional.of(FakeWorld.unknown())
                : Optional.empty();

    story.suspect(isolated).run(Duration.ofHours(2));

    assertThat(story.commands(Command.Activate.class)).isEmpty();
    assertThat(story.alertCodes()).contains("fencing-unknown", "power-off-uncertain");
    assertThat(story.commands(Command.FenceHost.class)).hasSizeGreaterThan(5);
    assertThat(story.commands(Command.FenceHost.class)).hasSizeLessThan(200);

    story.world.host(isolated).bmcAnswers = true;
    story.run(Duration.ofMinutes(5));
    assertThat(story.view().ledger()).as("goes on by itself when it can").hasSize(1);
  }

  @Test
  void slowObserverDoesNotKillAHost() {
    Story story = new Story(4).start().with(1);

    story.suspect(story.hostOf(1)).run(Duration.ofMinutes(1));

    assertThat(story.commands(Command.ProbeHost.class)).hasSizeGreaterThan(1);
    assertThat(story.commands(Command.FenceHost.class)).isEmpty();
    assertThat(story.view().sagas()).isEmpty();
    story.trust(story.hostOf(1));
    assertThat(story.view().incidents()).isEmpty();
  }

  @Test
  void aHostIsNotLeftAloneForSecondsBecauseAnObserverWasBusyOnce() {
    Story story = new Story(4).start().with(1);
    HostId host = story.hostOf(1);
    story.world.kill(host);
    int[] probes = {0};
    story.world.script =
        command ->
            command instanceof Command.ProbeHost && probes[0]++ == 0
                ? Optional.of(
                    new Outcome.HostProbed(Outcome.Liveness.UNDECIDED, "one of two answered"))
                : Optional.empty();

    story.suspect(host).run(Duration.ofSeconds(2));

    assertThat(story.commands(Command.ProbeHost.class)).hasSize(2);
    assertThat(story.commands(Command.FenceHost.class)).hasSize(1);
  }

  @Test
  void doubtsItselfWhenObserversCannotTell() {
    Story story = new Story(4).start().with(1);
    HostId host = story.hostOf(1);
    story.world.kill(host);
    story.world.script =
        command ->
            command instanceof Command.ProbeHost
                ? Optional.of(
                    new Outcome.HostProbed(Outcome.Liveness.UNDECIDED, "one of three answered"))
                : Optional.empty();

    story.suspect(host).run(Duration.ofMinutes(10));
    assertThat(story.commands(Command.FenceHost.class)).isEmpty();
    assertThat(story.alertCodes()).contains("observer-in-doubt");

    story.world.script = command -> Optional.empty();
    story.run(Duration.ofMinutes(3));
    assertThat(story.view().ledger()).hasSize(1);
  }

  @Test
  void callsItOffWhenTheHostComesBackBeforeFencingIsCertain() {
    Story story = new Story(4).start().with(1);
    HostId host = story.hostOf(1);
    story.world.host(host).isolated = true;
    story.world.host(host).bmcAnswers = false;
    story.suspect(host).run(Duration.ofSeconds(2));
    assertThat(story.view().sagaOf(v(1)).orElseThrow().step()).isEqualTo(SagaStep.FENCE);

    story.world.host(host).isolated = false;
    story.trust(host).run(Duration.ofMinutes(1));

    assertThat(story.commands(Command.ResumePrimary.class)).hasSize(1);
    assertThat(story.commands(Command.Activate.class)).isEmpty();
    assertThat(story.hostOf(1)).isEqualTo(host);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.view().counts().calledOff()).isEqualTo(1);
    assertThat(story.placer().fleet().host(host).orElseThrow().condition())
        .isEqualTo(HostCondition.UP);
  }

  @Test
  void triesTheOtherShadowWhenActivationFailsAndFencesTheFirst() {
    Story story = new Story(5).start().with(vm(1, policy(ShadowMode.WARM, 2, 0)));
    HostId dead = story.hostOf(1);
    List<HostId> tried = new ArrayList<>();
    story.world.script =
        command -> {
          if (command instanceof Command.Activate activate && tried.isEmpty()) {
            tried.add(activate.host());
            return Optional.of(new Outcome.Failed("boot-failed", "kernel panic"));
          }
          return Optional.empty();
        };

    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMinutes(2));

    assertThat(story.commands(Command.FenceVm.class))
        .anySatisfy(fence -> assertThat(fence.host()).isEqualTo(tried.getFirst()));
    assertThat(story.hostOf(1)).isNotEqualTo(tried.getFirst()).isNotEqualTo(dead);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.world.vm(v(1)).complete()).isEqualTo(2);
  }

  @Test
  void doesNotTryAnotherShadowWhileTheFirstMayRun() {
    Story story = new Story(5).start().with(vm(1, policy(ShadowMode.WARM, 2, 0)));
    HostId dead = story.hostOf(1);
    story.world.script =
        command ->
            switch (command) {
              case Command.Activate activate -> Optional.of(new Outcome.Unknown("lost"));
              case Command.FenceVm fence -> Optional.of(FakeWorld.unknown());
              default -> Optional.empty();
            };

    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofHours(1));

    assertThat(story.commands(Command.Activate.class).stream().map(Command.Activate::host))
        .containsOnly(story.commands(Command.Activate.class).getFirst().host());
    assertThat(story.alertCodes()).contains("activation-unheard");
  }

  @Test
  void restoresFromTheStoreWhenBothHostsDie() {
    Story story = new Story(5).start().with(vm(1, policy(ShadowMode.COLD, 1, 0)));
    HostId dead = story.hostOf(1);
    HostId alsoDead = story.shadowOf(1);
    story.world.kill(dead);
    story.world.kill(alsoDead);

    story.suspect(dead).suspect(alsoDead).run(Duration.ofMinutes(5));

    assertThat(story.hostOf(1)).isNotIn(dead, alsoDead);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.view().ledger()).hasSize(1);
  }

  @Test
  void waitsForTheShadowsHostWhenNothingElseIsLeft() {
    Story story = new Story(2).start().with(1);
    HostId dead = story.hostOf(1);
    HostId shadow = story.shadowOf(1);
    story.world.kill(dead);
    story.world.kill(shadow);
    story.suspect(dead).suspect(shadow).run(Duration.ofMinutes(30));
    assertThat(story.alertCodes()).contains("no-capacity");

    story.world.repair(shadow);
    story.trust(shadow).run(Duration.ofMinutes(5));

    assertThat(story.hostOf(1)).isEqualTo(shadow);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
  }

  @Test
  void startsTheOldPrimaryAgainWhenItsHostIsRepairedFirst() {
    Story story = new Story(2).start().with(1);
    HostId dead = story.hostOf(1);
    HostId shadow = story.shadowOf(1);
    story.world.kill(dead);
    story.world.kill(shadow);
    story.suspect(dead).suspect(shadow).run(Duration.ofMinutes(30));

    story.world.repair(dead);
    story.trust(dead).run(Duration.ofMinutes(5));

    assertThat(story.hostOf(1)).isEqualTo(dead);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.view().sagas()).isEmpty();
  }

  @Test
  void keepsServingWhenLoadBalancerAndDnsAreStubborn() {
    Story story = new Story(4).start().with(1);
    HostId dead = story.hostOf(1);
    story.world.script =
        command ->
            command instanceof Command.TrafficCommand
                ? Optional.of(new Outcome.Failed("refused", "no"))
                : Optional.empty();
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMinutes(10));
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.alertCodes()).contains("traffic-stubborn");
    assertThat(story.view().sagas()).as("the failover itself is over").isEmpty();

    story.world.script = command -> Optional.empty();
    story.run(Duration.ofMinutes(3));
    assertThat(story.world.vm(v(1)).loadBalancer).contains(story.hostOf(1));
    assertThat(story.world.vm(v(1)).dns).contains(story.hostOf(1));
    int asked = story.commands(Command.TrafficCommand.class).size();
    story.run(Duration.ofMinutes(10));
    assertThat(story.commands(Command.TrafficCommand.class)).hasSize(asked);
  }

  @Test
  void clientsFollowAVmWhoseNewHostDiedBeforeTheyWereSentThere() {
    Story story = new Story(4).start().with(1);
    HostId dead = story.hostOf(1);
    story.world.swallow = command -> command instanceof Command.TrafficCommand;
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofSeconds(11));
    HostId next = story.hostOf(1);
    assertThat(next).isNotEqualTo(dead);
    story.world.kill(next);
    story.suspect(next).run(Duration.ofMinutes(10));
    assertThat(story.view().sagas()).as("nothing is left that could take over").isEmpty();

    story.world.swallow = command -> false;
    story.restart();
    story.world.repair(next);
    story.world.emit(new Event.GuestFailed(story.world.now, v(1), "it was not started"));
    story.run(Duration.ofMinutes(10));
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.world.vm(v(1)).loadBalancer).contains(story.hostOf(1));
    assertThat(story.world.vm(v(1)).dns).contains(story.hostOf(1));
    assertThat(story.world.vm(v(1)).shadows)
        .as("where clients might still have been sent, no shadow was placed meanwhile")
        .doesNotContainKey(dead);
  }

  @Test
  void finishesWhenTheServiceDoesNotAnswerAndSaysSo() {
    Story story = new Story(4).start().with(1);
    HostId dead = story.hostOf(1);
    story.world.script =
        command ->
            command instanceof Command.VerifyService
                ? Optional.of(new Outcome.Failed("no-answer", "silence"))
                : Optional.empty();
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMinutes(5));
    assertThat(story.view().ledger().getFirst().verified()).isFalse();
    assertThat(story.alertCodes()).contains("service-not-verified");
  }

  @Test
  void replacesAGuestThatCrashedOnALivingHost() {
    Story story = new Story(4).start().with(1);
    HostId host = story.hostOf(1);
    story.world.vm(v(1)).instances.put(host, FakeWorld.Run.STOPPED);

    story.tell(new Event.GuestFailed(story.world.now, v(1), "panic"));
    story.run(Duration.ofMinutes(2));

    assertThat(story.hostOf(1)).isNotEqualTo(host);
    assertThat(story.view().ledger().getFirst().reason()).isEqualTo(FailoverReason.GUEST_FAILED);
    assertThat(story.commands(Command.FenceHost.class)).isEmpty();
    assertThat(story.world.vm(v(1)).instances).as("the old one is retired").hasSize(1);
  }

  @Test
  void leavesAGuestAloneThatAnswersAfterAll() {
    Story story = new Story(4).start().with(1);
    story.tell(new Event.GuestFailed(story.world.now, v(1), "slow"));
    story.run(Duration.ofMinutes(2));
    assertThat(story.view().ledger()).isEmpty();
    assertThat(story.view().counts().calledOff()).isEqualTo(1);
  }

  @Test
  void waitsWhenNobodyCanSayWhetherAGuestAnswers() {
    Story story = new Story(4).start().with(1);
    story.world.script =
        command ->
            command instanceof Command.VerifyService
                ? Optional.of(new Outcome.Unknown("agent busy"))
                : Optional.empty();
    story.tell(new Event.GuestFailed(story.world.now, v(1), "slow"));
    story.run(Duration.ofMinutes(5));
    assertThat(story.commands(Command.FenceVm.class)).isEmpty();
    assertThat(story.alertCodes()).contains("guest-in-doubt");
  }

  @Test
  void duplicateAndLateOutcomesAreHarmless() {
    Story story = new Story(4).start().with(1);
    HostId dead = story.hostOf(1);
    story.world.kill(dead);
    story.suspect(dead);
    for (int i = 0; i < 200; i++) {
      story.run(Duration.ofMillis(50));
      // Everything that was ever reported is reported once more, after every step.
      for (Event event : List.copyOf(story.world.log)) {
        if (event instanceof Event.CommandReported || event instanceof Event.VmCreated) {
          story.inbox.offer(event);
        }
      }
      story.suspect(dead);
    }
    story.run(Duration.ofMinutes(2));

    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.view().ledger()).hasSize(1);
    assertThat(story.view().counts().ignoredReports()).isGreaterThan(0);
    assertThat(story.commands(Command.Activate.class)).hasSize(1);
  }

  @Test
  void dropsAFailoverWhenTheVmIsDeleted() {
    Story story = new Story(4).start().with(1);
    HostId dead = story.hostOf(1);
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMillis(120));
    assertThat(story.view().sagaOf(v(1))).isPresent();

    story.world.delete(v(1));
    story.run(Duration.ofMinutes(20));

    assertThat(story.view().sagas()).isEmpty();
    assertThat(story.view().vms()).isEmpty();
    assertThat(story.placer().fleet().vmCount()).isZero();
    assertThat(story.placer().fleet().shadowCount()).isZero();
  }

  @Test
  void startsAgainWhenTheNewHostDiesToo() {
    Story story = new Story(5).start().with(vm(1, policy(ShadowMode.WARM, 2, 0)));
    HostId first = story.hostOf(1);
    story.world.kill(first);
    story.world.script =
        command ->
            command instanceof Command.PointLoadBalancer
                ? Optional.of(new Outcome.Unknown("slow"))
                : Optional.empty();
    story.suspect(first).run(Duration.ofSeconds(3));
    assertThat(story.view().sagaOf(v(1)).orElseThrow().step()).isEqualTo(SagaStep.LOAD_BALANCER);
    HostId second = story.hostOf(1);

    story.world.script = command -> Optional.empty();
    story.world.kill(second);
    story.suspect(second).run(Duration.ofMinutes(10));

    assertThat(story.hostOf(1)).isNotIn(first, second);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.view().ledger()).hasSize(2);
  }

  @Test
  void neverPromotesAnEpochOlderThanOneThatWasAcked() {
    Story story = new Story(5).start().with(vm(1, policy(ShadowMode.WARM, 2, 0)));
    HostId dead = story.hostOf(1);
    HostId first = story.world.vm(v(1)).shadows.firstKey();
    HostId second = story.world.vm(v(1)).shadows.lastKey();
    story.world.vm(v(1)).shadows.firstEntry().getValue().epoch = 120;
    List<Command> activations = new ArrayList<>();
    story.world.script =
        command -> {
          if (command instanceof Command.Activate a && a.host().equals(first)) {
            activations.add(a);
            return activations.size() == 1
                ? Optional.of(new Outcome.Failed("boot-failed", "panic"))
                : Optional.empty();
          }
          return Optional.empty();
        };
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMinutes(5));

    // The one that had it could not be started, so what the other has is the newest there is.
    assertThat(story.hostOf(1)).isEqualTo(second);
    assertThat(story.view().ledger().getFirst().epochsLost()).isEqualTo(20);
  }

  @Test
  void neverPromotesTheStateOfAnEarlierTerm() {
    Story story = new Story(3).start().with(vm(1, policy(ShadowMode.WARM, 2, 0)));
    HostId first = story.hostOf(1);
    HostId second = story.world.vm(v(1)).shadows.firstKey();
    HostId left = story.world.vm(v(1)).shadows.lastKey();
    story.world.host(left).isolated = true;
    story.suspect(left);
    story.world.kill(first);
    story.suspect(first).run(Duration.ofMinutes(2));
    assertThat(story.hostOf(1)).isEqualTo(second);

    // The one that is left has seen nothing of what the second one has done since.
    story.world.vm(v(1)).epoch = 500;
    story.world.kill(second);
    story.suspect(second).run(Duration.ofMinutes(1));
    story.restart();
    story.world.host(left).isolated = false;
    story.trust(left).run(Duration.ofMinutes(30));
    assertThat(story.world.vm(v(1)).instances.get(left)).isNull();
    assertThat(story.world.vm(v(1)).serving()).isZero();

    story.world.repair(second);
    story.trust(second).run(Duration.ofMinutes(30));
    assertThat(story.hostOf(1)).isEqualTo(second);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.view().vm(v(1)).orElseThrow().isProtected()).isTrue();
  }

  @Test
  void resumesTheShadowThatHadComeToLifeUnheard() {
    Story story = new Story(4).start().with(vm(1, policy(ShadowMode.WARM, 2, 0)));
    HostId dead = story.hostOf(1);
    story.world.lose =
        event ->
            event instanceof Event.CommandReported reported
                && reported.command().value().contains("ACTIVATE");
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofSeconds(30));
    HostId unheard = story.hostOf(1);
    assertThat(unheard).isNotEqualTo(dead);
    story.world.vm(v(1)).epoch = 500;
    // Everybody who could tell falls silent, and then only the one that had come to life returns.
    story.world.hosts.keySet().forEach(story.world::kill);
    story.world.hosts.keySet().forEach(story::suspect);
    story.run(Duration.ofMinutes(30));
    story.world.lose = event -> false;
    story.world.repair(unheard);
    story.trust(unheard).run(Duration.ofMinutes(30));

    assertThat(story.hostOf(1)).isEqualTo(unheard);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.world.vm(v(1)).loadBalancer).contains(unheard);
    assertThat(story.view().sagas()).isEmpty();
  }

  @Test
  void removesTheOldPrimaryThoughTheNewHostDiesBeforeThat() {
    Story story = new Story(5).start().with(vm(1, policy(ShadowMode.WARM, 2, 0)));
    HostId from = story.hostOf(1);
    story.world.swallow = command -> command instanceof Command.RetirePrimary;
    story.world.condition(from, HostCondition.MAINTENANCE);
    story.run(Duration.ofSeconds(15));
    HostId next = story.hostOf(1);
    assertThat(story.view().sagaOf(v(1)).orElseThrow().step()).isEqualTo(SagaStep.RETIRE_PRIMARY);
    story.world.kill(next);
    story.suspect(next).run(Duration.ofMinutes(1));
    assertThat(story.hostOf(1)).isNotIn(from, next);

    story.world.swallow = command -> false;
    story.world.condition(from, HostCondition.UP);
    story.run(Duration.ofHours(2));
    assertThat(story.world.vm(v(1)).instances).doesNotContainKey(from);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
  }

  @Test
  void asksForTheLastSyncBesideTheRoomWhenNothingCanComeAnyMore() {
    Story story = new Story(4).start().with(1);
    story.world.swallow = command -> command instanceof Command.AllocateShadow;
    story.world.kill(story.hostOf(1));
    story.suspect(story.hostOf(1)).run(Duration.ofSeconds(1));

    assertThat(story.commands(Command.SyncLast.class)).hasSize(1);
    assertThat(story.view().sagaOf(v(1)).map(LoopView.SagaView::step)).contains(SagaStep.ALLOCATE);

    Command room = story.commands(Command.AllocateShadow.class).getLast();
    story.world.swallow = command -> false;
    story.tell(new Event.CommandReported(story.world.now, room.id(), new Outcome.Done()));
    story.run(Duration.ofSeconds(5));
    assertThat(story.commands(Command.SyncLast.class)).as("it was not asked again").hasSize(1);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
  }

  @Test
  void aFencedHostThatIsBackBeforeTheLastSyncIsAnsweredIsFencedAnew() {
    Story story = new Story(4).start().with(1);
    HostId dead = story.hostOf(1);
    story.world.swallow = command -> command instanceof Command.SyncLast;
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofSeconds(1));
    assertThat(story.view().sagaOf(v(1)).map(LoopView.SagaView::step)).contains(SagaStep.LAST_SYNC);
    int fences = story.commands(Command.FenceVm.class).size();

    story.world.repair(dead);
    story.world.swallow = command -> false;
    story.run(Duration.ofMinutes(5));
    assertThat(story.commands(Command.FenceVm.class)).hasSizeGreaterThan(fences);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
  }

  @Test
  void aGuestWhoseProcessWasSeenToEndIsNotAskedWhetherItAnswers() {
    Story story = new Story(4).start().with(1);
    story.world.vm(v(1)).instances.put(story.hostOf(1), FakeWorld.Run.STOPPED);
    story.tell(
        new Event.GuestFailed(story.world.now, v(1), "process 7 has ended", Optional.of(0L)));
    HostId from = story.hostOf(1);
    story.run(Duration.ofMinutes(1));

    assertThat(story.commands(Command.VerifyService.class))
        .noneMatch(asked -> asked.host().equals(from));
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.view().ledger()).hasSize(1);
  }

  @Test
  void ofAGuestThatHasEndedRoomAndLastStateAreAskedForBesideTheFence() {
    Story story = ended(command -> command instanceof Command.FenceCommand);
    HostId shadow = story.shadowOf(1);

    assertThat(story.view().sagaOf(v(1)).map(LoopView.SagaView::step)).contains(SagaStep.FENCE);
    assertThat(story.commands(Command.AllocateShadow.class)).hasSize(1);
    assertThat(story.commands(Command.SyncLast.class)).hasSize(1);
    assertThat(story.commands(Command.Activate.class)).as("nothing is proved yet").isEmpty();
    assertThat(story.commands(Command.SyncLast.class).getFirst().host()).isEqualTo(shadow);

    story.world.swallow = command -> false;
    story.run(Duration.ofMinutes(10));
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.hostOf(1)).isEqualTo(shadow);
  }

  @Test
  void whatWasAnsweredBeforeTheFenceIsNotAskedForAgain() {
    Story story = ended(command -> false);
    story.run(Duration.ofMinutes(1));
    assertThat(story.view().ledger()).hasSize(1);
    assertThat(story.commands(Command.AllocateShadow.class)).hasSize(1);
    assertThat(story.commands(Command.SyncLast.class)).hasSize(1);
  }

  @Test
  void aShadowThatIsLostBesideTheFenceIsNotWaitedFor() {
    Story story = ended(command -> command instanceof Command.FenceCommand);
    HostId first = story.shadowOf(1);
    story.world.kill(first);
    story.suspect(first);
    story.world.swallow = command -> false;
    story.run(Duration.ofMinutes(10));
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.hostOf(1)).isNotEqualTo(first);
  }

  /** VM 1, whose process was just seen to end; the cloud ignores some commands. */
  private static Story ended(Predicate<Command> ignored) {
    Story story = new Story(5).start().with(vm(1, policy(ShadowMode.WARM, 2, 0)));
    story.world.swallow = ignored::test;
    story.world.vm(v(1)).instances.put(story.hostOf(1), FakeWorld.Run.STOPPED);
    story.tell(
        new Event.GuestFailed(story.world.now, v(1), "process 7 has ended", Optional.of(0L)));
    return story.run(Duration.ofMillis(100));
  }

  @Test
  void aGuestIsNotStartedAnewAtItsHostWhileItsOnlyShadowIsSilentForAMoment() {
    Story story = endedWhileItsShadowIsSilent();
    HostId shadow = story.shadowOf(1);
    story.run(Duration.ofSeconds(3));
    assertThat(story.commands(Command.ResumePrimary.class)).isEmpty();
    assertThat(story.commands(Command.CreateShadow.class)).hasSize(1);

    story.world.host(shadow).isolated = false;
    story.trust(shadow).run(Duration.ofMinutes(1));

    assertThat(story.hostOf(1)).as("nothing of its memory is lost").isEqualTo(shadow);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.commands(Command.ResumePrimary.class)).isEmpty();
  }

  @Test
  void aGuestIsStartedAnewAtItsHostWhenItsOnlyShadowStaysSilent() {
    Story story = endedWhileItsShadowIsSilent();
    HostId from = story.hostOf(1);
    story.run(Duration.ofSeconds(30));

    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.hostOf(1)).isEqualTo(from);
  }

  /** VM 1's process has ended; the only other host is cut off, and can't be switched off. */
  private static Story endedWhileItsShadowIsSilent() {
    Story story = new Story(2).start().with(1);
    HostId shadow = story.shadowOf(1);
    story.world.host(shadow).isolated = true;
    story.world.host(shadow).bmcAnswers = false;
    story.suspect(shadow).run(Duration.ofSeconds(1));
    story.world.vm(v(1)).instances.put(story.hostOf(1), FakeWorld.Run.STOPPED);
    return story.tell(
        new Event.GuestFailed(story.world.now, v(1), "process 7 has ended", Optional.of(0L)));
  }

  @Test
  void theEndOfAnInstanceThatWasSupersededSaysNothingOfTheOneThatServes() {
    Story story = new Story(4).start().with(1);
    story.world.kill(story.hostOf(1));
    story.suspect(story.hostOf(1)).run(Duration.ofMinutes(2));
    assertThat(story.view().ledger()).hasSize(1);

    story.tell(
        new Event.GuestFailed(story.world.now, v(1), "process 7 has ended", Optional.of(0L)));
    story.run(Duration.ofMinutes(2));

    assertThat(story.view().ledger()).as("it was asked first, and answers").hasSize(1);
    assertThat(story.view().sagas()).isEmpty();
  }

  @Test
  void aShadowWhoseHostDiesWithThePrimaryIsNotWaitedFor() {
    Story story = new Story(4).start().with(vm(1, policy(ShadowMode.COLD, 1, 0)));
    HostId dead = story.hostOf(1);
    HostId shadow = story.shadowOf(1);
    story.world.swallow =
        command -> command instanceof Command.AllocateShadow asked && asked.host().equals(shadow);
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMillis(500));
    assertThat(story.view().sagaOf(v(1)).map(LoopView.SagaView::step)).contains(SagaStep.ALLOCATE);

    story.world.kill(shadow);
    Instant known = story.world.now;
    story.suspect(shadow).run(Duration.ofMinutes(1));

    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.view().ledger()).hasSize(1);
    assertThat(Duration.between(known, story.view().ledger().getFirst().promotedAt()))
        .as("it takes what filling a shadow from the store takes")
        .isLessThan(Duration.ofSeconds(4));
  }

  @Test
  void aHostThatDiesWhileAShadowIsActivatedThereIsFencedAlthoughNothingElseIsOnIt() {
    Story story = new Story(4).start().with(vm(1, policy(ShadowMode.WARM, 2, 0)));
    HostId dead = story.hostOf(1);
    story.world.swallow = command -> command instanceof Command.Activate;
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofSeconds(1));
    HostId target = story.view().sagaOf(v(1)).flatMap(LoopView.SagaView::target).orElseThrow();
    assertThat(story.view().sagaOf(v(1)).map(LoopView.SagaView::step)).contains(SagaStep.ACTIVATE);

    story.world.kill(target);
    story.world.swallow = command -> false;
    story.suspect(target).run(Duration.ofMinutes(10));

    assertThat(story.view().sagas()).isEmpty();
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.hostOf(1)).isNotIn(dead, target);
  }

  @Test
  void sendsTheClientsOfAStartedVmToItsHost() {
    Story story = new Story(4).start().with(1);
    int before = story.commands(Command.PointLoadBalancer.class).size();
    story.loop().sendClients(v(1));
    story.run(Duration.ofSeconds(1));
    assertThat(story.commands(Command.PointLoadBalancer.class)).hasSize(before + 1);
    assertThat(story.commands(Command.PointLoadBalancer.class).getLast().host())
        .isEqualTo(story.hostOf(1));
    assertThat(story.commands(Command.PointDns.class).getLast().host()).isEqualTo(story.hostOf(1));
    story.run(Duration.ofMinutes(5));
    assertThat(story.commands(Command.PointLoadBalancer.class))
        .as("seen to lead there, it is not asked again")
        .hasSize(before + 1);
  }

  @Test
  void aRouterThatForgetsIsToldAfterARestartWhereClientsAre() {
    Story story = new Story(4).start().with(1);
    story.run(Duration.ofMinutes(1));
    int before = story.commands(Command.PointLoadBalancer.class).size();

    story.restart();
    story.run(Duration.ofSeconds(1));
    assertThat(story.commands(Command.PointLoadBalancer.class)).hasSize(before);

    story.world.forgetsTraffic = true;
    story.restart();
    story.run(Duration.ofMinutes(1));
    assertThat(story.commands(Command.PointLoadBalancer.class)).hasSize(before + 1);
    assertThat(story.commands(Command.PointLoadBalancer.class).getLast().host())
        .isEqualTo(story.hostOf(1));
  }

  @Test
  void promotesNothingUnverified() {
    Story story = new Story(4).start().with(1);
    HostId dead = story.hostOf(1);
    story.world.script =
        command ->
            command instanceof Command.SyncLast
                ? Optional.of(new Outcome.Synced(0, 100, false, Duration.ZERO, 0))
                : Optional.empty();
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMinutes(10));
    assertThat(story.commands(Command.Activate.class)).isEmpty();
  }

  @Test
  void quarantinesTheOldHostAndReturnsItToServiceWhenRepaired() {
    Story story = new Story(4).start().with(1);
    HostId dead = story.hostOf(1);
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMinutes(2));
    assertThat(story.view().watches()).hasSize(1);

    story.world.repair(dead);
    story.trust(dead).run(Duration.ofMinutes(5));
    assertThat(story.world.vm(v(1)).instances).as("the old instance is retired").hasSize(1);
    assertThat(story.placer().fleet().host(dead).orElseThrow().condition())
        .isEqualTo(HostCondition.QUARANTINED);

    story.run(Duration.ofHours(3));
    assertThat(story.view().watches()).isEmpty();
    assertThat(story.view().watchOutcomes()).hasSize(1);
    assertThat(story.placer().fleet().host(dead).orElseThrow().condition())
        .isEqualTo(HostCondition.UP);
  }

  @Test
  void believesACloudThatShowsARepairedHostUnderOurQuarantine() {
    Story story = new Story(4).start().with(1);
    HostId dead = story.hostOf(1);
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMinutes(2));
    story.world.condition(dead, HostCondition.DOWN);
    story.run(Duration.ofMinutes(1));

    story.world.repair(dead, HostCondition.QUARANTINED);
    story.run(Duration.ofMinutes(5));

    assertThat(story.view().incidents()).as("it is not taken for dead any more").isEmpty();
    assertThat(story.world.vm(v(1)).instances).as("the old instance is retired").hasSize(1);
  }

  @Test
  void callsNobodyWhileTheLeaseIsUnknownAndThePowerIsStillBeingSwitched() {
    Story story = new Story(4).start().with(1);
    HostId dead = story.hostOf(1);
    story.world.script =
        command ->
            command instanceof Command.ExpireLease
                ? Optional.of(FakeWorld.unknown())
                : Optional.empty();
    story.world.kill(dead);

    story.suspect(dead).run(Duration.ofMinutes(2));

    assertThat(story.view().ledger()).hasSize(1);
    assertThat(story.alertCodes()).doesNotContain("fencing-unknown");
  }

  @Test
  void refencesWhenAFencedHostSendsHeartbeats() {
    Story story = new Story(4).start().with(1);
    HostId host = story.hostOf(1);
    story.world.host(host).isolated = true;
    story.world.script =
        command ->
            switch (command) {
              // A management controller that lies.
              case Command.FenceHost fence -> Optional.of(FakeWorld.fenced("says off"));
              case Command.AllocateShadow slow -> Optional.of(new Outcome.Unknown("slow"));
              default -> Optional.empty();
            };
    story.suspect(host).run(Duration.ofSeconds(1));
    assertThat(story.view().sagaOf(v(1)).orElseThrow().step()).isEqualTo(SagaStep.ALLOCATE);

    story.world.host(host).isolated = false;
    story.trust(host);
    story.world.script = command -> Optional.empty();
    story.run(Duration.ofMinutes(2));

    assertThat(story.alertCodes()).contains("fenced-host-heartbeats");
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.view().ledger().getFirst().fencingProof()).isEqualTo("stopped by its agent");
  }

  @Test
  void tellsAPersonWhenAVmIsLostWithoutAShadow() {
    Story story = new Story(4).start();
    story.world.script =
        command ->
            command instanceof Command.CreateShadow
                ? Optional.of(new Outcome.Failed("full", "no"))
                : Optional.empty();
    story.with(1).with(2);
    HostId dead = story.hostOf(1);
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMinutes(1));
    assertThat(story.commands(Command.FenceHost.class)).as("there is nothing to rescue").isEmpty();

    assertThat(story.view().sagas()).isEmpty();
  }
}
