package io.penumbra.scheduler.loop;

import static io.penumbra.scheduler.loop.Story.effective;
import static io.penumbra.scheduler.loop.Story.policy;
import static io.penumbra.scheduler.loop.Story.v;
import static io.penumbra.scheduler.loop.Story.vm;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.failover.SagaStep;
import io.penumbra.scheduler.journal.InMemoryJournal;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Turns that luck alone takes rarely: something stands still in each step, and then comes more. */
class RareTurnsTest {

  /** How a failover of VM 1 is brought to a step and kept there. */
  private record Stand(SagaStep step, Consumer<Story> trouble, Predicate<Command> silent) {}

  private static void hostDies(Story story) {
    story.world.kill(story.hostOf(1));
    story.suspect(story.hostOf(1));
  }

  private static void guestDies(Story story) {
    story.world.vm(v(1)).instances.put(story.hostOf(1), FakeWorld.Run.STOPPED);
    story.tell(new Event.GuestFailed(story.world.now, v(1), "panic"));
  }

  private static void maintenance(Story story) {
    story.world.condition(story.hostOf(1), HostCondition.MAINTENANCE);
    story.run(Duration.ZERO);
  }

  private static void comesBack(Story story) {
    HostId host = story.hostOf(1);
    story.world.host(host).isolated = true;
    story.world.host(host).bmcAnswers = false;
    story.suspect(host).run(Duration.ofSeconds(1));
    story.world.host(host).isolated = false;
    story.trust(host);
  }

  private static void activationFails(Story story) {
    story.world.script =
        command ->
            command instanceof Command.Activate
                ? Optional.of(new Outcome.Failed("boot-failed", "panic"))
                : Optional.empty();
    hostDies(story);
  }

  private static final List<Stand> STANDS =
      List.of(
          new Stand(
              SagaStep.CONFIRM, RareTurnsTest::guestDies, c -> c instanceof Command.VerifyService),
          new Stand(
              SagaStep.FENCE, RareTurnsTest::guestDies, c -> c instanceof Command.FenceCommand),
          new Stand(
              SagaStep.ALLOCATE,
              RareTurnsTest::maintenance,
              c -> c instanceof Command.AllocateShadow),
          new Stand(
              SagaStep.LAST_SYNC, RareTurnsTest::hostDies, c -> c instanceof Command.SyncLast),
          new Stand(SagaStep.ACTIVATE, RareTurnsTest::hostDies, c -> c instanceof Command.Activate),
          new Stand(
              SagaStep.UNDO_ACTIVATE,
              RareTurnsTest::activationFails,
              c -> c instanceof Command.FenceVm),
          new Stand(
              SagaStep.LOAD_BALANCER,
              RareTurnsTest::hostDies,
              c -> c instanceof Command.PointLoadBalancer),
          new Stand(SagaStep.DNS, RareTurnsTest::hostDies, c -> c instanceof Command.PointDns),
          new Stand(
              SagaStep.VERIFY, RareTurnsTest::hostDies, c -> c instanceof Command.VerifyService),
          new Stand(
              SagaStep.RETIRE_PRIMARY,
              RareTurnsTest::maintenance,
              c -> c instanceof Command.RetirePrimary),
          new Stand(
              SagaStep.RESUME, RareTurnsTest::comesBack, c -> c instanceof Command.ResumePrimary));

  private static Story standing(Stand stand, Predicate<Command> alsoSilent) {
    Story story = new Story(6).start().with(vm(1, policy(ShadowMode.WARM, 2, 0)));
    story.world.swallow = command -> stand.silent.or(alsoSilent).test(command);
    stand.trouble.accept(story);
    story.run(Duration.ofSeconds(11));
    assertThat(story.view().sagaOf(v(1)).map(LoopView.SagaView::step)).contains(stand.step);
    return story;
  }

  private static void heal(Story story) {
    story.world.swallow = command -> false;
    story.world.script = command -> Optional.empty();
    story.run(Duration.ofHours(2));
  }

