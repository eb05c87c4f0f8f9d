package io.penumbra.placement.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Verdict;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ExcludedFilterTest {

  @Test
  void refusesHostsTheRequestNames() {
    SmallFleet fleet = new SmallFleet().host("a").host("b");
    Ask ask =
        fleet.forPrimary(
            SmallFleet.request(List.of("b"), Optional.empty(), List.of(), List.of(), List.of()));

    assertThat(new ExcludedFilter().check(fleet.view("a"), ask)).isEqualTo(Verdict.PASS);
    assertThat(new ExcludedFilter().check(fleet.view("b"), ask))
        .isEqualTo(new Verdict.Refusal("none of [b]", "named in the request", 0));
  }
}
