package io.penumbra.simulator.scenario;

import io.penumbra.domain.Guard;
import io.penumbra.simulator.chance.LogNormal;
import io.penumbra.simulator.chance.Setting;
import java.time.Duration;

/**
 * How long things take around the control loop: messages, commands, fencing, traffic. Times that
 * vary are lognormal in milliseconds. None is fitted: fencing and booting are of the order that
 * operators report, the rest assumes an agent on every host and load balancers that are told over
 * their run-time interface. A takeover within a second needs leases and heartbeats this short.
 */
public record TimingSpec(
    @Setting("how often a host sends a heartbeat") Duration heartbeatInterval,
    @Setting("milliseconds from a heartbeat's sending to its arrival")
        LogNormal heartbeatDelayMillis,
    @Setting("how often a host sends a telemetry sample") Duration telemetryInterval,
    @Setting("how long a primary serves without hearing from controller or shadow") Duration lease,
    @Setting("share by which a host's clock may run slow or fast") double clockDriftMax,
    @Setting("added to a lease before it counts as run out") Duration leaseMargin,
    @Setting("milliseconds from a command to its effect on a host") LogNormal commandMillis,
    @Setting("milliseconds until other hosts have answered whether they reach a host")
        LogNormal probeMillis,
    @Setting("milliseconds until a management controller has switched a host off")
        LogNormal powerOffMillis,
    @Setting("share of the power-off requests that a management controller does not answer")
        double powerOffUnanswered,
    @Setting("after how long an unanswered power-off counts as unknown") Duration powerOffTimeout,
    @Setting("milliseconds until one instance on a living host has stopped") LogNormal stopVmMillis,
    @Setting("milliseconds until a load balancer sends traffic elsewhere")
        LogNormal loadBalancerMillis,
    @Setting("milliseconds until a name server gives out the new address") LogNormal dnsMillis,
    @Setting("how long clients keep an old DNS answer") Duration dnsTtl,
    @Setting("share of the VMs that are reached by DNS alone, without a load balancer")
        double dnsOnlyShare,
    @Setting("milliseconds until a probe of the promoted service has answered")
        LogNormal verifyMillis,
    @Setting("milliseconds until the cloud has created and booted a new VM")
        LogNormal createVmMillis,
    @Setting("milliseconds until a guest that crashed has rebooted in place")
        LogNormal rebootGuestMillis) {

  public static final TimingSpec DEFAULT =
      new TimingSpec(
          Duration.ofMillis(100),
          new LogNormal(2, 0.6),
          Duration.ofMinutes(60),
          Duration.ofMillis(500),
          0.0002,
          Duration.ofMillis(50),
          new LogNormal(10, 0.5),
          new LogNormal(60, 0.4),
          new LogNormal(2_500, 0.5),
          0.02,
          Duration.ofSeconds(20),
          new LogNormal(150, 0.5),
          new LogNormal(20, 0.5),
          new LogNormal(200, 0.5),
          Duration.ofSeconds(30),
          0.2,
          new LogNormal(30, 0.5),
          new LogNormal(45_000, 0.4),
          new LogNormal(30_000, 0.4));

  public TimingSpec {
    Require.positive("heartbeatInterval", heartbeatInterval);
    Require.positive("telemetryInterval", telemetryInterval);
    Require.positive("lease", lease);
    Guard.share("clockDriftMax", clockDriftMax);
    Require.notNegative("leaseMargin", leaseMargin);
    Guard.share("powerOffUnanswered", powerOffUnanswered);
    Require.positive("powerOffTimeout", powerOffTimeout);
    Require.notNegative("dnsTtl", dnsTtl);
    Guard.share("dnsOnlyShare", dnsOnlyShare);
    if (lease.compareTo(heartbeatInterval) <= 0) {
      throw new IllegalArgumentException(
          "lease %s is not longer than heartbeatInterval %s; every lease would run out"
              .formatted(Durations.format(lease), Durations.format(heartbeatInterval)));
    }
  }
}