  @Test
  void aVmThatIsDeletedAtAnyStepLeavesNothingBehind() {
    for (Stand stand : STANDS) {
      Story story = standing(stand, command -> false);
      story.world.delete(v(1));
      heal(story);
      assertThat(story.view().sagas()).as(stand.step.name()).isEmpty();
      assertThat(story.placer().fleet().vmCount()).as(stand.step.name()).isZero();
      assertThat(story.placer().fleet().shadowCount()).as(stand.step.name()).isZero();
    }
  }

  @Test
  void theOldHostMayDieAtAnyStep() {
    for (Stand stand : STANDS) {
      Story story = standing(stand, command -> false);
      HostId from = story.view().sagaOf(v(1)).orElseThrow().from();
      story.world.host(from).bmcAnswers = true;
      story.world.kill(from);
      story.suspect(from);
      heal(story);
      assertThat(story.world.vm(v(1)).serving()).as(stand.step.name()).isEqualTo(1);
      assertThat(story.view().sagas()).as(stand.step.name()).isEmpty();
    }
  }

  @Test
  void theNewHostMayDieAtAnyStep() {
    for (Stand stand : STANDS) {
      Story story = standing(stand, command -> false);
      Optional<HostId> target = story.view().sagaOf(v(1)).orElseThrow().target();
      if (target.isPresent()) {
        story.world.kill(target.get());
        story.suspect(target.get());
      }
      heal(story);
      assertThat(story.world.vm(v(1)).serving()).as(stand.step.name()).isEqualTo(1);
      assertThat(story.view().sagas()).as(stand.step.name()).isEmpty();
    }
  }

  @Test
  void anAnswerThatComesMuchTooLateIsIgnoredAtEveryStep() {
    for (Stand stand : STANDS) {
      Story story = standing(stand, command -> command instanceof Command.ExpireLease);
      story.run(Duration.ofSeconds(35));
      long ignored = story.view().counts().ignoredReports();
      for (Command command : List.copyOf(story.world.commands)) {
        boolean ofTheSaga = command.id().value().startsWith("s");
        boolean unanswered = story.world.swallow.apply(command);
        boolean current = command.id().equals(story.world.commands.getLast().id());
        if (ofTheSaga && unanswered && !current && !(command instanceof Command.ExpireLease)) {
          late(story, command.id(), new Outcome.Unknown("very late"));
        } else if (command instanceof Command.ExpireLease && stand.step != SagaStep.FENCE) {
          late(story, command.id(), FakeWorld.unknown());
        }
      }
      assertThat(story.view().counts().ignoredReports())
          .as(stand.step.name())
          .isGreaterThanOrEqualTo(ignored);
      heal(story);
      assertThat(story.world.vm(v(1)).serving()).as(stand.step.name()).isEqualTo(1);
    }
  }

  private static void late(Story story, CommandId id, Outcome outcome) {
    story.tell(new Event.CommandReported(story.world.now, id, outcome));
  }

  @Test
  void aVmThatWaitsForAnythingMayBeDeleted() {
    Story story = new Story(2).start().with(1);
    HostId dead = story.hostOf(1);
    HostId shadow = story.shadowOf(1);
    story.world.kill(dead);
    story.world.kill(shadow);
    story.suspect(dead).suspect(shadow).run(Duration.ofMinutes(1));
    assertThat(story.view().sagaOf(v(1)).orElseThrow().step()).isEqualTo(SagaStep.REPLACE);
    story.world.delete(v(1));
    story.run(Duration.ofMinutes(10));
    assertThat(story.view().sagas()).isEmpty();
    story.world.repair(shadow);
    story.trust(shadow).run(Duration.ofMinutes(1));
    assertThat(story.view().vms()).as("cleared away as soon as its agent can be asked").isEmpty();
  }

