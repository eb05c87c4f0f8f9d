package io.penumbra.placement.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.GroupId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.Location;
import io.penumbra.domain.placement.GroupRule;
import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Verdict;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AntiAffinityFilterTest {

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
  void keepsMembersOutOfEachOthersDomains() {
    Ask ask = ask(GroupRule.Kind.ANTI_AFFINITY, DomainKind.RACK);

    assertThat(new AntiAffinityFilter().check(fleet.view("b"), ask))
        .isEqualTo(
            new Verdict.Refusal(
                "apart from web in the same RACK", "a member of web in the same RACK", 0));
    assertThat(new AntiAffinityFilter().passes(fleet.view("c"), ask)).isTrue();
  }

  @Test
  void leavesSoftRulesToTheWeigher() {
    assertThat(
            new AntiAffinityFilter()
                .passes(fleet.view("a"), ask(GroupRule.Kind.SOFT_ANTI_AFFINITY, DomainKind.RACK)))
        .isTrue();
  }
}
