package io.penumbra.placement.weigher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.domain.Resources;
import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Role;
import org.junit.jupiter.api.Test;

class FreeCpuWeigherTest {

  @Test
  void scoresTheFreeShareAndPrefersMoreOfIt() {
    SmallFleet fleet = new SmallFleet().host("a").run("v", "a", new Resources(4, 1, 1));
    FreeCpuWeigher weigher = new FreeCpuWeigher();

    assertThat(weigher.raw(fleet.view("a"))).isCloseTo(0.75, within(1e-12));
    assertThat(weigher.normalise(0.75)).isCloseTo(0.75, within(1e-12));
    assertThat(weigher.defaultMultiplier(Role.PRIMARY)).isCloseTo(1, within(1e-12));
  }
}