  @Test
  void aVmThatWaitsForItsTurnMayBeDeleted() {
    SchedulerSettings none =
        SchedulerSettings.defaults()
            .withBreaker(
                new SchedulerSettings.Breaker(
                    true,
                    Duration.ofMinutes(10),
                    new SchedulerSettings.Limit(0, 0, 0),
                    new SchedulerSettings.Limit(0, 0, 0),
                    new SchedulerSettings.Limit(0, 0, 0)));
    Story story = new Story(3, none, new InMemoryJournal()).start().with(1);
    guestDies(story);
    assertThat(story.view().sagaOf(v(1)).orElseThrow().step()).isEqualTo(SagaStep.QUEUED);
    story.world.delete(v(1));
    story.run(Duration.ofMinutes(1));
    assertThat(story.view().vms()).isEmpty();
  }

  /** The first order to create a shadow is answered only when the test says so. */
  private static Command orderLost(Story story) {
    boolean[] first = {true};
    story.world.swallow =
        command -> {
          boolean swallowed = command instanceof Command.CreateShadow && first[0];
          first[0] &= !swallowed;
          return swallowed;
        };
    story.with(1);
    story.run(Duration.ofHours(1).plusMinutes(1));
    assertThat(story.view().vm(v(1)).orElseThrow().isProtected()).isTrue();
    return story.commands(Command.CreateShadow.class).getFirst();
  }

  @Test
  void aShadowTakesNoNoticeOfAnOldAnswerWhateverItIsDoing() {
    Story ready = new Story(4).start();
    late(ready, orderLost(ready).id(), new Outcome.Failed("gone", "late"));
    assertThat(ready.view().vm(v(1)).orElseThrow().isProtected()).isTrue();

    Story creating = new Story(4).start();
    creating.world.swallow = command -> command instanceof Command.CreateShadow;
    creating.with(1).run(Duration.ofHours(1).plusMinutes(1));
    List<Command.CreateShadow> orders = creating.commands(Command.CreateShadow.class);
    assertThat(orders).hasSizeGreaterThan(1);
    late(creating, orders.getFirst().id(), new Outcome.Failed("gone", "late"));
    heal(creating);
    assertThat(creating.view().vm(v(1)).orElseThrow().isProtected()).isTrue();

    Story resizing = new Story(4).start();
    Command first = orderLost(resizing);
    resizing.world.swallow = command -> command instanceof Command.ResizeShadow;
    resizing.risk(resizing.hostOf(1), 0.1).run(Duration.ofSeconds(1));
    late(resizing, first.id(), new Outcome.Failed("gone", "late"));
    assertThat(resizing.view().vm(v(1)).orElseThrow().isProtected()).isTrue();
    // And whoever does not want it any more may delete it in the middle of that.
    resizing.world.emit(
        new Event.VmPolicyChanged(
            resizing.world.now, v(1), effective(policy(ShadowMode.NONE, 0, 0))));
    resizing.run(Duration.ofMinutes(1));
    assertThat(resizing.world.vm(v(1)).shadows).isEmpty();

    Story larger = new Story(4).start().with(1);
    larger.world.swallow = command -> command instanceof Command.ResizeShadow;
    larger.risk(larger.hostOf(1), 0.1).run(Duration.ofSeconds(1));
    hostDies(larger);
    larger.run(Duration.ofMinutes(1));
    assertThat(larger.world.vm(v(1)).serving()).as("it takes over as it is").isEqualTo(1);

    Story lost = new Story(4).start().with(1);
    lost.world.swallow = command -> command instanceof Command.ResizeShadow;
    lost.risk(lost.hostOf(1), 0.1).run(Duration.ofSeconds(1));
    lost.tell(new Event.ShadowLost(lost.world.now, v(1), lost.shadowOf(1), "disk"));
    lost.world.swallow = command -> false;
    lost.run(Duration.ofMinutes(1));
    assertThat(lost.world.vm(v(1)).complete()).isEqualTo(1);

    Story changing = new Story(4).start();
    Command ordered = orderLost(changing);
    changing.world.swallow = command -> command instanceof Command.ChangeShadowMode;
    changing.world.emit(
        new Event.VmPolicyChanged(
            changing.world.now, v(1), effective(policy(ShadowMode.COLD, 1, 0))));
    changing.run(Duration.ofSeconds(1));
    late(changing, ordered.id(), new Outcome.Failed("gone", "late"));
    hostDies(changing);
    changing.run(Duration.ofMinutes(1));
    assertThat(changing.world.vm(v(1)).serving()).as("it may take over meanwhile").isEqualTo(1);

    Story takingOver = new Story(4).start();
    Command create = orderLost(takingOver);
    takingOver.world.swallow = command -> command instanceof Command.AllocateShadow;
    hostDies(takingOver);
    takingOver.run(Duration.ofSeconds(1));
    late(takingOver, create.id(), new Outcome.Done());
    heal(takingOver);
    assertThat(takingOver.world.vm(v(1)).serving()).isEqualTo(1);
  }

