package io.penumbra.scheduler.loop;

import static io.penumbra.scheduler.loop.Story.h;
import static io.penumbra.scheduler.loop.Story.policy;
import static io.penumbra.scheduler.loop.Story.v;
import static io.penumbra.scheduler.loop.Story.vm;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.journal.InMemoryJournal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class IncidentTest {

  private static SchedulerSettings limits(int hosts, int guests, int moves) {
    return SchedulerSettings.defaults()
        .withBreaker(
            new SchedulerSettings.Breaker(
                true,
                Duration.ofMinutes(10),
                new SchedulerSettings.Limit(hosts, 0, hosts),
                new SchedulerSettings.Limit(guests, 0, guests),
                new SchedulerSettings.Limit(moves, 0, moves)));
  }

  private static Story fleet(SchedulerSettings settings, int vms) {
    Story story = new Story(10, settings, new InMemoryJournal()).start();
    for (int i = 0; i < vms; i++) {
      story.with(i);
    }
    return story;
  }

  @Test
  void breakerHoldsHostsBeyondItsLimitAndLetsThemGoWhenTheWindowMovesOn() {
    Story story = fleet(limits(2, 5, 5), 10);
    List<HostId> dead =
        story.world.vms.values().stream().map(vm -> vm.host).distinct().limit(4).toList();
    dead.forEach(story.world::kill);
    dead.forEach(story::suspect);
    story.run(Duration.ofMinutes(2));

    assertThat(fenced(story)).hasSize(2);
    assertThat(story.alertCodes()).contains("breaker-open");
    assertThat(story.view().breakers().getFirst().open()).isTrue();
    assertThat(story.view().breakers().getFirst().held()).isEqualTo(2);
    assertThat(story.view().breakers().getFirst().admitted()).hasSize(2);

    story.run(Duration.ofMinutes(12));
    assertThat(fenced(story)).hasSize(4);
    story.run(Duration.ofMinutes(10));
    story.world.vms.values().forEach(vm -> assertThat(vm.serving()).isEqualTo(1));
  }

  @Test
  void looksAgainAtAHostThatWasHeldForLong() {
    Story story = fleet(limits(1, 5, 5), 6);
    List<HostId> two =
        story.world.vms.values().stream().map(vm -> vm.host).distinct().limit(2).toList();
    two.forEach(host -> story.world.host(host).isolated = true);
    two.forEach(story::suspect);
    story.run(Duration.ofMinutes(5));
    assertThat(fenced(story)).hasSize(1);
    HostId spared = two.get(0).equals(fenced(story).getFirst()) ? two.get(1) : two.get(0);

    story.world.host(spared).isolated = false;
    story.run(Duration.ofMinutes(20));

    assertThat(fenced(story)).as("the one that came back is spared").doesNotContain(spared);
  }

  private static List<HostId> fenced(Story story) {
    return story.commands(Command.FenceHost.class).stream()
        .map(Command.FenceHost::host)
        .distinct()
        .toList();
  }

  @Test
  void rescuesByPriorityThenByValue() {
    SchedulerSettings one = SchedulerSettings.defaults();
    SchedulerSettings.Steps steps = one.steps();
    SchedulerSettings narrow =
        new SchedulerSettings(
            one.loop(),
            one.detector(),
            one.confirm(),
            one.fencing(),
            new SchedulerSettings.Steps(
                steps.sync(),
                steps.activate(),
                steps.other(),
                steps.retries(),
                steps.backoff(),
                steps.backoffMax(),
                1),
            one.breaker(),
            one.risk(),
            one.watch(),
            one.shadows());
    Story story = new Story(2, narrow, new InMemoryJournal()).start();
    for (int i = 0; i < 6; i++) {
      story.with(vm(i, policy(ShadowMode.WARM, 1, i % 3)));
    }
    HostId dead = story.hostOf(0);
    List<VmId> there = story.placer().fleet().primariesOn(dead);
    List<VmId> order = new ArrayList<>();
    story.world.script =
        command -> {
          if (command instanceof Command.Activate activate) {
            order.add(activate.vm());
          }
          return Optional.empty();
        };
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMinutes(5));

    List<VmId> expected =
        there.stream()
            .sorted((a, b) -> {
              int pa = story.world.vm(a).vm.policy().policy().priority();
              int pb = story.world.vm(b).vm.policy().policy().priority();
              return pa != pb ? Integer.compare(pb, pa) : a.compareTo(b);
            })
            .toList();
    assertThat(order).isEqualTo(expected).hasSizeGreaterThan(1);
  }

  @Test
  void holdsGuestsAndMovesByTheirOwnLimits() {
    Story story = fleet(limits(5, 1, 2), 10);
    for (int i = 0; i < 3; i++) {
      story.world.vm(v(i)).instances.put(story.hostOf(i), FakeWorld.Run.STOPPED);
      story.tell(new Event.GuestFailed(story.world.now, v(i), "panic"));
    }
    story.run(Duration.ofMinutes(1));
    assertThat(story.view().ledger()).hasSize(1);
    assertThat(story.view().breakers().get(1).held()).isEqualTo(2);

    for (int i = 0; i < 10; i++) {
      story.world.condition(h(i), HostCondition.MAINTENANCE);
      story.world.condition(h(i), HostCondition.UP);
    }
    story.run(Duration.ofMinutes(1));
    assertThat(story.view().ledger()).as("two moves had begun when all was well again").hasSize(3);
    assertThat(story.view().counts().calledOff()).as("before their turn").isPositive();
    story.run(Duration.ofMinutes(25));
    assertThat(story.view().ledger()).hasSize(5);
  }

  @Test
  void movesAreHeldWhileTheLimitOnHostsIsReached() {
    Story story = fleet(limits(1, 5, 5), 8);
    HostId dead = story.hostOf(0);
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMinutes(1));
    int before = story.view().ledger().size();
    HostId other =
        story.world.vms.values().stream()
            .map(vm -> vm.host)
            .filter(host -> !host.equals(dead))
            .findFirst()
            .orElseThrow();
    story.world.condition(other, HostCondition.MAINTENANCE);
    story.run(Duration.ofMinutes(5));
    assertThat(story.view().ledger()).hasSize(before);
    story.run(Duration.ofMinutes(30));
    assertThat(story.placer().fleet().primariesOn(other)).isEmpty();
  }

  @Test
  void aHostThatDiesWhileItsGuestsWaitIsRescuedAsAHost() {
    Story story = fleet(limits(5, 0, 0), 4);
    HostId host = story.hostOf(0);
    story.world.condition(host, HostCondition.MAINTENANCE);
    story.run(Duration.ofMinutes(1));
    assertThat(story.view().sagas()).isNotEmpty();
    story.world.kill(host);
    story.suspect(host).run(Duration.ofMinutes(2));
    story.world.vms.values().forEach(vm -> assertThat(vm.serving()).isEqualTo(1));
    assertThat(story.placer().fleet().primariesOn(host)).isEmpty();
  }

  @Test
  void aHostThatTheCloudCallsDownIsLookedAtFirst() {
    Story story = fleet(SchedulerSettings.defaults(), 3);
    HostId host = story.hostOf(0);
    story.world.condition(host, HostCondition.DOWN);
    story.run(Duration.ofMinutes(1));
    assertThat(story.commands(Command.FenceHost.class)).isEmpty();
    assertThat(story.view().incidents()).isEmpty();
  }

  @Test
  void aHostThatTheCloudCallsUpIsBelievedAndLookedAt() {
    Story story = fleet(SchedulerSettings.defaults(), 3);
    HostId host = story.hostOf(0);
    story.world.kill(host);
    story.suspect(host).run(Duration.ofMinutes(2));
    // Nobody's heartbeat is heard, the cloud says it is up: others are asked.
    story.world.repair(host);
    story.run(Duration.ofMinutes(1));
    assertThat(story.view().incidents()).isEmpty();
    // Said of one that is dead, it does not last.
    HostId other = story.hostOf(1);
    story.world.kill(other);
    story.suspect(other).run(Duration.ofSeconds(1));
    story.world.condition(other, HostCondition.UP);
    story.run(Duration.ofMinutes(5));
    assertThat(story.view().incidents()).hasSize(1);
    story.world.vms.values().forEach(vm -> assertThat(vm.serving()).isEqualTo(1));
  }

  @Test
  void everyStateOfAnIncidentEndsWhenHeartbeatsAreBack() {
    Story story = fleet(limits(0, 5, 5), 2);
    HostId host = story.hostOf(0);
    story.suspect(host);
    story.trust(host);
    assertThat(story.view().incidents()).as("while it is confirmed").isEmpty();
    story.suspect(host).run(Duration.ofSeconds(1));
    story.trust(host);
    assertThat(story.view().incidents()).as("while others reach it").isEmpty();
    story.world.script =
        command ->
            command instanceof Command.ProbeHost
                ? Optional.of(new Outcome.Unknown("nobody there"))
                : Optional.empty();
    story.suspect(host).run(Duration.ofSeconds(1));
    story.suspect(host);
    story.trust(host);
    assertThat(story.view().incidents()).as("while nobody can say").isEmpty();
    story.world.script = command -> Optional.empty();
    story.world.host(host).isolated = true;
    story.suspect(host).run(Duration.ofSeconds(1));
    story.suspect(host);
    assertThat(story.view().incidents().getFirst().state()).isEqualTo("HELD");
    story.trust(host);
    assertThat(story.view().incidents()).as("while it is held").isEmpty();
  }

  @Test
  void aHostThatIsRemovedIsForgottenWhenNothingIsLeftOnIt() {
    Story story = fleet(SchedulerSettings.defaults(), 4);
    HostId host = story.hostOf(0);
    story.world.kill(host);
    story.world.emit(new Event.HostRemoved(story.world.now, host));
    story.world.host(host).condition = HostCondition.DOWN;
    story.run(Duration.ofMinutes(40));
    assertThat(story.placer().fleet().primariesOn(host)).isEmpty();
    story.world.vms.values().forEach(vm -> assertThat(vm.serving()).isEqualTo(1));
  }

  @Test
  void aHostThatWasMissingFromOneListIsUsedAgainWhenTheNextOneHasIt() {
    Story story = fleet(SchedulerSettings.defaults(), 4);
    HostId host = story.hostOf(0);
    int before = story.placer().fleet().primariesOn(host).size();
    story.world.emit(new Event.HostRemoved(story.world.now, host));
    story.run(Duration.ofSeconds(1));
    assertThat(story.placer().fleet().host(host).orElseThrow().condition())
        .isNotEqualTo(HostCondition.UP);

    story.world.emit(new Event.HostDiscovered(story.world.now, story.world.host(host).host));
    story.run(Duration.ofMinutes(5));

    assertThat(story.placer().fleet().host(host).orElseThrow().condition())
        .isEqualTo(HostCondition.UP);
    assertThat(story.placer().fleet().primariesOn(host)).hasSize(before);
  }
}
