package io.penumbra.placement.log;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.FleetChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What happened to one VM: of all changes of the fleet those that concerned it or a host that it or
 * its shadows were on.
 */
public final class VmStory {

  private final VmId vm;
  private final List<FleetStep> steps = new ArrayList<>();
  private final TreeSet<HostId> shadows = new TreeSet<>();
  private Optional<HostId> primary = Optional.empty();

  VmStory(VmId vm) {
    this.vm = vm;
  }

  /** Takes in where things stand; part of a snapshot, so no news. */
  void known(FleetChange change) {
    concerns(change);
  }

  void happened(FleetStep step) {
    if (concerns(step.change())) {
      steps.add(step);
    }
  }

  /** What happened, oldest first. */
  public List<FleetStep> steps() {
    return List.copyOf(steps);
  }

  /** Where it runs at the end of the log, or where a claim for it stands. */
  public Optional<HostId> primary() {
    return primary;
  }

  /** Where its shadows are at the end of the log, in id order. */
  public List<HostId> shadows() {
    return List.copyOf(shadows);
  }

  private boolean concerns(FleetChange change) {
    return switch (change) {
      case FleetChange.HostAdded _, FleetChange.HostRiskChanged _ -> false;
      case FleetChange.HostConditionChanged c -> touches(c.host());
      case FleetChange.HostRemoved c -> removed(c.host());
      case FleetChange.ClaimConfirmed c -> c.vm().equals(vm);
      case FleetChange.ShadowResized c -> c.vm().equals(vm);
      case FleetChange.PrimaryPlaced c -> c.vm().equals(vm) && now(Optional.of(c.host()));
      case FleetChange.PrimaryReleased c -> c.vm().equals(vm) && now(Optional.empty());
      case FleetChange.ShadowPlaced c -> c.vm().equals(vm) && shadow(c.host(), true);
      case FleetChange.ShadowReleased c -> c.vm().equals(vm) && shadow(c.host(), false);
      case FleetChange.ShadowPromoted c ->
          c.vm().equals(vm) && shadow(c.host(), false) && now(Optional.of(c.host()));
    };
  }

  private boolean touches(HostId host) {
    return shadows.contains(host) || primary.filter(host::equals).isPresent();
  }

  private boolean removed(HostId host) {
    boolean touched = touches(host);
    shadows.remove(host);
    primary = primary.filter(p -> !p.equals(host));
    return touched;
  }

  private boolean now(Optional<HostId> host) {
    primary = host;
    return true;
  }

  private boolean shadow(HostId host, boolean there) {
    if (there) {
      shadows.add(host);
    } else {
      shadows.remove(host);
    }
    return true;
  }
}
