package io.penumbra.placement.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.GroupId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.Location;
import io.penumbra.domain.placement.GroupRule;
import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Verdict;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AffinityFilterTest {

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
  void keepsMembersInOneDomainOfTheScope() {
    Ask ask = ask(GroupRule.Kind.AFFINITY, DomainKind.RACK);

    assertThat(new AffinityFilter().passes(fleet.view("b"), ask)).isTrue();
    assertThat(new AffinityFilter().check(fleet.view("c"), ask))
        .isEqualTo(
            new Verdict.Refusal(
                "with a member of web in the same RACK", "no member of web in the same RACK", 0));
  }

  @Test
  void letsTheFirstMemberGoAnywhere() {
    fleet.fleet().apply(new FleetChange.PrimaryReleased(VmId.of("vm-1")));

    assertThat(
            new AffinityFilter()
                .passes(fleet.view("c"), ask(GroupRule.Kind.AFFINITY, DomainKind.RACK)))
        .isTrue();
  }
}
