package io.penumbra.placement.weigher;

import io.penumbra.domain.placement.GroupRule;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Ask.GroupNeighbours;
import io.penumbra.placement.spi.RequestWeigher;
import io.penumbra.placement.spi.Role;

/**
 * Scores how many of the VM's soft group rules a host fulfils. A positive multiplier, the default,
 * follows the rules; a negative one would break them.
 *
 * <p>Raw: share of the soft rules fulfilled, which is also the scale. A rule whose group has no
 * other member placed is fulfilled everywhere.
 */
public final class SoftAffinityWeigher implements RequestWeigher {

  @Override
  public String name() {
    return "soft-affinity";
  }

  @Override
  public double defaultMultiplier(Role role) {
    return role == Role.PRIMARY ? 0.5 : 0;
  }

  @Override
  public boolean concerns(Ask ask) {
    for (int i = 0; i < ask.groups().size(); i++) {
      if (soft(ask.groups().get(i)) && ask.groups().get(i).domains().size() > 0) {
        return true;
      }
    }
    return false;
  }

  @Override
  public double raw(HostView host, Ask ask) {
    int rules = 0;
    int fulfilled = 0;
    for (int i = 0; i < ask.groups().size(); i++) {
      GroupNeighbours group = ask.groups().get(i);
      if (soft(group)) {
        rules++;
        boolean wantsNear = group.rule().kind() == GroupRule.Kind.SOFT_AFFINITY;
        if (group.domains().size() == 0 || group.domains().holds(host) == wantsNear) {
          fulfilled++;
        }
      }
    }
    return rules == 0 ? 0 : (double) fulfilled / rules;
  }

  @Override
  public double normalise(double raw) {
    return raw;
  }

  private static boolean soft(GroupNeighbours group) {
    return group.rule().kind() == GroupRule.Kind.SOFT_AFFINITY
        || group.rule().kind() == GroupRule.Kind.SOFT_ANTI_AFFINITY;
  }
}
