package io.penumbra.scheduler.risk;

import io.penumbra.domain.RiskScore;
import io.penumbra.domain.Vm;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.failover.RescueOrder;
import java.time.Duration;

/**
 * Weighs the expected cost of an outage against the cost of moving.
 *
 * <p>Outage: probability x (RTO + RPO of the policy, in hours) x value per hour x
 * priorityFactor^priority. Move: fixed cost + memory x cost per GiB + pause x the same value. All
 * in the operator's unit; see {@link SchedulerSettings.Risk}.
 */
public final class RiskAppraisal {

  private static final double NANOS_PER_HOUR = Duration.ofHours(1).toNanos();

  private RiskAppraisal() {}

  /** What to do about a VM on a host with this risk. */
  public static RiskAnswer appraise(RiskScore risk, Vm vm, SchedulerSettings.Risk rates) {
    ProtectionPolicy policy = vm.policy().policy();
    double probability = risk.probability();
    if (!rates.enabled() || probability < policy.thresholds().check()) {
      return new RiskAnswer.Ignore();
    }
    if (probability < policy.thresholds().act()) {
      return new RiskAnswer.CheckAgain(
          "risk %.4f is below 'act' %.4f".formatted(probability, policy.thresholds().act()));
    }
    double value =
        RescueOrder.valueAtRisk(vm, rates) * Math.pow(rates.priorityFactor(), policy.priority());
    double outage = probability * hours(policy.rto().plus(policy.rpo())) * value;
    double move =
        rates.moveFixed()
            + rates.movePerGib() * vm.size().memoryMib() / 1024.0
            + hours(rates.movePause()) * value;
    if (outage <= move) {
      return new RiskAnswer.CheckAgain(
          "expected outage costs %.6f, moving %.6f".formatted(outage, move));
    }
    return new RiskAnswer.Act(outage, move);
  }

  /** Whether a host with this risk is quiet enough for a VM that was being looked after. */
  public static boolean calm(RiskScore risk, Vm vm, SchedulerSettings.Risk rates) {
    return !rates.enabled() || risk.probability() < calmBelow(vm, rates);
  }

  /** Probability below which a host is quiet enough for this VM. */
  public static double calmBelow(Vm vm, SchedulerSettings.Risk rates) {
    return vm.policy().policy().thresholds().check() * rates.calmFactor();
  }

  private static double hours(Duration time) {
    return time.toNanos() / NANOS_PER_HOUR;
  }
}
