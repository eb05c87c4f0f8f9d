package io.penumbra.placement;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.GroupId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.placement.GroupRule;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.placement.PlacementDecision.RefusalCount;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.fleet.SmallFleet;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Counting costs a look at every host, so what is asked twice is counted once. */
class RefusalsTest {

  private static final Diversity ANY = new Diversity(List.of(), List.of());

  private final SmallFleet small = new SmallFleet().host("a").host("b").host("c");
  private final Counting filter = new Counting();
  private final Refusals refusals = new Refusals(List.of(filter), small.fleet());

  @Test
  void equalsAreCountedOnceWhateverTheirNames() {
    List<RefusalCount> first = refusals.count(ask("vm-1", 90_000, List.of()));
    List<RefusalCount> second = refusals.count(ask("vm-2", 90_000, List.of()));

    assertThat(first).containsExactly(new RefusalCount("small", 3, "90000 MiB", "65536 MiB"));
    assertThat(second).isEqualTo(first);
    assertThat(filter.looks).isEqualTo(3);
  }

  @Test
  void whatIsAskedDifferentlyIsCountedApart() {
    refusals.count(ask("vm-1", 90_000, List.of()));
    refusals.count(ask("vm-1", 90_001, List.of()));

    assertThat(filter.looks).isEqualTo(6);
  }

  @Test
  void aFleetThatHasMovedIsCountedAgain() {
    refusals.count(ask("vm-1", 90_000, List.of()));
    small.condition("b", HostCondition.DOWN);
    refusals.count(ask("vm-1", 90_000, List.of()));

    assertThat(filter.looks).isEqualTo(6);
  }

  @Test
  void whoIsInAGroupIsNobodysEqual() {
    List<GroupRule> rules =
        List.of(new GroupRule(GroupId.of("g"), GroupRule.Kind.ANTI_AFFINITY, DomainKind.HOST));
    refusals.count(ask("vm-1", 90_000, rules));
    refusals.count(ask("vm-2", 90_000, rules));

    assertThat(filter.looks).isEqualTo(6);
  }

  @Test
  void onlySoManyAreKept() {
    for (int i = 0; i <= Refusals.KEPT_MAX; i++) {
      refusals.count(ask("vm", 90_000 + i, List.of()));
    }
    int before = filter.looks;
    refusals.count(ask("vm", 90_001, List.of()));
    assertThat(filter.looks).as("still kept").isEqualTo(before);

    refusals.count(ask("vm", 90_000, List.of()));
    assertThat(filter.looks).as("the oldest went").isEqualTo(before + 3);
  }

  private Ask ask(String vm, long memoryMib, List<GroupRule> rules) {
    PlacementRequest plain =
        SmallFleet.request(SmallFleet.vm(vm, new Resources(1, memoryMib, 1), ANY));
    PlacementRequest request =
        new PlacementRequest(
            plain.id(),
            plain.at(),
            plain.vm(),
            Optional.empty(),
            List.of(),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            List.of(),
            rules,
            vm.hashCode());
    return Ask.forPrimary(request, small.fleet());
  }

  /** Refuses everybody and counts how often it was asked. */
  private static final class Counting implements HostFilter {
    private int looks;

    @Override
    public String name() {
      return "small";
    }

    @Override
    public boolean passes(HostView host, Ask ask) {
      looks++;
      return false;
    }

    @Override
    public String asked(Ask ask) {
      return ask.needed().memoryMib() + " MiB";
    }

    @Override
    public String available(HostView host, Ask ask) {
      return host.freeMemoryMib() + " MiB";
    }
  }
}
