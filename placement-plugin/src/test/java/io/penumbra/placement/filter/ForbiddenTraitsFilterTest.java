package io.penumbra.placement.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Verdict;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ForbiddenTraitsFilterTest {

  @Test
  void refusesByTraitAndNamesTheOnesThatMatter() {
    SmallFleet fleet =
        new SmallFleet()
            .host("a", SmallFleet.profile("a", "GPU"))
            .host("b", SmallFleet.profile("b"));
    Ask ask =
        fleet.forPrimary(
            SmallFleet.request(
                List.of(), Optional.empty(), List.of(), List.of("GPU", "SSD"), List.of()));

    assertThat(new ForbiddenTraitsFilter().check(fleet.view("a"), ask))
        .isEqualTo(new Verdict.Refusal("without GPU, SSD", "has GPU", 0));
    assertThat(new ForbiddenTraitsFilter().check(fleet.view("b"), ask)).isEqualTo(Verdict.PASS);
  }
}
