package io.penumbra.simulator.report;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import java.time.Duration;
import java.util.List;

/**
 * One failover, step by step, measured from the moment the primary stopped serving.
 *
 * @param reason why it happened, for a reader
 * @param steps in the order they began; they may overlap
 * @param outage how long the VM did not serve
 * @param lost what was lost, for a reader: {@code 0.21 s of state, 1.3 MiB}
 */
public record FailoverTrace(
    String policy,
    VmId vm,
    HostId from,
    HostId to,
    String reason,
    List<Step> steps,
    Duration outage,
    String lost) {

  public FailoverTrace {
    steps = List.copyOf(steps);
  }

  /**
   * One step.
   *
   * @param name as in the saga: {@code fence}
   * @param start since the primary stopped serving
   * @param attempts how often it was tried
   */
  public record Step(String name, Duration start, Duration length, int attempts) {
    public Step {
      if (length.isNegative() || attempts < 1) {
        throw new IllegalArgumentException(
            "step %s takes %s in %d attempts; expected no negative time and at least one attempt"
                .formatted(name, length, attempts));
      }
    }
  }
}
