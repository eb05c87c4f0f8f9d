package io.penumbra.placement.filter;

import io.penumbra.domain.placement.GroupRule;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Ask.GroupNeighbours;
import io.penumbra.placement.spi.HostFilter;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Refuses hosts outside the failure domains where the other members of an affinity group are.
 * Groups bind primaries only; the first member may go anywhere.
 */
public final class AffinityFilter implements HostFilter {

  @Override
  public String name() {
    return "affinity";
  }

  @Override
  public boolean passes(HostView host, Ask ask) {
    for (int i = 0; i < ask.groups().size(); i++) {
      if (breaks(host, ask.groups().get(i))) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String asked(Ask ask) {
    return describe(
        ask, "with a member of ", group -> group.rule().kind() == GroupRule.Kind.AFFINITY);
  }

  @Override
  public String available(HostView host, Ask ask) {
    return describe(ask, "no member of ", group -> breaks(host, group));
  }

  private static boolean breaks(HostView host, GroupNeighbours group) {
    return group.rule().kind() == GroupRule.Kind.AFFINITY
        && group.domains().size() > 0
        && !group.domains().holds(host);
  }

  private static String describe(Ask ask, String relation, Predicate<GroupNeighbours> which) {
    return ask.groups().stream()
        .filter(which)
        .map(group -> relation + group.rule().group() + " in the same " + group.rule().scope())
        .collect(Collectors.joining(", "));
  }
}
