package io.penumbra.placement.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.Resources;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Verdict;
import org.junit.jupiter.api.Test;

class MemoryFilterTest {

  private final SmallFleet fleet =
      new SmallFleet().host("a").host("b").host("c").run("vm-1", "a", new Resources(1, 49152, 0));

  @Test
  void refusesAHostWithTooLittleFreeAndSaysHowMuch() {
    Ask ask = fleet.forPrimary(new Resources(1, 20480, 0));

    assertThat(new MemoryFilter().check(fleet.view("a"), ask))
        .isEqualTo(new Verdict.Refusal("20480 MiB", "16384 MiB", 16384));
    assertThat(new MemoryFilter().check(fleet.view("b"), ask)).isEqualTo(Verdict.PASS);
  }

  @Test
  void aShadowSharesReserveOnlyWithShadowsOfOtherDomains() {
    fleet.shadow("vm-1", "b");

    Ask another = fleet.forShadow("c", new Resources(1, 49152, 0), Diversity.HOST_ONLY);
    Ask same = fleet.forShadow("a", new Resources(1, 49152, 0), Diversity.HOST_ONLY);

    assertThat(new MemoryFilter().passes(fleet.view("b"), another)).isTrue();
    assertThat(new MemoryFilter().passes(fleet.view("b"), same)).isFalse();
    assertThat(new MemoryFilter().check(fleet.view("b"), same))
        .isEqualTo(new Verdict.Refusal("49152 MiB", "16384 MiB", 16384));
  }
}
