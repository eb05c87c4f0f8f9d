package io.penumbra.placement.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.policy.Diversity;
import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Verdict;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ZoneFilterTest {

  private final SmallFleet fleet = new SmallFleet().host("a").host("b");

  @Test
  void keepsThePrimaryInTheZoneThatIsAskedFor() {
    Ask ask =
        fleet.forPrimary(
            SmallFleet.request(List.of(), Optional.of("zone-a"), List.of(), List.of(), List.of()));

    assertThat(new ZoneFilter().check(fleet.view("a"), ask)).isEqualTo(Verdict.PASS);
    assertThat(new ZoneFilter().check(fleet.view("b"), ask))
        .isEqualTo(new Verdict.Refusal("zone-a", "zone-b", 0));
  }

  @Test
  void letsShadowsStandAnywhere() {
    Ask ask = fleet.forShadow("a", SmallFleet.SMALL, Diversity.HOST_ONLY);

    assertThat(new ZoneFilter().passes(fleet.view("b"), ask)).isTrue();
  }
}
