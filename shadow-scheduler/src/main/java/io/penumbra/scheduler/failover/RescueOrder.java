package io.penumbra.scheduler.failover;

import io.penumbra.domain.SagaId;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.scheduler.SchedulerSettings;
import java.util.Comparator;

/**
 * Who is rescued first when many fail at once: VMs whose primary is dead before moves of living
 * ones, then the larger priority of the policy, then the larger value at risk, then the smaller VM
 * id.
 *
 * @param value cost of one hour of outage, see {@link #valueAtRisk}
 */
public record RescueOrder(boolean dead, int priority, double value, VmId vm, SagaId saga)
    implements Comparable<RescueOrder> {

  private static final Comparator<RescueOrder> ORDER =
      Comparator.comparing((RescueOrder one) -> !one.dead)
          .thenComparing(Comparator.comparingInt(RescueOrder::priority).reversed())
          .thenComparing(Comparator.comparingDouble(RescueOrder::value).reversed())
          .thenComparing(RescueOrder::vm)
          .thenComparing(RescueOrder::saga);

  /**
   * What an hour without this VM costs: its vCPUs and memory at the operator's rates, in the unit
   * of {@code risk.outagePerVcpuHour}.
   */
  public static double valueAtRisk(Vm vm, SchedulerSettings.Risk rates) {
    return vm.size().vcpus() * rates.outagePerVcpuHour()
        + vm.size().memoryMib() / 1024.0 * rates.outagePerGibHour();
  }

  @Override
  public int compareTo(RescueOrder other) {
    return ORDER.compare(this, other);
  }
}
