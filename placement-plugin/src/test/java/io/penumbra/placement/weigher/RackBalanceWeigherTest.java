package io.penumbra.placement.weigher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.domain.Resources;
import io.penumbra.domain.fleet.Location;
import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Role;
import org.junit.jupiter.api.Test;

class RackBalanceWeigherTest {

  @Test
  void scoresWhatTheWholeRackHasFreeAndPrefersMoreOfIt() {
    SmallFleet fleet =
        new SmallFleet()
            .host("a", new Location("z", "f", "r", "c1"))
            .host("b", new Location("z", "f", "r", "c2"))
            .run("v", "a", new Resources(1, 65536, 1));
    RackBalanceWeigher weigher = new RackBalanceWeigher();

    assertThat(weigher.raw(fleet.view("a"))).isCloseTo(0.5, within(1e-12));
    assertThat(weigher.raw(fleet.view("b"))).isCloseTo(0.5, within(1e-12));
    assertThat(weigher.normalise(0.5)).isCloseTo(0.5, within(1e-12));
    assertThat(weigher.defaultMultiplier(Role.PRIMARY)).isCloseTo(0.25, within(1e-12));
  }
}