  @Test
  void aVmThatAppearsWhereItsShadowWasPromisedGetsAnotherShadow() {
    Story story = new Story(4).start();
    PlacementDecision decision =
        story
            .loop()
            .place(
                PlacementRequest.create(
                    RequestId.of("r"), story.world.now, vm(1, policy(ShadowMode.WARM, 1, 0)), 1));
    if (!(decision.answer() instanceof PlacementDecision.Placed placed)) {
      throw new AssertionError(decision.toString());
    }
    story.world.boot(vm(1, policy(ShadowMode.WARM, 1, 0)), placed.shadowHosts().getFirst());
    story.run(Duration.ofMinutes(1));
    assertThat(story.world.vm(v(1)).complete()).isEqualTo(1);
    assertThat(story.shadowOf(1)).isNotEqualTo(story.hostOf(1));
  }

  @Test
  void aProbeThatIsAnsweredTooLateIsIgnored() {
    Story story = new Story(4).start().with(1);
    HostId host = story.hostOf(1);
    int[] probes = {0};
    story.world.swallow = command -> command instanceof Command.ProbeHost && ++probes[0] <= 2;
    story.suspect(host).run(Duration.ofMillis(1_500));
    List<Command.ProbeHost> asked = story.commands(Command.ProbeHost.class);
    Outcome dead = new Outcome.HostProbed(Outcome.Liveness.UNREACHABLE, "long ago");
    late(story, asked.getFirst().id(), dead);
    assertThat(story.view().incidents().getFirst().state()).isEqualTo("DOUBTFUL");
    story.run(Duration.ofSeconds(1));
    assertThat(story.view().incidents().getFirst().state()).isEqualTo("CONFIRMING");
    late(story, asked.getFirst().id(), dead);
    assertThat(story.view().incidents().getFirst().state()).isEqualTo("CONFIRMING");
    story.run(Duration.ofSeconds(30));
    assertThat(story.view().incidents().getFirst().state()).isEqualTo("REACHED");
    late(story, asked.getFirst().id(), dead);
    story.suspect(host);
    assertThat(story.view().incidents().getFirst().state()).isEqualTo("REACHED");
    assertThat(story.commands(Command.FenceHost.class)).isEmpty();
  }

  @Test
  void aHeldHostIgnoresOldProbes() {
    SchedulerSettings none =
        SchedulerSettings.defaults()
            .withBreaker(
                new SchedulerSettings.Breaker(
                    true,
                    Duration.ofMinutes(10),
                    new SchedulerSettings.Limit(0, 0, 0),
                    new SchedulerSettings.Limit(0, 0, 0),
                    new SchedulerSettings.Limit(0, 0, 0)));
    Story story = new Story(3, none, new InMemoryJournal()).start().with(1);
    HostId host = story.hostOf(1);
    story.world.kill(host);
    int[] probes = {0};
    story.world.swallow = command -> command instanceof Command.ProbeHost && ++probes[0] <= 1;
    story.suspect(host).run(Duration.ofMinutes(1));
    late(
        story,
        story.commands(Command.ProbeHost.class).getFirst().id(),
        new Outcome.HostProbed(Outcome.Liveness.ALIVE, "long ago"));
    assertThat(story.view().incidents().getFirst().state()).isEqualTo("HELD");
  }
}
