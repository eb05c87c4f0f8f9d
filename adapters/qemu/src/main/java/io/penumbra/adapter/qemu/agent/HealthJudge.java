package io.penumbra.adapter.qemu.agent;

import io.penumbra.domain.telemetry.HostTelemetry;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.HealthSnapshot.Condition;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SortedMap;

/**
 * Says in one word how a guest was at a cut, and with which numbers: what somebody wants to know
 * who may choose an older epoch. A host that stalls on memory or storage most of the time makes its
 * guests suspect; so does whoever captured the guest and saw something wrong.
 */
final class HealthJudge {

  /** Shares of the last ten seconds in which everything stood still (PSI, "full"). */
  private static final double MEMORY_STALL_MAX = 0.3;

  private static final double STORAGE_STALL_MAX = 0.7;

  /** Room for the label that goes on top. */
  private static final int VITALS_MAX = HealthSnapshot.VITALS_MAX - 2;

  private HealthJudge() {}

  static HealthSnapshot judge(
      Condition captured, NavigableMap<String, Double> vitals, Optional<HostHealth.Sample> host) {
    host.ifPresent(seen -> add(vitals, seen));
    vitals.values().removeIf(value -> value.isNaN());
    while (vitals.size() > VITALS_MAX) {
      vitals.remove(vitals.lastKey());
    }
    return new HealthSnapshot(condition(captured, host), vitals);
  }

  private static void add(SortedMap<String, Double> vitals, HostHealth.Sample seen) {
    HostTelemetry telemetry = seen.telemetry();
    vitals.put("host.cpu", telemetry.load().cpu());
    vitals.put("host.memory", telemetry.load().memory());
    vitals.put("host.interrupts", seen.interrupts());
    vitals.put("host.correctedErrors", telemetry.memory().correctedTotal());
    vitals.put("host.pendingSectors", telemetry.disk().pendingSectors());
    seen.pressure().forEach((kind, share) -> vitals.put("host.pressure." + kind, share));
  }

  private static Condition condition(Condition captured, Optional<HostHealth.Sample> host) {
    if (captured == Condition.SUSPECT || host.isEmpty()) {
      return captured;
    }
    SortedMap<String, Double> pressure = host.get().pressure();
    boolean stalls =
        pressure.getOrDefault("memory.full", 0.0) > MEMORY_STALL_MAX
            || pressure.getOrDefault("io.full", 0.0) > STORAGE_STALL_MAX;
    return stalls ? Condition.SUSPECT : Condition.WELL;
  }
}
