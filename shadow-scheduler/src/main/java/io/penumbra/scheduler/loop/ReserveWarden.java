package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.scheduler.lifecycle.ShadowState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Makes room on hosts that have promised more than they can keep. Shadows of different primaries
 * share their reserve; a promotion, or a primary that moves into the failure domain of another,
 * uses it up, and then some shadow there could not take over. One such shadow at a time gets
 * another place, and leaves when that is complete.
 */
final class ReserveWarden {

  /** Each costs a search of the fleet. */
  private static final int TRIES_PER_STEP = 3;

  private final LoopState state;
  private final ShadowKeeper keeper;

  ReserveWarden(LoopState state, ShadowKeeper keeper) {
    this.state = state;
    this.keeper = keeper;
  }

  /** One step, and a time for the next; nothing when the host keeps what it promises. */
  void check(HostId host) {
    Optional<HostView> room = state.room(host);
    if (room.isEmpty() || room.get().reserveShortfall().equals(Resources.NONE)) {
      state.overPromised.remove(host);
      return;
    }
    int attempt = state.overPromised.merge(host, 1, Integer::sum);
    // From a host that is not well its shadows go anyway, or nobody can say what is left of it.
    boolean well = room.get().condition() == HostCondition.UP;
    if (well && !underWay(host)) {
      makeRoom(host, room.get(), attempt);
    }
    Duration wait =
        LoopState.backoff(
            state.settings.shadows().retry(),
            state.settings.shadows().retryMax(),
            state.overPromised.getOrDefault(host, 1));
    state.timers.at(state.now.plus(wait), new Wake.ReserveCheck(host));
  }

  private boolean underWay(HostId host) {
    return state.fleet.shadowsOn(host).stream()
        .flatMap(vm -> state.ward(vm).stream())
        .flatMap(ward -> ward.shadowOn(host).stream())
        .anyMatch(shadow -> shadow.crowded || shadow.state == ShadowState.DELETING);
  }

  private void makeRoom(HostId host, HostView room, int attempt) {
    Resources shortfall = room.reserveShortfall();
    for (Ward ward : candidates(host, room)) {
      if (keeper.moveAway(ward, host)) {
        state.overPromised.put(host, 0);
        tell(
            host,
            shortfall,
            "the shadow of %s gets another place".formatted(ward.id()),
            "nothing is to be done; penumbra decisions explain %s says where".formatted(ward.id()));
        return;
      }
    }
    if (attempt == 1) {
      tell(
          host,
          shortfall,
          "none of its %d shadows can be moved now".formatted(room.shadows()),
          "add capacity, or ask for fewer shadows; until then not all of them can take over");
    }
  }

  private void tell(HostId host, Resources shortfall, String what, String advice) {
    state.alert(
        "reserve-short",
        host.value(),
        "%s lacks %s of the reserve that it has promised; %s".formatted(host, shortfall, what),
        advice);
  }

  /** Whose shadow could go: the smallest that ends the shortage first, then what relieves most. */
  private List<Ward> candidates(HostId host, HostView room) {
    record Move(Ward ward, double left) {}
    ReserveSums sums = ReserveSums.of(state.fleet, host);
    double lacking = sums.lacking(room, Optional.empty());
    List<Move> moves = new ArrayList<>();
    for (VmId vm : state.fleet.shadowsOn(host)) {
      Optional<Ward> ward = state.ward(vm).filter(found -> movable(found, host));
      if (ward.isPresent()) {
        double left = sums.lacking(room, Optional.of(vm));
        if (left < lacking) {
          moves.add(new Move(ward.get(), left));
        }
      }
    }
    return moves.stream()
        .sorted(
            Comparator.comparingDouble(Move::left)
                .thenComparingLong(move -> move.ward().vm.size().memoryMib())
                .thenComparing(move -> move.ward().id()))
        .limit(TRIES_PER_STEP)
        .map(Move::ward)
        .toList();
  }

  /** Only of a VM that is well protected and about which nothing is under way. */
  private boolean movable(Ward ward, HostId host) {
    boolean settled = !ward.claimed && !ward.deleted && ward.saga.isEmpty();
    return settled
        && ward.shadows.size() == ward.policy().shadows()
        && ward.shadows.stream().allMatch(shadow -> shadow.state == ShadowState.READY)
        && ward.shadowOn(host).isPresent()
        && state.host(ward.host).map(at -> at.incident.isEmpty()).orElse(false);
  }
}
