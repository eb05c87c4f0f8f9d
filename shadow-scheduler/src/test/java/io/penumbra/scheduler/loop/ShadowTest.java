package io.penumbra.scheduler.loop;

import static io.penumbra.scheduler.loop.Story.effective;
import static io.penumbra.scheduler.loop.Story.h;
import static io.penumbra.scheduler.loop.Story.policy;
import static io.penumbra.scheduler.loop.Story.v;
import static io.penumbra.scheduler.loop.Story.vm;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.journal.InMemoryJournal;
import io.penumbra.scheduler.port.Cloud;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ShadowTest {

  private static void change(Story story, ProtectionPolicy policy) {
    story.world.vm(v(1)).vm = story.world.vm(v(1)).vm.withPolicy(effective(policy));
    story.world.emit(new Event.VmPolicyChanged(story.world.now, v(1), effective(policy)));
  }

  @Test
  void changingTheModeNeverLeavesTheVmUnprotected() {
    Story story = new Story(4).start().with(1);
    story.world.afterEachChange =
        () -> assertThat(story.world.vm(v(1)).complete()).isGreaterThanOrEqualTo(1);

    change(story, policy(ShadowMode.COLD, 1, 0));
    story.run(Duration.ofMinutes(1));
    assertThat(story.world.vm(v(1)).shadows.firstEntry().getValue().mode)
        .isEqualTo(ShadowMode.COLD);
    change(story, policy(ShadowMode.WARM, 2, 0));
    story.run(Duration.ofMinutes(1));
    assertThat(story.world.vm(v(1)).complete()).isEqualTo(2);
    assertThat(story.commands(Command.ChangeShadowMode.class)).hasSize(2);
    change(story, policy(ShadowMode.WARM, 1, 0));
    story.run(Duration.ofMinutes(1));
    assertThat(story.world.vm(v(1)).complete()).isEqualTo(1);
  }

  @Test
  void changingWhatMustDifferMovesTheShadowAndKeepsTheOldOneUntilThen() {
    Story story = new Story(6).start().with(1);
    story.world.afterEachChange =
        () -> assertThat(story.world.vm(v(1)).complete()).isGreaterThanOrEqualTo(1);
    // Host i is of hardware generation i % 2: ask for the one that it is not on now.
    ProtectionPolicy now = policy(ShadowMode.WARM, 1, 0);
    HostId before = story.shadowOf(1);
    boolean same = generation(story, before).equals(generation(story, story.hostOf(1)));
    change(
        story,
        new ProtectionPolicy(
            now.mode(),
            1,
            now.rpo(),
            now.rto(),
            new Diversity(
                List.of(DomainKind.HOST, DomainKind.RACK), List.of(HardwareAspect.CPU_GENERATION)),
            now.commit(),
            now.thresholds(),
            0));
    story.run(Duration.ofMinutes(2));

    assertThat(generation(story, story.shadowOf(1)))
        .isNotEqualTo(generation(story, story.hostOf(1)));
    assertThat(story.shadowOf(1).equals(before)).isEqualTo(!same);
    assertThat(story.world.vm(v(1)).shadows).hasSize(1);
  }

  private static String generation(Story story, HostId host) {
    return story.world.host(host).host.hardware().cpuGeneration();
  }

  @Test
  void noPolicyNoShadow() {
    Story story = new Story(4).start().with(1);
    change(story, policy(ShadowMode.NONE, 0, 0));
    story.run(Duration.ofMinutes(1));
    assertThat(story.world.vm(v(1)).shadows).isEmpty();
    assertThat(story.placer().fleet().shadowCount()).isZero();
  }

  @Test
  void placesAnotherShadowWhenOneIsLost() {
    Story story = new Story(4).start().with(1);
    HostId lost = story.shadowOf(1);
    story.world.vm(v(1)).shadows.clear();
    story.world.emit(new Event.ShadowLost(story.world.now, v(1), lost, "disk"));
    story.run(Duration.ofMinutes(1));
    assertThat(story.world.vm(v(1)).complete()).isEqualTo(1);
  }

  @Test
  void aGuestThatCameUpWithoutItsMemoryIsToldToAPerson() {
    Story story = new Story(5).start().with(1);
    story.tell(
        new Event.BootedFromDisks(
            story.world.now, v(1), story.hostOf(1), "machine type: pc-q35-7.2, not pc-q35-7.1"));
    story.run(Duration.ofSeconds(1));
    assertThat(story.alerts)
        .filteredOn(alert -> alert.code().equals("booted-from-disks"))
        .singleElement()
        .satisfies(
            alert -> assertThat(alert.message()).contains(v(1).value()).contains("machine type"));
  }

  @Test
  void aShadowOnADeadHostIsReplaced() {
    Story story = new Story(5).start().with(1);
    HostId dead = story.shadowOf(1);
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMinutes(10));
    assertThat(story.world.vm(v(1)).shadows.keySet()).contains(dead).hasSize(2);
    assertThat(story.view().vm(v(1)).orElseThrow().shadows())
        .as("the dead one keeps its room: nobody can say that it is gone")
        .hasSize(2);
    assertThat(story.placer().fleet().shadowsOn(dead)).containsExactly(v(1));

    story.world.repair(dead);
    story.trust(dead).run(Duration.ofMinutes(30));
    assertThat(story.world.vm(v(1)).shadows.keySet())
        .as("what is left of it is deleted")
        .doesNotContain(dead);
    assertThat(story.placer().fleet().shadowsOn(dead)).isEmpty();
  }

  @Test
  void waitsForRoomAndTakesItWhenItAppears() {
    Story story = new Story(1).start().with(vm(1, policy(ShadowMode.NONE, 0, 0)));
    change(story, policy(ShadowMode.WARM, 1, 0));
    story.run(Duration.ofMinutes(5));
    assertThat(story.alertCodes()).contains("short-of-shadows");

    story.addHost(7);
    story.world.emit(new Event.HostDiscovered(story.world.now, Story.newHost(7)));
    story.run(Duration.ofSeconds(10));
    assertThat(story.world.vm(v(1)).complete()).isEqualTo(1);
  }

  @Test
  void triesElsewhereWhenAShadowCannotBeCreated() {
    Story story = new Story(4).start();
    story.world.script =
        command ->
            command instanceof Command.CreateShadow create && create.host().equals(h(0))
                ? Optional.of(new Outcome.Failed("disk-full", "no"))
                : Optional.empty();
    story.with(1);
    story.run(Duration.ofMinutes(30));
    assertThat(story.world.vm(v(1)).shadows.keySet()).doesNotContain(h(0));
  }

  @Test
  void aReportThatComesAfterTheNextAttemptChangesNothing() {
    Story story = new Story(3).start().with(vm(1, policy(ShadowMode.NONE, 0, 0)));
    boolean[] first = {true};
    story.world.swallow =
        command -> {
          boolean swallowed = command instanceof Command.CreateShadow && first[0];
          first[0] &= !swallowed;
          return swallowed;
        };
    change(story, policy(ShadowMode.WARM, 1, 0));
    story.run(Duration.ofHours(1).plusSeconds(10));
    Command lost = story.commands(Command.CreateShadow.class).getFirst();
    story.tell(
        new Event.CommandReported(
            story.world.now, lost.id(), new Outcome.Failed("gone", "very late")));
    story.run(Duration.ofMinutes(5));
    story.tell(new Event.CommandReported(story.world.now, lost.id(), new Outcome.Done()));
    assertThat(story.world.vm(v(1)).complete()).isEqualTo(1);
    assertThat(story.view().vm(v(1)).orElseThrow().isProtected()).isTrue();
  }

  @Test
  void aRefusedChangeLeavesTheShadowAsItWas() {
    Story story = new Story(4).start().with(1);
    story.world.script =
        command ->
            command instanceof Command.ChangeShadowMode
                ? Optional.of(new Outcome.Failed("busy", "no"))
                : Optional.empty();
    change(story, policy(ShadowMode.COLD, 1, 0));
    story.run(Duration.ofMinutes(2));
    assertThat(story.view().vm(v(1)).orElseThrow().isProtected()).isTrue();
    story.world.script = command -> Optional.empty();
    story.run(Duration.ofMinutes(2));
    assertThat(story.view().vm(v(1)).orElseThrow().shadows().getFirst().mode())
        .isEqualTo(ShadowMode.COLD);
  }

  @Test
  void deletedVmsLeaveNothingBehind() {
    Story story = new Story(4).start().with(1).with(2);
    story.world.delete(v(1));
    story.run(Duration.ofMinutes(1));
    story.world.delete(v(2));
    story.run(Duration.ofMinutes(1));
    assertThat(story.view().vms()).isEmpty();
    assertThat(story.placer().fleet().vmCount()).isZero();
    assertThat(story.placer().fleet().shadowCount()).isZero();
    for (int i = 0; i < 4; i++) {
      assertThat(story.placer().fleet().host(h(i)).orElseThrow().allocated())
          .isEqualTo(Resources.NONE);
    }
  }

  @Test
  void aClaimThatIsNeverUsedRunsOut() {
    Story story = new Story(4).start();
    story
        .loop()
        .place(
            PlacementRequest.create(
                RequestId.of("r1"), story.world.now, vm(1, policy(ShadowMode.WARM, 1, 0)), 1));
    assertThat(story.placer().fleet().isClaim(v(1))).isTrue();
    story.start();
    assertThat(story.placer().fleet().isClaim(v(1))).as("survives a restart").isTrue();
    story.run(Duration.ofMinutes(11));
    assertThat(story.placer().fleet().vmCount()).isZero();
    assertThat(story.view().vms()).isEmpty();
  }

  @Test
  void anImpossibleRequestIsADecisionWithReasons() {
    Story story = new Story(2).start();
    var big =
        new io.penumbra.domain.Vm(
            v(1),
            io.penumbra.domain.ProjectId.of("p"),
            io.penumbra.domain.FlavorId.of("huge"),
            new Resources(4_000, 4_096, 1),
            new java.util.TreeMap<>(),
            List.of(),
            effective(policy(ShadowMode.WARM, 1, 0)));
    var decision =
        story.loop().place(PlacementRequest.create(RequestId.of("r1"), story.world.now, big, 1));
    assertThat(decision.answer())
        .isInstanceOf(io.penumbra.placement.PlacementDecision.Refused.class);
    assertThat(story.view().counts().refusals()).isEqualTo(1);
  }

  @Test
  void maintenanceEmptiesAHostWithoutLosingAnything() {
    Story story = new Story(5).start().with(1).with(2).with(3);
    HostId host = story.hostOf(1);
    story.world.condition(host, HostCondition.MAINTENANCE);
    story.run(Duration.ofMinutes(10));

    assertThat(story.placer().fleet().primariesOn(host)).isEmpty();
    assertThat(story.placer().fleet().shadowsOn(host)).isEmpty();
    assertThat(story.view().ledger())
        .isNotEmpty()
        .allSatisfy(line -> {
          assertThat(line.zeroLoss()).isTrue();
          assertThat(line.bytesLost()).isZero();
        });
    story.world.vms.values().forEach(vm -> assertThat(vm.complete()).isEqualTo(1));
  }

  @Test
  void reconcilingFindsWhatLostEventsHide() {
    Story story = new Story(5).start().with(1).with(2);
    story.world.lose = event -> true;
    HostId shadow = story.shadowOf(1);
    story.world.vm(v(1)).shadows.clear();
    story.world.delete(v(2));
    story.world.boot(vm(3, policy(ShadowMode.WARM, 1, 0)), h(0));
    story.addHost(8);
    story.world.condition(shadow, HostCondition.MAINTENANCE);
    story.world.lose = event -> false;

    story.run(Duration.ofMinutes(12));

    assertThat(story.world.vm(v(1)).complete()).isEqualTo(1);
    assertThat(story.world.vm(v(1)).shadows.keySet()).doesNotContain(shadow);
    assertThat(story.view().vm(v(2))).isEmpty();
    assertThat(story.world.vm(v(3)).complete()).isEqualTo(1);
    assertThat(story.placer().fleet().hostCount()).isEqualTo(6);
  }

  @Test
  void aLostReportOfCompletionIsFoundByReconciling() {
    Story story = new Story(4).start().with(vm(1, policy(ShadowMode.NONE, 0, 0)));
    story.world.lose = event -> event instanceof Event.CommandReported;
    change(story, policy(ShadowMode.WARM, 1, 0));
    story.run(Duration.ofSeconds(30));
    assertThat(story.view().vm(v(1)).orElseThrow().isProtected()).isFalse();
    story.world.lose = event -> false;
    story.run(Duration.ofMinutes(10));
    assertThat(story.view().vm(v(1)).orElseThrow().isProtected()).isTrue();
  }

  @Test
  void aShadowLostInTheMiddleOfAChangeIsGone() {
    Story story = new Story(6).start().with(vm(1, policy(ShadowMode.WARM, 2, 0)));
    story.world.swallow =
        command ->
            command instanceof Command.ChangeShadowMode
                || command instanceof Command.DeleteShadow
                || command instanceof Command.ResizeShadow;
    change(story, policy(ShadowMode.COLD, 2, 0));
    story.run(Duration.ofSeconds(1));
    HostId one = story.world.vm(v(1)).shadows.firstKey();
    HostId two = story.world.vm(v(1)).shadows.lastKey();
    story.tell(new Event.ShadowLost(story.world.now, v(1), one, "disk"));
    change(story, policy(ShadowMode.NONE, 0, 0));
    story.run(Duration.ofSeconds(1));
    story.tell(new Event.ShadowLost(story.world.now, v(1), two, "disk"));
    story.tell(new Event.ShadowLost(story.world.now, v(1), two, "disk, told twice"));
    story.world.swallow = command -> false;
    story.run(Duration.ofMinutes(20));
    assertThat(story.view().vm(v(1)).orElseThrow().shadows()).isEmpty();
  }

  /** One that came out of the store while its primary's host was away. */
  private static FakeWorld.FakeShadow restored(Story story) {
    FakeWorld.FakeShadow shadow = story.world.vm(v(1)).shadows.values().iterator().next();
    shadow.restored = true;
    return shadow;
  }

  @Test
  void whatWasRestoredIsFilledByThePrimaryThatServesOnThoughNobodyRemembersTheRestore() {
    Story story = new Story(4).start().with(vm(1, policy(ShadowMode.COLD, 1, 0)));
    FakeWorld.FakeShadow shadow = restored(story);
    int before = story.commands(Command.CreateShadow.class).size();

    story.start().run(Duration.ofMinutes(1));

    assertThat(story.commands(Command.CreateShadow.class)).hasSize(before + 1);
    assertThat(story.commands(Command.CreateShadow.class).getLast().refill()).isTrue();
    assertThat(shadow.restored).isFalse();
  }

  @Test
  void whatWasRestoredProtectsNobodyUntilThePrimaryThatServesOnHasFilledIt() {
    Story story = new Story(4).start().with(vm(1, policy(ShadowMode.COLD, 1, 0)));
    FakeWorld.FakeShadow shadow = restored(story);
    story.world.swallow = command -> command instanceof Command.CreateShadow;

    story.start().run(Duration.ofMinutes(11));

    assertThat(shadow.complete).isTrue();
    assertThat(story.view().vm(v(1)).orElseThrow().shadows())
        .noneMatch(LoopView.ShadowView::protects);
  }

  @Test
  void whatWasRestoredTakesOverWhereNoPrimaryIsLeftThoughNobodyRemembersTheRestore() {
    Story story = new Story(4).start().with(vm(1, policy(ShadowMode.COLD, 1, 0)));
    HostId dead = story.hostOf(1);
    HostId target = story.shadowOf(1);
    story.world.swallow = command -> command instanceof Command.AllocateShadow;
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMillis(500));
    assertThat(story.view().sagaOf(v(1))).isPresent();
    restored(story);

    story.world.swallow = command -> false;
    story.start().run(Duration.ofMinutes(2));

    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.hostOf(1)).isEqualTo(target);
  }

  @Test
  void whatWasRestoredTakesOverWhenThePrimaryDiesAgainWhileItFillsIt() {
    Story story = new Story(4).start().with(vm(1, policy(ShadowMode.COLD, 1, 0)));
    restored(story);
    HostId dead = story.hostOf(1);
    HostId target = story.shadowOf(1);
    story.world.swallow = command -> command instanceof Command.CreateShadow;
    story.start().run(Duration.ofSeconds(10));
    assertThat(story.view().vm(v(1)).orElseThrow().isProtected()).as("being filled").isFalse();

    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMinutes(1));

    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
    assertThat(story.hostOf(1)).isEqualTo(target);
    assertThat(story.view().sagas()).isEmpty();
  }

  @Test
  void whatIsStoredIsRestoredAlthoughTheDeadPrimaryWasFillingAShadow() {
    Story story = new Story(5).start().with(vm(1, policy(ShadowMode.COLD, 2, 0)));
    HostId dead = story.hostOf(1);
    List<HostId> shadows = List.copyOf(story.world.vm(v(1)).shadows.keySet());
    story.world.kill(shadows.getFirst());
    story.suspect(shadows.getFirst());
    // The one that takes its place is never filled: the primary dies before.
    story.world.swallow =
        command -> command instanceof Command.CreateShadow create && !create.fromStore();
    story.run(Duration.ofMinutes(1));
    story.world.kill(dead);
    story.world.kill(shadows.getLast());
    story.suspect(dead).suspect(shadows.getLast()).run(Duration.ofMinutes(5));

    assertThat(story.world.vm(v(1)).serving()).isEqualTo(1);
  }

  @Test
  void aShadowThatBrokeIsReplacedThoughWordOfItWasLost() {
    Story story = new Story(4).start().with(1);
    FakeWorld.FakeShadow broken = standing(story, story.shadowOf(1));
    broken.complete = false;

    story.run(Duration.ofMinutes(11));

    assertThat(broken.complete).as("nobody filled it again").isFalse();
    assertThat(story.world.vm(v(1)).complete()).isEqualTo(1);
    assertThat(story.view().vm(v(1)).orElseThrow().isProtected()).isTrue();
  }

  @Test
  void aReportThatIsOlderThanTheShadowsFirstStateTakesNothingAway() {
    Story story = new Story(4).start().with(1);
    FakeWorld.FakeShadow shadow = standing(story, story.shadowOf(1));
    story.run(Duration.ofMinutes(9).plusSeconds(50));
    shadow.complete = false;
    story.run(Duration.ofSeconds(20));
    shadow.complete = true;

    story.run(Duration.ofMinutes(30));

    assertThat(story.commands(Command.DeleteShadow.class)).isEmpty();
    assertThat(story.commands(Command.CreateShadow.class)).hasSize(1);
  }

  @Test
  void whatASilentHostSaidLastOfItsShadowDecidesNothing() {
    Story story = new Story(4).start().with(1);
    HostId host = story.shadowOf(1);
    standing(story, host).complete = false;
    story.world.swallow = command -> command instanceof Command.ProbeHost;
    story.run(Duration.ofMinutes(9).plusSeconds(50)).suspect(host);

    story.run(Duration.ofSeconds(11));
    story.trust(host);
    assertThat(story.commands(Command.DeleteShadow.class)).isEmpty();

    story.world.swallow = command -> false;
    story.run(Duration.ofMinutes(11));
    assertThat(story.world.vm(v(1)).complete()).as("by what it says when it is back").isEqualTo(1);
  }

  @Test
  void aShadowThatNobodyWantsKeepsItsRoomUntilItsAgentHasDeletedIt() {
    Story story = new Story(4).start().with(1);
    HostId stray = free(story);
    FakeWorld.FakeShadow left = new FakeWorld.FakeShadow(ShadowMode.WARM, Story.SIZE);
    left.complete = true;
    story.world.vm(v(1)).shadows.put(stray, left);
    story.world.swallow = command -> command instanceof Command.DeleteShadow;
    story.run(Duration.ofMinutes(11));
    assertThat(allocated(story, stray)).isEqualTo(Story.SIZE);

    story.world.swallow = command -> false;
    story.run(Duration.ofMinutes(10));
    assertThat(story.world.vm(v(1)).shadows).doesNotContainKey(stray);
    assertThat(allocated(story, stray)).isEqualTo(Resources.NONE);
  }

  @Test
  void aShadowOfAVmThatIsGoneKeepsItsRoomThroughARestart() {
    Story story = new Story(3).start();
    story.world.strays.add(
        new Cloud.ShadowReport(v(7), h(1), ShadowMode.WARM, Story.SIZE, true, 0));
    story.world.swallow = command -> command instanceof Command.DeleteShadow;
    story.start().run(Duration.ofMinutes(1));
    assertThat(allocated(story, h(1))).isEqualTo(Story.SIZE);

    story.world.swallow = command -> false;
    story.start().run(Duration.ofMinutes(1));
    assertThat(story.world.strays).isEmpty();
    assertThat(allocated(story, h(1))).isEqualTo(Resources.NONE);
    assertThat(story.view().vms()).isEmpty();
  }

  @Test
  void aCreationThatIsOnItsWayKeepsItsRoomThroughARestart() {
    Story story = new Story(3).start().with(vm(1, policy(ShadowMode.NONE, 0, 0)));
    story.world.latency = Duration.ofSeconds(20);
    change(story, policy(ShadowMode.WARM, 1, 0));
    story.run(Duration.ofSeconds(1));
    HostId asked = story.commands(Command.CreateShadow.class).getLast().host();
    Resources takes = allocated(story, asked);
    story.start().run(Duration.ofSeconds(1));
    assertThat(story.world.vm(v(1)).shadows).as("not yet there").isEmpty();
    assertThat(allocated(story, asked)).isEqualTo(takes);

    story.world.latency = Duration.ofMillis(50);
    story.run(Duration.ofMinutes(12));
    assertThat(story.world.vm(v(1)).complete()).isEqualTo(1);
    HostId stands = story.shadowOf(1);
    assertThat(allocated(story, stands)).isEqualTo(standing(story, stands).resident);
  }

  @Test
  void aShadowThatIsSaidToBeLostKeepsItsRoomUntilItsAgentSaysThatNothingIsThere() {
    Story story = new Story(4).start().with(1);
    HostId said = story.shadowOf(1);
    story.world.swallow = command -> command instanceof Command.DeleteShadow;
    story.tell(new Event.ShadowLost(story.world.now, v(1), said, "an old message"));
    story.run(Duration.ofMinutes(1));
    assertThat(allocated(story, said).memoryMib()).isPositive();
    assertThat(story.view().vm(v(1)).orElseThrow().isProtected()).as("by another").isTrue();

    story.world.swallow = command -> false;
    story.run(Duration.ofMinutes(10));
    assertThat(allocated(story, said)).isEqualTo(Resources.NONE);
  }

  @Test
  void aShadowTurnedColdGivesItsMemoryBackWhenItsAgentHasShrunkIt() {
    Story story = new Story(4).start().with(1);
    HostId shadow = story.shadowOf(1);
    Resources warm = allocated(story, shadow);
    story.world.swallow = command -> command instanceof Command.ResizeShadow;
    change(story, policy(ShadowMode.COLD, 1, 0));
    story.run(Duration.ofMinutes(1));
    assertThat(standing(story, shadow).mode).isEqualTo(ShadowMode.COLD);
    assertThat(allocated(story, shadow)).as("its agent has not said so").isEqualTo(warm);

    story.world.swallow = command -> false;
    story.run(Duration.ofMinutes(10));
    assertThat(allocated(story, shadow)).isEqualTo(standing(story, shadow).resident);
    assertThat(allocated(story, shadow).memoryMib()).isLessThan(warm.memoryMib());
  }

  @Test
  void aClaimIsNotGivenUpWhenOnlyTheReportOfItsVmWasLost() {
    Story story = new Story(3).start().run(Duration.ofMinutes(1));
    Vm vm = vm(1, policy(ShadowMode.NONE, 0, 0));
    PlacementDecision decision =
        story.loop().place(PlacementRequest.create(RequestId.of("r"), story.world.now, vm, 1));
    if (!(decision.answer() instanceof PlacementDecision.Placed placed)) {
      throw new AssertionError(decision.toString());
    }
    HostId host = placed.primary().host();
    story.run(Duration.ofMinutes(9).plusSeconds(30));
    story.world.lose = event -> event instanceof Event.VmCreated;
    story.world.boot(vm, host);

    story.run(Duration.ofMinutes(1));
    assertThat(story.placer().fleet().isClaim(v(1))).isFalse();
    assertThat(allocated(story, host)).isEqualTo(Story.SIZE);
  }

  private static FakeWorld.FakeShadow standing(Story story, HostId host) {
    return Optional.ofNullable(story.world.vm(v(1)).shadows.get(host)).orElseThrow();
  }

  private static HostId free(Story story) {
    return story.world.hosts.keySet().stream()
        .filter(host -> !host.equals(story.hostOf(1)) && !host.equals(story.shadowOf(1)))
        .findFirst()
        .orElseThrow();
  }

  private static Resources allocated(Story story, HostId host) {
    return story.placer().fleet().host(host).orElseThrow().allocated();
  }

  @Test
  void theJournalIsRewrittenBeforeItGrowsWithoutBound() {
    InMemoryJournal journal = new InMemoryJournal();
    SchedulerSettings.Loop loop = SchedulerSettings.Loop.defaults();
    SchedulerSettings settings =
        SchedulerSettings.defaults()
            .withLoop(
                new SchedulerSettings.Loop(
                    loop.inboxMax(),
                    loop.eventsPerPage(),
                    loop.claimRetries(),
                    loop.claimTtl(),
                    loop.reconcileEvery(),
                    50,
                    loop.ledgerMax(),
                    loop.seed()));
    Story story = new Story(4, settings, journal).start();
    for (int i = 1; i < 60; i++) {
      story.with(i);
      story.world.delete(v(i));
      story.run(Duration.ofSeconds(5));
    }
    assertThat(journal.size()).isLessThan(120);
    story.start().with(61);
    assertThat(story.world.vm(v(61)).complete()).isEqualTo(1);
  }
}
