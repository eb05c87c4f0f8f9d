package io.penumbra.domain.command;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import java.time.Duration;
import java.util.Optional;

/**
 * One thing the control loop wants done. Carrying it out twice under the same id has the effect of
 * once; its outcome comes back as {@link io.penumbra.domain.event.Event.CommandReported}.
 */
public sealed interface Command {

  CommandId id();

  /** What the cloud and its node agents carry out. */
  sealed interface CloudCommand extends Command {}

  /** What load balancers and name servers carry out. Each is read back before it counts as done. */
  sealed interface TrafficCommand extends Command {}

  /** What makes sure that an instance cannot serve. Answered by {@code FencingAnswered}. */
  sealed interface FenceCommand extends Command {}

  /** Asks other hosts whether they reach {@code host}. Answered by {@code HostProbed}. */
  record ProbeHost(CommandId id, HostId host) implements CloudCommand {}

  /**
   * Creates a shadow and fills it. Done when its first full state is acked and verified.
   *
   * @param resident what the shadow holds from the start
   * @param refill to fill one that stands already from another primary; where there is none, none
   *     is created, and the answer is {@code Failed} with {@code no-shadow}
   * @param fromStore the primary is dead, and nothing but what is stored of it can fill the shadow
   */
  record CreateShadow(
      CommandId id,
      VmId vm,
      HostId primary,
      HostId host,
      ShadowMode mode,
      Resources resident,
      Duration rpo,
      boolean refill,
      boolean fromStore)
      implements CloudCommand {

    /** One that its primary fills. */
    public CreateShadow(
        CommandId id,
        VmId vm,
        HostId primary,
        HostId host,
        ShadowMode mode,
        Resources resident,
        Duration rpo,
        boolean refill) {
      this(id, vm, primary, host, mode, resident, rpo, refill, false);
    }
  }

  /** Turns a shadow into the other mode in place; it protects in the old mode until it is done. */
  record ChangeShadowMode(CommandId id, VmId vm, HostId host, ShadowMode mode)
      implements CloudCommand {}

  record ResizeShadow(CommandId id, VmId vm, HostId host, Resources resident)
      implements CloudCommand {}

  /**
   * Done when nothing of the shadow is left, also when there was none. An agent that has the VM
   * itself there answers {@code Failed} with {@code in-service}.
   */
  record DeleteShadow(CommandId id, VmId vm, HostId host) implements CloudCommand {}

  /** Asks for epochs at most this far apart. */
  record SetEpochInterval(CommandId id, VmId vm, Duration interval) implements CloudCommand {}

  /** Gives a shadow its full size on its host, so that it can run. */
  record AllocateShadow(CommandId id, VmId vm, HostId host, Resources size)
      implements CloudCommand {}

  /**
   * Brings the shadow to the newest state that can be had. Answered by {@code Synced}.
   *
   * @param primary the source, when it is still alive: it is paused, so nothing is lost
   */
  record SyncLast(CommandId id, VmId vm, HostId host, Optional<HostId> primary)
      implements CloudCommand {}

  /**
   * Lets a paused primary run on: the migration was called off.
   *
   * @param term the term it runs on under; higher than before when another may have served
   *     meanwhile
   */
  record ResumePrimary(CommandId id, VmId vm, HostId host, long term) implements CloudCommand {}

  /**
   * Brings the shadow to life from a verified epoch. Only ever issued after fencing.
   *
   * <p>Every decision about who is primary has a term of its own, higher than any before, as in
   * Ongaro and Ousterhout, "In search of an understandable consensus algorithm" (USENIX ATC 2014),
   * and as Chubby's sequencers. Epochs are numbered on through all terms, but only those of one
   * term can be compared: what an old primary closed after its successor began never was.
   *
   * @param epoch the epoch to start from; a shadow that is at another one refuses
   * @param term stamped on every epoch that is closed from then on
   */
  record Activate(CommandId id, VmId vm, HostId host, long epoch, long term)
      implements CloudCommand {}

  /** Asks the service on the promoted shadow whether it answers. */
  record VerifyService(CommandId id, VmId vm, HostId host) implements CloudCommand {}

  /** Removes what is left of an instance that must not serve any more. */
  record RetirePrimary(CommandId id, VmId vm, HostId host) implements CloudCommand {}

  /** Takes a host out of service while it is watched, or puts it back. */
  record SetQuarantine(CommandId id, HostId host, boolean quarantined) implements CloudCommand {}

  /** Switches a whole host off, by its management controller or its agent. */
  record FenceHost(CommandId id, HostId host) implements FenceCommand {}

  /**
   * Stops renewing the lease of one VM's primary, at the controller and at its shadow's host, and
   * answers {@code Fenced} once the lease has run out by the slowest clock that is allowed.
   */
  record ExpireLease(CommandId id, VmId vm, HostId primary, HostId shadow)
      implements FenceCommand {}

  /** Stops one instance on a living host. */
  record FenceVm(CommandId id, VmId vm, HostId host) implements FenceCommand {}

  record PointLoadBalancer(CommandId id, VmId vm, HostId host) implements TrafficCommand {}

  record PointDns(CommandId id, VmId vm, HostId host) implements TrafficCommand {}

  /** Sets the time to live of the VM's DNS records, in whole seconds. */
  record SetDnsTtl(CommandId id, VmId vm, Duration ttl) implements TrafficCommand {}
}
