package io.penumbra.placement.spi;

import io.penumbra.domain.Resources;
import io.penumbra.domain.placement.GroupRule;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.fleet.DomainSet;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.HostView;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is asked of a host: a request, the role it is looked at for, and what it must hold. */
public final class Ask {

  private final PlacementRequest request;
  private final Role role;
  private final Resources needed;
  private final Resources reserve;
  private final @Nullable HostView primary;
  private final List<HostView> companions;
  private final List<GroupNeighbours> groups;

  private Ask(
      PlacementRequest request,
      Role role,
      Resources needed,
      Resources reserve,
      @Nullable HostView primary,
      List<HostView> companions,
      List<GroupNeighbours> groups) {
    this.request = request;
    this.role = role;
    this.needed = needed;
    this.reserve = reserve;
    this.primary = primary;
    this.companions = companions;
    this.groups = groups;
  }

  /** Asks for the VM itself; shadows that stay are its companions. */
  public static Ask forPrimary(PlacementRequest request, Fleet fleet) {
    List<GroupNeighbours> groups = new ArrayList<>(request.groups().size());
    for (GroupRule rule : request.groups()) {
      groups.add(
          new GroupNeighbours(
              rule, fleet.domainsOf(rule.group(), rule.scope(), request.vm().id())));
    }
    return new Ask(
        request,
        Role.PRIMARY,
        request.vm().size(),
        Resources.NONE,
        null,
        staying(request, fleet),
        groups);
  }

  /**
   * Asks for a shadow of the VM on {@code primary}.
   *
   * @param resident what it holds for itself
   * @param reserve what it needs besides when promoted
   */
  public static Ask forShadow(
      PlacementRequest request,
      Fleet fleet,
      HostView primary,
      Resources resident,
      Resources reserve) {
    List<HostView> companions = new ArrayList<>(1 + request.existingShadows().size());
    companions.add(primary);
    companions.addAll(staying(request, fleet));
    return new Ask(request, Role.SHADOW, resident, reserve, primary, companions, List.of());
  }

  /** The same for one more shadow, after {@code chosen} was taken for one. */
  public Ask besides(HostView chosen) {
    List<HostView> more = new ArrayList<>(companions.size() + 1);
    more.addAll(companions);
    more.add(chosen);
    return new Ask(request, role, needed, reserve, primary, more, groups);
  }

  private static List<HostView> staying(PlacementRequest request, Fleet fleet) {
    return request.existingShadows().isEmpty()
        ? List.of()
        : request.existingShadows().stream().map(fleet::host).flatMap(Optional::stream).toList();
  }

  public PlacementRequest request() {
    return request;
  }

  public Role role() {
    return role;
  }

  /** What the host must have free: a VM's size, or the resident part of a shadow. */
  public Resources needed() {
    return needed;
  }

  /** What a shadow needs besides when it is promoted; nothing for a primary. */
  public Resources reserve() {
    return reserve;
  }

  /** The primary's host, when a shadow is asked for. */
  public Optional<HostView> primary() {
    return Optional.ofNullable(primary);
  }

  /**
   * Hosts that already hold an instance of the VM: for a shadow its primary first, then shadows
   * that stay and shadows chosen before.
   */
  public List<HostView> companions() {
    return companions;
  }

  /** The VM's group rules, each with where the other members are. */
  public List<GroupNeighbours> groups() {
    return groups;
  }

  /**
   * vCPUs that {@code host} would have to give: what is needed, and what its reserve would grow by.
   */
  public int takesVcpus(HostView host) {
    return primary == null || reserve.vcpus() == 0
        ? needed.vcpus()
        : needed.vcpus() + host.reserveGrowthVcpus(primary, reserve.vcpus());
  }

  /** MiB that {@code host} would have to give. */
  public long takesMemoryMib(HostView host) {
    return primary == null || reserve.memoryMib() == 0
        ? needed.memoryMib()
        : needed.memoryMib() + host.reserveGrowthMemoryMib(primary, reserve.memoryMib());
  }

  /** GiB of disk that {@code host} would have to give. */
  public long takesDiskGib(HostView host) {
    return primary == null || reserve.diskGib() == 0
        ? needed.diskGib()
        : needed.diskGib() + host.reserveGrowthDiskGib(primary, reserve.diskGib());
  }

  /**
   * One group rule and where the group's other members have their primaries.
   *
   * @param domains failure domains of the rule's scope
   */
  public record GroupNeighbours(GroupRule rule, DomainSet domains) {}
}
