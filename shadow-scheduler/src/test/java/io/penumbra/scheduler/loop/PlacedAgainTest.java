package io.penumbra.scheduler.loop;

import static io.penumbra.scheduler.loop.Story.h;
import static io.penumbra.scheduler.loop.Story.policy;
import static io.penumbra.scheduler.loop.Story.v;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.placement.GroupRule;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.PlacementDecision;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PlacedAgainTest {

  private static final Resources LARGE = new Resources(2, 40_960, 20);

  private static void addHostWithDisk(Story story, int i) {
    Host plain = Story.newHost(i);
    HardwareProfile was = plain.hardware();
    Host host =
        new Host(
            plain.id(),
            plain.location(),
            new HardwareProfile("acme", was.cpuGeneration(), "fw1", "kvm1", List.of("fast-disk")),
            plain.capacity(),
            plain.commissioned());
    story.world.hosts.put(host.id(), new FakeWorld.FakeHost(host));
  }

  private static PlacementRequest request(Story story, Vm vm) {
    return new PlacementRequest(
        RequestId.of("r1"),
        story.world.now,
        vm,
        Optional.empty(),
        List.of(),
        List.of(),
        Optional.empty(),
        Optional.of("z1"),
        List.of("fast-disk"),
        List.of(),
        List.of(new GroupRule(GroupId.of("web"), GroupRule.Kind.ANTI_AFFINITY, DomainKind.HOST)),
        1);
  }

  /** Where a shadow of the first VM is, on hosts that are alive. */
  private static List<HostId> standing(Story story) {
    return story.world.vm(v(1)).shadows.keySet().stream()
        .filter(host -> story.world.host(host).alive())
        .toList();
  }

  private static void loseShadowHost(Story story) {
    HostId lost = standing(story).getFirst();
    story.world.kill(lost);
    story.suspect(lost).run(Duration.ofMinutes(5));
  }

  @Test
  void aShadowIsPlacedAgainWithWhatTheFirstPlacementWasAskedFor() {
    Story story = new Story(4);
    for (int i = 4; i < 7; i++) {
      addHostWithDisk(story, i);
    }
    story.start();
    Vm vm = Story.vm(1, policy(ShadowMode.WARM, 1, 0));
    PlacementDecision decision = story.loop().place(request(story, vm));
    PlacementDecision.Placed placed = (PlacementDecision.Placed) decision.answer();
    story.world.boot(vm, placed.primary().host());
    story.run(Duration.ofSeconds(5));

    story.start();
    loseShadowHost(story);
    assertThat(standing(story)).as("the third of its kind").hasSize(1).isSubsetOf(h(4), h(5), h(6));

    loseShadowHost(story);
    assertThat(story.alertCodes()).contains("short-of-shadows");
    assertThat(standing(story)).as("others have room, but are not of its kind").isEmpty();
  }

  @Test
  void whatAPromotionHasUsedUpIsMadeGoodElsewhere() {
    Story story = new Story(3).start();
    for (int i = 1; i <= 2; i++) {
      Vm small = Story.vm(i, policy(ShadowMode.WARM, 1, 0));
      story.with(
          new Vm(
              small.id(),
              small.project(),
              small.flavor(),
              LARGE,
              small.tags(),
              small.groups(),
              small.policy()));
    }
    HostId shared = story.shadowOf(1);
    assertThat(story.shadowOf(2)).as("they share what is held for them").isEqualTo(shared);
    story.addHost(3);
    story.world.emit(new Event.HostDiscovered(story.world.now, Story.newHost(3)));
    story.run(Duration.ofSeconds(1));
    story.world.afterEachChange =
        () -> assertThat(story.world.vm(v(2)).complete()).isGreaterThanOrEqualTo(1);

    HostId dead = story.hostOf(1);
    story.world.kill(dead);
    story.suspect(dead).run(Duration.ofMinutes(15));

    assertThat(story.hostOf(1)).isEqualTo(shared);
    assertThat(story.alertCodes()).contains("reserve-short");
    assertThat(story.shadowOf(2)).isEqualTo(h(3));
    assertThat(story.world.vm(v(2)).complete()).isEqualTo(1);
    assertThat(story.placer().fleet().hosts())
        .allSatisfy(host -> assertThat(host.reserveShortfall()).isEqualTo(Resources.NONE));
  }
}
