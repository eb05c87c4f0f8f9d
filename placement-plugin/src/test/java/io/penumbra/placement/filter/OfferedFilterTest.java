package io.penumbra.placement.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.HostId;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Verdict;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OfferedFilterTest {

  private final SmallFleet fleet = new SmallFleet().host("a").host("b").host("c");

  @Test
  void refusesHostsThatWereNotOfferedForThePrimary() {
    PlacementRequest request = request("b");

    assertThat(new OfferedFilter().check(fleet.view("b"), fleet.forPrimary(request)))
        .isEqualTo(Verdict.PASS);
    assertThat(new OfferedFilter().check(fleet.view("a"), fleet.forPrimary(request)))
        .isEqualTo(new Verdict.Refusal("one of the 1 hosts offered", "not offered", 0));
  }

  @Test
  void theShadowOfAVmThatMayStandOnOneHostOnlyStandsOnAnother() {
    Placer placer = new Placer(fleet.fleet(), PlacementSettings.defaults());

    PlacementDecision decision = placer.decide(request("b"));

    assertThat(decision.answer())
        .isInstanceOfSatisfying(
            PlacementDecision.Placed.class,
            placed -> {
              assertThat(placed.primary().host()).isEqualTo(HostId.of("b"));
              assertThat(placed.shadowHosts()).hasSize(1).doesNotContain(HostId.of("b"));
            });
  }

  private static PlacementRequest request(String offered) {
    PlacementRequest plain =
        SmallFleet.request(List.of(), Optional.empty(), List.of(), List.of(), List.of());
    return new PlacementRequest(
        plain.id(),
        plain.at(),
        plain.vm(),
        plain.fixedPrimary(),
        plain.existingShadows(),
        plain.excluded(),
        Optional.of(List.of(HostId.of(offered))),
        plain.zone(),
        plain.requiredTraits(),
        plain.forbiddenTraits(),
        plain.groups(),
        plain.seed());
  }
}
