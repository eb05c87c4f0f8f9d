package io.penumbra.simulator.scenario;

import io.penumbra.simulator.chance.Setting;

/** What things cost. Any currency will do; the defaults are of the order of public cloud prices. */
public record CostSpec(
    @Setting("one vCPU held for an hour") double perVcpuHour,
    @Setting("one GiB of memory held for an hour") double perMemoryGibHour,
    @Setting("one GiB sent between hosts") double perNetworkGib,
    @Setting("one GiB of stored chunks for a month") double perStoredGibMonth,
    @Setting("one VM away for a minute") double perVmOutageMinute,
    @Setting("one second of state lost by one VM") double perLostSecond) {

  public static final CostSpec DEFAULT = new CostSpec(0.02, 0.003, 0.001, 0.02, 1.0, 0.05);

  public CostSpec {
    Require.notNegative("perVcpuHour", perVcpuHour);
    Require.notNegative("perMemoryGibHour", perMemoryGibHour);
    Require.notNegative("perNetworkGib", perNetworkGib);
    Require.notNegative("perStoredGibMonth", perStoredGibMonth);
    Require.notNegative("perVmOutageMinute", perVmOutageMinute);
    Require.notNegative("perLostSecond", perLostSecond);
  }
}
