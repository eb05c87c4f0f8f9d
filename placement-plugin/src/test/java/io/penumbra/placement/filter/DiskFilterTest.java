package io.penumbra.placement.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.Resources;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Verdict;
import org.junit.jupiter.api.Test;

class DiskFilterTest {

  private final SmallFleet fleet =
      new SmallFleet().host("a").host("b").host("c").run("vm-1", "a", new Resources(1, 1024, 900));

  @Test
  void refusesAHostWithTooLittleFreeAndSaysHowMuch() {
    Ask ask = fleet.forPrimary(new Resources(1, 1024, 101));

    assertThat(new DiskFilter().check(fleet.view("a"), ask))
        .isEqualTo(new Verdict.Refusal("101 GiB", "100 GiB", 100));
    assertThat(new DiskFilter().check(fleet.view("b"), ask)).isEqualTo(Verdict.PASS);
  }

  @Test
  void aShadowSharesReserveOnlyWithShadowsOfOtherDomains() {
    fleet.shadow("vm-1", "b");

    Ask another = fleet.forShadow("c", new Resources(1, 1024, 900), Diversity.HOST_ONLY);
    Ask same = fleet.forShadow("a", new Resources(1, 1024, 900), Diversity.HOST_ONLY);

    assertThat(new DiskFilter().passes(fleet.view("b"), another)).isTrue();
    assertThat(new DiskFilter().passes(fleet.view("b"), same)).isFalse();
    assertThat(new DiskFilter().check(fleet.view("b"), same))
        .isEqualTo(new Verdict.Refusal("900 GiB", "100 GiB", 100));
  }
}
