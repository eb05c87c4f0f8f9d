package io.penumbra.placement.weigher;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.GroupId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.Location;
import io.penumbra.domain.placement.GroupRule;
import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Role;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SoftAffinityWeigherTest {

  private final SmallFleet fleet =
      new SmallFleet()
          .host("a", new Location("z", "f", "r1", "c1"))
          .host("b", new Location("z", "f", "r1", "c2"))
          .host("c", new Location("z", "f", "r2", "c3"))
          .run("vm-1", "a", SmallFleet.SMALL, "web");

  private Ask ask(GroupRule.Kind kind, DomainKind scope) {
    return fleet.forPrimary(
        SmallFleet.request(
            List.of(),
            Optional.empty(),
            List.of(),
            List.of(),
            List.of(new GroupRule(GroupId.of("web"), kind, scope))));
  }

  @Test
  void scoresTheShareOfSoftRulesFulfilledAndPrefersMore() {
    SoftAffinityWeigher weigher = new SoftAffinityWeigher();
    Ask near = ask(GroupRule.Kind.SOFT_AFFINITY, DomainKind.RACK);
    Ask apart = ask(GroupRule.Kind.SOFT_ANTI_AFFINITY, DomainKind.HOST);

    assertThat(weigher.raw(fleet.view("b"), near)).isEqualTo(1);
    assertThat(weigher.raw(fleet.view("c"), near)).isZero();
    assertThat(weigher.raw(fleet.view("a"), apart)).isZero();
    assertThat(weigher.raw(fleet.view("b"), apart)).isEqualTo(1);
    assertThat(weigher.defaultMultiplier(Role.PRIMARY)).isPositive();
  }

  @Test
  void doesNotConcernHardRules() {
    assertThat(new SoftAffinityWeigher().concerns(ask(GroupRule.Kind.AFFINITY, DomainKind.RACK)))
        .isFalse();
  }
}
