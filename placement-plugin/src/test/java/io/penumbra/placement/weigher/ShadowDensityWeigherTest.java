package io.penumbra.placement.weigher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Role;
import org.junit.jupiter.api.Test;

class ShadowDensityWeigherTest {

  @Test
  void countsShadowsAndPrefersFewerForShadows() {
    SmallFleet fleet =
        new SmallFleet().host("a").host("b").run("v", "a", SmallFleet.SMALL).shadow("v", "b");
    ShadowDensityWeigher weigher = new ShadowDensityWeigher();

    assertThat(weigher.raw(fleet.view("a"))).isCloseTo(0, within(1e-12));
    assertThat(weigher.raw(fleet.view("b"))).isCloseTo(1, within(1e-12));
    assertThat(weigher.normalise(8)).isCloseTo(0.5, within(1e-12));
    assertThat(weigher.defaultMultiplier(Role.PRIMARY)).isCloseTo(0, within(1e-12));
    assertThat(weigher.defaultMultiplier(Role.SHADOW)).isCloseTo(-0.25, within(1e-12));
  }
}
