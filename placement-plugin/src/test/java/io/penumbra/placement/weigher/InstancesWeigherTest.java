package io.penumbra.placement.weigher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Role;
import org.junit.jupiter.api.Test;

class InstancesWeigherTest {

  @Test
  void countsPrimariesAndShadowsAndPrefersFewer() {
    SmallFleet fleet =
        new SmallFleet()
            .host("a")
            .host("b")
            .run("v", "a", SmallFleet.SMALL)
            .run("w", "b", SmallFleet.SMALL)
            .shadow("w", "a");
    InstancesWeigher weigher = new InstancesWeigher();

    assertThat(weigher.raw(fleet.view("a"))).isCloseTo(2, within(1e-12));
    assertThat(weigher.normalise(0)).isCloseTo(0, within(1e-12));
    assertThat(weigher.normalise(16)).isCloseTo(0.5, within(1e-12));
    assertThat(weigher.defaultMultiplier(Role.PRIMARY)).isCloseTo(-0.25, within(1e-12));
  }
}
