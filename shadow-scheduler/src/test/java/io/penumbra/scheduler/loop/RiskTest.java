package io.penumbra.scheduler.loop;

import static io.penumbra.scheduler.loop.Story.v;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.HostId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.failover.FailoverReason;
import io.penumbra.scheduler.failover.SagaStep;
import io.penumbra.scheduler.failover.WatchOutcome;
import io.penumbra.scheduler.journal.InMemoryJournal;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RiskTest {

  @Test
  void aLittleRiskIsIgnored() {
    Story story = new Story(4).start().with(1);
    int before = story.world.commands.size();
    story.risk(story.hostOf(1), 0.01).run(Duration.ofMinutes(5));
    assertThat(story.world.commands).hasSize(before);
  }

  @Test
  void moreRiskGrowsTheShadowAndCalmShrinksItAgain() {
    Story story = new Story(4).start().with(1);
    HostId host = story.hostOf(1);
    story.risk(host, 0.1).run(Duration.ofMinutes(1));
    assertThat(story.world.vm(v(1)).shadows.firstEntry().getValue().resident).isEqualTo(Story.SIZE);
    assertThat(story.commands(Command.SetEpochInterval.class).getLast().interval())
        .isEqualTo(Duration.ofMillis(500));
    assertThat(story.commands(Command.SetDnsTtl.class).getLast().ttl())
        .isEqualTo(Duration.ofSeconds(10));

    // Just below the threshold is not calm.
    story.risk(host, 0.04).run(Duration.ofHours(1));
    assertThat(story.commands(Command.SetDnsTtl.class)).hasSize(1);
    // Calm, but not for long enough.
    story.risk(host, 0.01).run(Duration.ofMinutes(10));
    story.risk(host, 0.04).run(Duration.ofHours(1));
    assertThat(story.commands(Command.SetDnsTtl.class)).hasSize(1);

    story.risk(host, 0.01).run(Duration.ofMinutes(40));
    assertThat(story.world.vm(v(1)).shadows.firstEntry().getValue().resident.memoryMib())
        .isEqualTo(Story.SIZE.memoryMib() / 2);
    assertThat(story.commands(Command.SetDnsTtl.class).getLast().ttl())
        .isEqualTo(Duration.ofMinutes(5));
    assertThat(story.view().ledger()).isEmpty();
  }

  @Test
  void predictedMigrationLosesNothing() {
    Story story = new Story(4).start().with(1);
    HostId risky = story.hostOf(1);
    story.risk(risky, 0.8).run(Duration.ofMinutes(5));

    assertThat(story.hostOf(1)).isNotEqualTo(risky);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.view().ledger())
        .singleElement()
        .satisfies(line -> {
          assertThat(line.reason()).isEqualTo(FailoverReason.PREDICTED);
          assertThat(line.zeroLoss()).isTrue();
          assertThat(line.age()).isEqualTo(Duration.ZERO);
        });
    assertThat(story.placer().fleet().host(risky).orElseThrow().condition())
        .isEqualTo(HostCondition.QUARANTINED);
  }

  @Test
  void watchingShowsWhetherThePredictionWasRight() {
    Story right = new Story(4).start().with(1);
    HostId broke = right.hostOf(1);
    right.risk(broke, 0.8).run(Duration.ofMinutes(5));
    right.world.kill(broke);
    right.suspect(broke).run(Duration.ofHours(2));
    assertThat(right.view().watchOutcomes().getFirst().verdict())
        .isEqualTo(WatchOutcome.Verdict.BROKEN);

    Story wrong = new Story(4).start().with(1);
    HostId well = wrong.hostOf(1);
    wrong.risk(well, 0.8).run(Duration.ofMinutes(5));
    wrong.risk(well, 0.01).run(Duration.ofHours(2));
    assertThat(wrong.view().watchOutcomes().getFirst().verdict())
        .isEqualTo(WatchOutcome.Verdict.WELL);
    assertThat(wrong.placer().fleet().host(well).orElseThrow().condition())
        .isEqualTo(HostCondition.UP);
  }

  @Test
  void aHostThatWasOnceRiskyIsUsedAgainWhenItsRiskIsWhatVmsAccept() {
    Story story = new Story(4).start().with(1);
    HostId well = story.hostOf(1);
    story.risk(well, 0.3).run(Duration.ofMinutes(5));
    assertThat(story.hostOf(1)).isNotEqualTo(well);
    // Below the threshold to look again (0.05), but not well below it.
    story.risk(well, 0.04).run(Duration.ofHours(3));
    assertThat(story.placer().fleet().host(well).orElseThrow().condition())
        .isEqualTo(HostCondition.QUARANTINED);
    story.risk(well, 0.001).run(Duration.ofHours(3));
    assertThat(story.placer().fleet().host(well).orElseThrow().condition())
        .isEqualTo(HostCondition.UP);
  }

  @Test
  void aMoveThatWaitsForItsTurnIsCalledOffWhenTheRiskIsGone() {
    SchedulerSettings none =
        SchedulerSettings.defaults()
            .withBreaker(
                new SchedulerSettings.Breaker(
                    true,
                    Duration.ofMinutes(10),
                    new SchedulerSettings.Limit(0, 0, 0),
                    new SchedulerSettings.Limit(0, 0, 0),
                    new SchedulerSettings.Limit(0, 0, 0)));
    Story story = new Story(4, none, new InMemoryJournal()).start().with(1);
    HostId host = story.hostOf(1);
    story.risk(host, 0.8).run(Duration.ofMinutes(1));
    assertThat(story.view().sagaOf(v(1)).orElseThrow().step()).isEqualTo(SagaStep.QUEUED);
    story.risk(host, 0.001).run(Duration.ofMinutes(1));
    assertThat(story.view().sagas()).isEmpty();
    assertThat(story.view().watches()).isEmpty();
    assertThat(story.hostOf(1)).isEqualTo(host);
  }

  @Test
  void aMoveThatCannotGoOnResumesThePrimary() {
    Story story = new Story(4).start().with(1);
    HostId host = story.hostOf(1);
    story.world.script =
        command ->
            command instanceof Command.SyncLast sync && sync.primary().isPresent()
                ? Optional.of(new Outcome.Failed("sync-broken", "link"))
                : Optional.empty();
    story.world.condition(host, HostCondition.MAINTENANCE);
    story.run(Duration.ofMinutes(5));

    assertThat(story.hostOf(1)).isEqualTo(host);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.commands(Command.ResumePrimary.class)).isNotEmpty();
    assertThat(story.view().sagas()).isEmpty();
    story.world.script = command -> Optional.empty();
    story.run(Duration.ofHours(1));
    assertThat(story.hostOf(1)).as("it is tried again later").isNotEqualTo(host);
  }

  @Test
  void anAnswerThatComesBetweenTwoAttemptsToResumeIsLate() {
    Story story = new Story(4).start().with(1);
    HostId host = story.hostOf(1);
    boolean[] first = {true};
    story.world.script =
        command ->
            command instanceof Command.SyncLast sync && sync.primary().isPresent()
                ? Optional.of(new Outcome.Failed("sync-broken", "link"))
                : Optional.empty();
    story.world.swallow =
        command -> {
          boolean swallowed = command instanceof Command.ResumePrimary && first[0];
          first[0] &= !swallowed;
          return swallowed;
        };
    story.world.condition(host, HostCondition.MAINTENANCE);
    for (int i = 0; i < 600 && first[0]; i++) {
      story.run(Duration.ofMillis(500));
    }
    story.run(Duration.ofSeconds(30).plusMillis(600));
    story.tell(
        new Event.CommandReported(
            story.world.now,
            story.commands(Command.ResumePrimary.class).getFirst().id(),
            new Outcome.Unknown("very late")));
    story.run(Duration.ofMinutes(2));

    assertThat(story.commands(Command.ResumePrimary.class)).hasSizeGreaterThan(1);
    assertThat(story.hostOf(1)).isEqualTo(host);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
  }

  @Test
  void aPrimaryThatSaysItCannotBeStoppedIsLetRunOn() {
    Story story = new Story(4).start().with(1);
    HostId host = story.hostOf(1);
    story.world.script =
        command ->
            switch (command) {
              case Command.FenceVm fence ->
                  Optional.of(
                      new Outcome.FencingAnswered(
                          new io.penumbra.domain.event.FencingResult.NotFenced("busy")));
              case Command.ExpireLease lease -> Optional.of(FakeWorld.unknown());
              default -> Optional.empty();
            };
    story.world.condition(host, HostCondition.MAINTENANCE);
    story.run(Duration.ofMinutes(5));
    assertThat(story.commands(Command.Activate.class)).isEmpty();
    assertThat(story.hostOf(1)).isEqualTo(host);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
  }

  @Test
  void aPrimaryThatCannotBeResumedIsReplaced() {
    Story story = new Story(4).start().with(1);
    HostId host = story.hostOf(1);
    boolean[] once = {true};
    story.world.script =
        command -> {
          if (command instanceof Command.ResumePrimary) {
            story.world.vm(v(1)).instances.put(host, FakeWorld.Run.STOPPED);
            once[0] = false;
            return Optional.of(new Outcome.Failed("boot-failed", "panic"));
          }
          return command instanceof Command.SyncLast sync && sync.primary().isPresent() && once[0]
              ? Optional.of(new Outcome.Failed("sync-broken", "link"))
              : Optional.empty();
        };
    story.world.condition(host, HostCondition.MAINTENANCE);
    story.run(Duration.ofMinutes(10));
    assertThat(story.hostOf(1)).isNotEqualTo(host);
    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.alertCodes()).contains("primary-not-resumed");
  }

  /** The primary's host dies at every step of a move that thought it alive. */
  @Test
  void aHostThatDiesDuringAMoveIsFailedOver() {
    for (int i = 0; i < 40; i++) {
      Story story = new Story(5).start().with(1);
      HostId host = story.hostOf(1);
      story.world.condition(host, HostCondition.MAINTENANCE);
      story.run(Duration.ofMillis(10 + 15L * i));
      boolean moving = story.view().sagaOf(v(1)).isPresent();
      story.world.kill(host);
      story.suspect(host).run(Duration.ofMinutes(10));
      assertThat(story.world.vm(v(1)).serving()).as("killed at turn " + i).isEqualTo(1);
      assertThat(story.hostOf(1)).as("moving " + moving).isNotEqualTo(host);
      assertThat(story.view().sagas()).isEmpty();
    }
  }

  /** The target's host dies at every step of a failover. */
  @Test
  void aTargetThatDiesDuringAFailoverIsReplaced() {
    for (int i = 0; i < 40; i++) {
      Story story =
          new Story(6)
              .start()
              .with(Story.vm(1, Story.policy(io.penumbra.domain.policy.ShadowMode.WARM, 2, 0)));
      HostId host = story.hostOf(1);
      story.world.kill(host);
      story.suspect(host).run(Duration.ofMillis(10 + 20L * i));
      Optional<HostId> target = story.view().sagaOf(v(1)).flatMap(LoopView.SagaView::target);
      HostId second = target.orElse(story.shadowOf(1));
      story.world.kill(second);
      story.suspect(second).run(Duration.ofMinutes(20));
      assertThat(story.world.vm(v(1)).serving()).as("killed at turn " + i).isEqualTo(1);
      assertThat(story.hostOf(1)).isNotIn(host, second);
      assertThat(story.view().sagas())
          .extracting(LoopView.SagaView::step)
          .doesNotContain(SagaStep.ACTIVATE);
    }
  }
}
