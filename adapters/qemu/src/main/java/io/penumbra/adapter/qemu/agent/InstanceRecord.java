package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.Heartbeat.Role;
import io.penumbra.adapter.qemu.api.ReplicaOrder;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.policy.ShadowMode;
import java.util.List;
import java.util.Optional;

/**
 * What an agent remembers of one VM's instance on its host, in a file that is replaced before
 * anything is done that it speaks of.
 *
 * @param held what the instance takes of the host
 * @param term of a primary: under which it was last made the primary
 * @param epochMark of a primary: no cut has a higher number; reserved in steps, so that not every
 *     cut writes a file
 * @param stopped of a primary: it was fenced or has died, and its memory is gone
 * @param heldForSync of a primary: paused for its last sync
 * @param lease the number of the controller's last word about who keeps the lease
 * @param keeper who keeps it; without one nothing is leased
 * @param replicas of a primary: where its epochs go
 * @param seat of a shadow: where its epochs come from
 * @param unled of a primary: clients are led to it by somebody, and may not have been yet
 */
public record InstanceRecord(
    VmSpec spec,
    Role role,
    ShadowMode mode,
    Resources held,
    long term,
    long epochMark,
    boolean stopped,
    boolean heldForSync,
    long lease,
    Optional<HostId> keeper,
    List<ReplicaOrder> replicas,
    Optional<Seat> seat,
    Optional<Unled> unled) {

  public InstanceRecord {
    replicas = List.copyOf(replicas);
  }

  /**
   * Where a shadow's epochs come in, and what it has promised about its primary's lease.
   *
   * @param orderedTerm it is complete once it has a state of this term
   * @param ports one per data address of the host
   * @param link number that marks the link
   * @param keeps the number under which it keeps the primary's lease; 0 if it was never asked to
   * @param renewalsStopped told to renew no more: no ack leaves
   * @param backTo the epoch that it is to go on from, by the number of the pair of ends, once
   *     somebody has said that what came later is not to be believed
   * @param restored what is here came out of the tier store, and no primary has sent it an epoch
   *     since: it can be promoted, but follows nobody, whatever term it is of
   */
  public record Seat(
      HostId primary,
      long orderedTerm,
      List<Integer> ports,
      long link,
      long keeps,
      boolean renewalsStopped,
      Optional<Long> backTo,
      boolean restored) {
    public Seat {
      ports = List.copyOf(ports);
    }

    Seat keeping(long number, boolean stopped) {
      return new Seat(primary, orderedTerm, ports, link, number, stopped, backTo, restored);
    }

    Seat goingBackTo(Optional<Long> epoch) {
      return new Seat(primary, orderedTerm, ports, link, keeps, renewalsStopped, epoch, restored);
    }

    Seat filled() {
      return new Seat(primary, orderedTerm, ports, link, keeps, renewalsStopped, backTo, false);
    }
  }

  /**
   * What whoever leads clients has to know of a guest that is new here.
   *
   * @param promotion what it was promoted from; without one it was started from its disks
   */
  public record Unled(Optional<ServiceGate.Promotion> promotion) {

    static Unled promoted(ServiceGate.Promotion from) {
      return new Unled(Optional.of(from));
    }

    static Unled booted() {
      return new Unled(Optional.empty());
    }
  }

  static InstanceRecord primary(VmSpec spec, long term, long epochMark) {
    return new InstanceRecord(
        spec,
        Role.PRIMARY,
        ShadowMode.NONE,
        spec.vm().size(),
        term,
        epochMark,
        false,
        false,
        0,
        Optional.empty(),
        List.of(),
        Optional.empty(),
        Optional.empty());
  }

  static InstanceRecord shadow(VmSpec spec, ShadowMode mode, Resources resident, Seat seat) {
    return new InstanceRecord(
        spec,
        Role.SHADOW,
        mode,
        resident,
        0,
        0,
        false,
        false,
        0,
        Optional.empty(),
        List.of(),
        Optional.of(seat),
        Optional.empty());
  }

  InstanceRecord withSpec(VmSpec changed) {
    return new InstanceRecord(
        changed,
        role,
        mode,
        held,
        term,
        epochMark,
        stopped,
        heldForSync,
        lease,
        keeper,
        replicas,
        seat,
        unled);
  }

  InstanceRecord withHeld(ShadowMode changedMode, Resources changed) {
    return new InstanceRecord(
        spec,
        role,
        changedMode,
        changed,
        term,
        epochMark,
        stopped,
        heldForSync,
        lease,
        keeper,
        replicas,
        seat,
        unled);
  }

  InstanceRecord withTerm(long changed, boolean isStopped) {
    return new InstanceRecord(
        spec, role, mode, held, changed, epochMark, isStopped, false, lease, keeper, replicas, seat,
        unled);
  }

  InstanceRecord withMark(long mark) {
    return new InstanceRecord(
        spec,
        role,
        mode,
        held,
        term,
        mark,
        stopped,
        heldForSync,
        lease,
        keeper,
        replicas,
        seat,
        unled);
  }

  InstanceRecord withStopped(boolean changed) {
    return new InstanceRecord(
        spec, role, mode, held, term, epochMark, changed, false, lease, keeper, replicas, seat,
        unled);
  }

  InstanceRecord withHeldForSync(boolean changed) {
    return new InstanceRecord(
        spec, role, mode, held, term, epochMark, stopped, changed, lease, keeper, replicas, seat,
        unled);
  }

  InstanceRecord withLease(long number, Optional<HostId> changed) {
    return new InstanceRecord(
        spec,
        role,
        mode,
        held,
        term,
        epochMark,
        stopped,
        heldForSync,
        number,
        changed,
        replicas,
        seat,
        unled);
  }

  InstanceRecord withReplicas(List<ReplicaOrder> changed) {
    return new InstanceRecord(
        spec,
        role,
        mode,
        held,
        term,
        epochMark,
        stopped,
        heldForSync,
        lease,
        keeper,
        changed,
        seat,
        unled);
  }

  InstanceRecord withoutSeat() {
    return new InstanceRecord(
        spec,
        role,
        mode,
        held,
        term,
        epochMark,
        stopped,
        heldForSync,
        lease,
        keeper,
        replicas,
        Optional.empty(),
        unled);
  }

  InstanceRecord withSeat(Seat changed) {
    return new InstanceRecord(
        spec,
        role,
        mode,
        held,
        term,
        epochMark,
        stopped,
        heldForSync,
        lease,
        keeper,
        replicas,
        Optional.of(changed),
        unled);
  }

  InstanceRecord withUnled(Optional<Unled> changed) {
    return new InstanceRecord(
        spec,
        role,
        mode,
        held,
        term,
        epochMark,
        stopped,
        heldForSync,
        lease,
        keeper,
        replicas,
        seat,
        changed);
  }
}
