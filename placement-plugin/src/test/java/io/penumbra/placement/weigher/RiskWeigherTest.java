package io.penumbra.placement.weigher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Role;
import org.junit.jupiter.api.Test;

class RiskWeigherTest {

  @Test
  void scoresRiskByItsOrderOfMagnitudeAndAvoidsIt() {
    SmallFleet fleet = new SmallFleet().host("a").host("b").risk("a", 0.1);
    RiskWeigher weigher = new RiskWeigher();

    assertThat(weigher.raw(fleet.view("a"))).isCloseTo(0.1, within(1e-12));
    assertThat(weigher.raw(fleet.view("b"))).isCloseTo(RiskWeigher.UNKNOWN, within(1e-12));
    assertThat(weigher.normalise(1)).isCloseTo(1, within(1e-12));
    assertThat(weigher.normalise(0.1)).isCloseTo(0.75, within(1e-12));
    assertThat(weigher.normalise(0)).isCloseTo(0, within(1e-12));
    assertThat(weigher.defaultMultiplier(Role.PRIMARY)).isCloseTo(-1, within(1e-12));
  }
}
