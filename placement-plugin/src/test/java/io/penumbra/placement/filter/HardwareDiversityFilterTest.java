package io.penumbra.placement.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Verdict;
import java.util.List;
import org.junit.jupiter.api.Test;

class HardwareDiversityFilterTest {

  @Test
  void refusesAHostThatSharesAnAspectThatMustDiffer() {
    SmallFleet fleet =
        new SmallFleet()
            .host("a", new HardwareProfile("dell", "milan", "fw-1", "qemu", List.of()))
            .host("b", new HardwareProfile("hpe", "genoa", "fw-1", "qemu", List.of()))
            .host("c", new HardwareProfile("dell", "milan", "fw-2", "qemu", List.of()));
    Ask ask =
        fleet.forShadow(
            "a", SmallFleet.SMALL, new Diversity(List.of(), List.of(HardwareAspect.FIRMWARE)));

    assertThat(new HardwareDiversityFilter().check(fleet.view("b"), ask))
        .isEqualTo(new Verdict.Refusal("another firmware", "firmware fw-1", 0));
    assertThat(new HardwareDiversityFilter().check(fleet.view("c"), ask)).isEqualTo(Verdict.PASS);
  }
}
