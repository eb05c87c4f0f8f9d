package io.penumbra.placement.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Verdict;
import org.junit.jupiter.api.Test;

class HostStateFilterTest {

  @Test
  void refusesEveryHostThatIsNotInService() {
    SmallFleet fleet = new SmallFleet().host("a");
    for (HostCondition condition : HostCondition.values()) {
      fleet.condition("a", condition);

      assertThat(new HostStateFilter().check(fleet.view("a"), fleet.forPrimary(SmallFleet.SMALL)))
          .isEqualTo(
              condition == HostCondition.UP
                  ? Verdict.PASS
                  : new Verdict.Refusal("UP", condition.name(), 0));
    }
  }
}
