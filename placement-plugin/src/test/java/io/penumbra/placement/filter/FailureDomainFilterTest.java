package io.penumbra.placement.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.Location;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Verdict;
import java.util.List;
import org.junit.jupiter.api.Test;

class FailureDomainFilterTest {

  private final SmallFleet fleet =
      new SmallFleet()
          .host("a", new Location("z", "f1", "r1", "c1"))
          .host("b", new Location("z", "f1", "r2", "c2"))
          .host("c", new Location("z", "f2", "r3", "c3"));

  private final Ask ask =
      fleet.forShadow(
          "a", SmallFleet.SMALL, new Diversity(List.of(DomainKind.POWER_FEED), List.of()));

  @Test
  void refusesAHostInADomainThatMustDiffer() {
    assertThat(new FailureDomainFilter().check(fleet.view("b"), ask))
        .isEqualTo(
            new Verdict.Refusal("another host, another power feed", "power feed f1, as a", 0));
    assertThat(new FailureDomainFilter().check(fleet.view("c"), ask)).isEqualTo(Verdict.PASS);
  }

  @Test
  void refusesAHostThatAlreadyHoldsAnInstance() {
    assertThat(new FailureDomainFilter().passes(fleet.view("a"), ask)).isFalse();
    assertThat(new FailureDomainFilter().passes(fleet.view("c"), ask.besides(fleet.view("c"))))
        .isFalse();
  }
}
