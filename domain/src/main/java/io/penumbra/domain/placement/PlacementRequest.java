package io.penumbra.domain.placement;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Vm;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A question to placement: where to put a VM and its shadows.
 *
 * @param at when it was asked; hosts' ages are counted to here
 * @param vm what is to be placed; its policy says whether it gets shadows
 * @param fixedPrimary set when the VM already runs and only shadows are asked for
 * @param existingShadows shadows that stay; as many fewer are asked for
 * @param excluded hosts not to be used, for example because they just failed
 * @param offered hosts the primary may stand on, where whoever asks has narrowed them down already;
 *     shadows may stand anywhere
 * @param zone availability zone the primary must be in
 * @param requiredTraits traits that both hosts must have, sorted
 * @param forbiddenTraits traits that neither host may have, sorted
 * @param groups the rules of the VM's affinity groups
 * @param seed decides between equal scores
 */
public record PlacementRequest(
    RequestId id,
    Instant at,
    Vm vm,
    Optional<HostId> fixedPrimary,
    List<HostId> existingShadows,
    List<HostId> excluded,
    Optional<List<HostId>> offered,
    Optional<String> zone,
    List<String> requiredTraits,
    List<String> forbiddenTraits,
    List<GroupRule> groups,
    long seed) {

  public PlacementRequest {
    existingShadows = List.copyOf(existingShadows);
    excluded = excluded.stream().distinct().sorted().toList();
    offered = offered.map(hosts -> hosts.stream().distinct().sorted().toList());
    requiredTraits = requiredTraits.stream().distinct().sorted().toList();
    forbiddenTraits = forbiddenTraits.stream().distinct().sorted().toList();
    groups = List.copyOf(groups);
  }

  /** How many shadows are still to be placed. */
  public int shadowsWanted() {
    return Math.max(0, vm.policy().policy().shadows() - existingShadows.size());
  }

  /** A request for a VM that is to be created, with no further wishes. */
  public static PlacementRequest create(RequestId id, Instant at, Vm vm, long seed) {
    return new PlacementRequest(
        id,
        at,
        vm,
        Optional.empty(),
        List.of(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of(),
        List.of(),
        seed);
  }

  /** A request for the shadows of a VM that already runs on {@code primary}. */
  public static PlacementRequest shadowsOnly(
      RequestId id, Instant at, Vm vm, HostId primary, List<HostId> existing, long seed) {
    return new PlacementRequest(
        id,
        at,
        vm,
        Optional.of(primary),
        existing,
        List.of(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of(),
        List.of(),
        seed);
  }
}
