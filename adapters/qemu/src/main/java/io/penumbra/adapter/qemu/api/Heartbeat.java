package io.penumbra.adapter.qemu.api;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.policy.ShadowMode;
import java.util.List;
import java.util.Optional;

/**
 * What an agent tells the controller every now and then, and at once when something happened.
 *
 * @param address where the agent listens, for example {@code http://10.0.0.5:7070}
 * @param boot when this agent was started, in milliseconds; events are numbered anew with each
 * @param sequence counts up with every heartbeat of a boot
 * @param localHealth how far the agent trusts itself, 0 is well: it counts its own late ticks
 * @param description of the host; sent at first and when the controller asks for it
 * @param instances everything of VMs that is on the host
 * @param events what has happened and was not acknowledged, oldest first
 */
public record Heartbeat(
    HostId host,
    String address,
    long boot,
    long sequence,
    int localHealth,
    Optional<Host> description,
    List<InstanceReport> instances,
    List<NumberedEvent> events) {

  public Heartbeat {
    instances = List.copyOf(instances);
    events = List.copyOf(events);
  }

  /** What an instance is there for. */
  public enum Role {
    PRIMARY,
    SHADOW
  }

  /** What an instance is doing. */
  public enum State {
    /** A shadow that waits, filled or being filled. */
    WAITING,
    /** A shadow out of the tier store, which no primary has sent an epoch since. */
    RESTORED,
    /** It is being brought to life. */
    STARTING,
    /** The guest runs. */
    SERVING,
    /** The guest is held and could run on. */
    PAUSED,
    /** Its lease ran out: its process is frozen until somebody orders otherwise. */
    FROZEN,
    /** The guest is dead. */
    STOPPED
  }

  /**
   * One VM's instance.
   *
   * @param held what it takes of the host
   * @param complete of a shadow: a first full state is acked and verified
   * @param term of a primary: its own; of a shadow: of who closed its newest epoch
   * @param epoch the newest it has closed, or that is acked here
   * @param lease the number of the controller's last word about its lease that is in force
   * @param keeper who keeps that lease
   * @param replicas of a primary: the shadows it sends to
   */
  public record InstanceReport(
      VmId vm,
      Role role,
      State state,
      ShadowMode mode,
      Resources held,
      boolean complete,
      long term,
      long epoch,
      long lease,
      Optional<HostId> keeper,
      List<ReplicaReport> replicas) {
    public InstanceReport {
      replicas = List.copyOf(replicas);
    }
  }

  /**
   * How far one shadow has come, as its primary's agent sees it.
   *
   * @param complete it has acked a full state of this primary's term
   * @param epoch the newest that it has acked
   * @param silentMillis since when nothing was heard of it
   */
  public record ReplicaReport(HostId host, boolean complete, long epoch, long silentMillis) {}

  /** An event and its number within this boot of the agent, from 1 on. */
  public record NumberedEvent(long number, Event event) {}
}
