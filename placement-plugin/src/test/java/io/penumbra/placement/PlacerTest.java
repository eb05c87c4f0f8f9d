package io.penumbra.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.fleet.Location;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.placement.ClaimResult.Claimed;
import io.penumbra.placement.ClaimResult.Stale;
import io.penumbra.placement.DecisionTable.Row;
import io.penumbra.placement.PlacementDecision.Placed;
import io.penumbra.placement.PlacementDecision.RefusalCount;
import io.penumbra.placement.PlacementDecision.Refused;
import io.penumbra.placement.fleet.RandomFleet;
import io.penumbra.placement.fleet.SmallFleet;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PlacerTest {

  private static final Diversity OTHER_RACK = new Diversity(List.of(DomainKind.RACK), List.of());

  private final SmallFleet small =
      new SmallFleet()
          .host("a", new Location("z", "f", "r0", "c1"))
          .host("b", new Location("z", "f", "r0", "c2"))
          .host("c", new Location("z", "f", "r1", "c3"));
  private final Placer placer = new Placer(small.fleet(), PlacementSettings.defaults());

  @Test
  void refusesWithTheNumbersOfEveryFilter() {
    small.condition("c", HostCondition.MAINTENANCE).run("v", "a", new Resources(4, 16384, 0));

    PlacementDecision decision = placer.decide(request(new Resources(17, 90000, 10)));

    assertThat(decision.answer())
        .isEqualTo(
            new Refused(
                List.of(
                    new RefusalCount("cpu", 3, "17 vCPU", "16 vCPU"),
                    new RefusalCount("memory", 3, "90000 MiB", "65536 MiB"),
                    new RefusalCount("host-state", 1, "UP", "MAINTENANCE"))));
  }

  @Test
  void saysWhyThereIsNoShadow() {
    small.condition("c", HostCondition.DOWN);

    Placed placed = placed(placer.decide(request(SmallFleet.SMALL)));

    assertThat(placed.shadows()).isEmpty();
    assertThat(placed.shortOfShadows().orElseThrow())
        .startsWith("0 of 1 shadows: no host is left; refused ")
        .contains("2 failure-domain (asked another host, another rack, best ")
        .contains("1 host-state (asked UP, best DOWN)");
  }

  @Test
  void prefersAPairWithAShadowOverABetterPrimaryWithout() {
    // Beside x stands y; a, which has the most room, shares a feed with x and a rack with y.
    SmallFleet trio =
        new SmallFleet()
            .host("a", new Location("z", "f0", "r0", "c1"))
            .host("x", new Location("z", "f0", "r1", "c2"))
            .host("y", new Location("z", "f1", "r0", "c3"))
            .run("v", "x", SmallFleet.SMALL)
            .run("w", "y", SmallFleet.SMALL);
    Diversity both = new Diversity(List.of(DomainKind.RACK, DomainKind.POWER_FEED), List.of());

    Placed placed =
        placed(
            new Placer(trio.fleet(), PlacementSettings.defaults())
                .decide(SmallFleet.request(SmallFleet.vm("new", SmallFleet.SMALL, both))));

    assertThat(List.of(placed.primary().host(), placed.shadowHosts().getFirst()))
        .containsExactlyInAnyOrder(HostId.of("x"), HostId.of("y"));
  }

  @Test
  void claimsWhatWasDecidedOnceThePairStillFits() {
    PlacementRequest request = request(SmallFleet.SMALL);
    PlacementDecision decision = placer.decide(request);
    small.run("other", "b", SmallFleet.SMALL);

    assertThat(placer.claim(request, decision)).isInstanceOf(Claimed.class);
    Claimed claimed = (Claimed) placer.claim(request, decision);
    claimed.changes().forEach(small.fleet()::apply);

    assertThat(small.fleet().isClaim(request.vm().id())).isTrue();
    assertThat(small.fleet().shadowsOf(request.vm().id())).hasSize(1);
    assertThat(placer.claim(request, decision)).isInstanceOf(Stale.class);
  }

  @Test
  void aClaimIsStaleWhenTheChosenHostFilledUp() {
    PlacementRequest request = request(SmallFleet.SMALL);
    PlacementDecision decision = placer.decide(request);
    HostId primary = placed(decision).primary().host();
    small.run("other", primary.value(), new Resources(16, 65536, 1000));

    assertThat(placer.claim(request, decision))
        .isEqualTo(
            new Stale(
                decision.generation(),
                decision.generation() + 1,
                "host %s is refused by 'cpu': asked 2 vCPU, available 0 vCPU".formatted(primary)));
  }

  @Test
  void placesShadowsOfAVmThatAlreadyRuns() {
    small.run("new", "a", SmallFleet.SMALL);
    PlacementRequest request =
        PlacementRequest.shadowsOnly(
            RequestId.of("r"),
            RandomFleet.NOW,
            SmallFleet.vm("new", SmallFleet.SMALL, OTHER_RACK),
            HostId.of("a"),
            List.of(),
            1);

    PlacementDecision decision = placer.decide(request);

    assertThat(placed(decision).shadowHosts()).containsExactly(HostId.of("c"));
    Claimed claimed = (Claimed) placer.claim(request, decision);
    assertThat(claimed.changes()).hasSize(1).first().isInstanceOf(FleetChange.ShadowPlaced.class);
  }

  @Test
  void explainsEveryHostWithEveryFilterAndWeigher() {
    DecisionTable table = placer.explain(request(SmallFleet.SMALL));
    Placed placed = placed(table.decision());

    assertThat(table.primaries()).hasSize(3);
    assertThat(table.shadows()).hasSize(3);
    Row winner =
        table.primaries().stream()
            .filter(row -> row.host().equals(placed.primary().host()))
            .findFirst()
            .orElseThrow();
    Row shadow =
        table.shadows().stream()
            .filter(row -> row.host().equals(placed.shadowHosts().getFirst()))
            .findFirst()
            .orElseThrow();
    assertThat(winner.passed()).isTrue();
    assertThat(winner.verdicts()).extracting("filter").contains("cpu", "memory", "disk", "zone");
    assertThat(winner.scores()).isEqualTo(placed.primary().scores());
    assertThat(shadow.scores()).isEqualTo(placed.shadows().getFirst().scores());
    assertThat(winner.total() + shadow.total()).isEqualTo(placed.score());
    assertThat(winner.scores().stream().mapToDouble(s -> s.contribution()).sum())
        .isEqualTo(winner.total());
  }

  @Test
  void saysThatRiskWasNotTakenIntoAccount() {
    assertThat(placer.decide(request(SmallFleet.SMALL)).riskNote())
        .contains("no host has a risk score");

    small.risk("a", 0.1).risk("b", 0.1);

    assertThat(placer.decide(request(SmallFleet.SMALL)).riskNote()).contains("no risk score for c");
  }

  @Test
  void aMultiplierForAnUnknownWeigherNamesTheKnownOnes() {
    assertThatThrownBy(
            () -> new Placer(small.fleet(), PlacementSettings.defaults().with("free-memroy", 1, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("free-memroy")
        .hasMessageContaining("free-memory, instances, rack-balance, risk");
  }

  @Test
  void aFilterOfOnesOwnIsFoundAndCounts() {
    Vm plain = SmallFleet.vm("new", SmallFleet.SMALL, Diversity.HOST_ONLY);
    TreeMap<String, String> tags = new TreeMap<>();
    tags.put("example:quiet", "yes");
    Vm quiet =
        new Vm(
            plain.id(),
            plain.project(),
            plain.flavor(),
            plain.size(),
            tags,
            List.of(),
            plain.policy());

    Placed placed = placed(placer.decide(SmallFleet.request(quiet)));

    assertThat(List.of(placed.primary().host(), placed.shadowHosts().getFirst()))
        .containsExactlyInAnyOrder(HostId.of("a"), HostId.of("b"));
  }

  @Test
  void aWeigherOfOnesOwnIsFoundAndConfigured() {
    small.host("a-host-with-a-long-name");
    Placer other =
        new Placer(small.fleet(), PlacementSettings.defaults().with("example-name-length", 50, 0));

    assertThat(placed(other.decide(request(SmallFleet.SMALL))).primary().host().value())
        .isEqualTo("a-host-with-a-long-name");
  }

  private static PlacementRequest request(Resources size) {
    return SmallFleet.request(SmallFleet.vm("new", size, OTHER_RACK));
  }

  private static Placed placed(PlacementDecision decision) {
    assertThat(decision.answer()).isInstanceOf(Placed.class);
    return (Placed) decision.answer();
  }
}
