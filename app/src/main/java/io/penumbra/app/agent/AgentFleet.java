package io.penumbra.app.agent;

import io.penumbra.adapter.fencing.CombinedFencer;
import io.penumbra.adapter.fencing.PowerSwitch;
import io.penumbra.adapter.fencing.agent.HostAgents;
import io.penumbra.adapter.fencing.agent.LeaseAnswer;
import io.penumbra.adapter.fencing.lease.LeaseExpiry;
import io.penumbra.adapter.qemu.agent.BootClock;
import io.penumbra.adapter.qemu.api.LeaseCalls;
import io.penumbra.adapter.qemu.cloud.HeartbeatIntake;
import io.penumbra.adapter.qemu.cloud.QemuCloud;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.scheduler.port.EventSink;
import io.penumbra.web.Route;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Hosts with agents, as ports of the controller: the cloud, and fencing by agent, by lease and by
 * whatever switches hosts off. The one lease book is shared by both, as it has to be.
 */
public final class AgentFleet implements AutoCloseable {

  private final QemuCloud cloud;
  private final CombinedFencer fencer;

  private AgentFleet(QemuCloud cloud, CombinedFencer fencer) {
    this.cloud = cloud;
    this.fencer = fencer;
  }

  /**
   * Connects everything.
   *
   * @param pulse is told of heartbeats, as {@code Controller::heartbeat}
   * @param wake is called when the cloud has events, as {@code Controller::wake}
   * @param sink takes what came of fencing
   * @param switches ways to switch hosts off; may be none
   * @param patience with a lease that doesn't end
   */
  public static AgentFleet connect(
      QemuCloud.Settings settings,
      HeartbeatIntake.Pulse pulse,
      Runnable wake,
      EventSink sink,
      List<PowerSwitch> switches,
      Duration patience) {
    QemuCloud cloud = new QemuCloud(settings, pulse, wake);
    HostAgents agents = new Agents(cloud);
    LongSupplier clock = new BootClock();
    LeaseExpiry expiry = new LeaseExpiry(cloud.leases(), agents, clock, Thread::sleep, patience);
    CombinedFencer fencer =
        new CombinedFencer(switches, agents, expiry, InstantSource.system(), sink);
    return new AgentFleet(cloud, fencer);
  }

  public QemuCloud cloud() {
    return cloud;
  }

  public CombinedFencer fencer() {
    return fencer;
  }

  /** Where agents send heartbeats, for whoever serves HTTP. */
  public List<Route> routes() {
    return cloud.intake().routes();
  }

  @Override
  public void close() {
    fencer.close();
    cloud.close();
  }

  /** The agents, in the words of fencing. */
  private record Agents(QemuCloud cloud) implements HostAgents {

    @Override
    public FencingResult stopVm(HostId host, VmId vm) throws InterruptedException {
      return cloud.stopInstance(vm, host);
    }

    @Override
    public FencingResult stopAll(HostId host) throws InterruptedException {
      return cloud.stopAll(host);
    }

    @Override
    public LeaseAnswer endLease(HostId keeper, VmId vm, HostId primary, Duration controllerSilent)
        throws InterruptedException {
      LeaseCalls.End end = cloud.endOfLease(vm, primary, keeper, controllerSilent);
      if (!end.certain()) {
        return end.silent()
            ? new LeaseAnswer.Silent(end.why())
            : new LeaseAnswer.NotKept(end.why());
      }
      return end.ended() ? new LeaseAnswer.RanOut(end.left()) : new LeaseAnswer.MayRun(end.left());
    }
  }
}
