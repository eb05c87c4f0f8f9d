package io.penumbra.domain.policy;

import java.time.Duration;

/**
 * How a VM wants to be protected.
 *
 * @param mode how ready its shadows are kept
 * @param shadows how many shadows, 1 to 3; 0 exactly when the mode is {@code NONE}
 * @param rpo recovery point objective: how much of the newest state may be lost
 * @param rto recovery time objective: how long the VM may be away
 * @param diversity in what a shadow must differ from its primary
 * @param commit when a response may leave the VM
 * @param thresholds when risk changes what is done
 * @param priority order of rescue when many fail at once; larger goes first
 */
public record ProtectionPolicy(
    ShadowMode mode,
    int shadows,
    Duration rpo,
    Duration rto,
    Diversity diversity,
    CommitMode commit,
    RiskThresholds thresholds,
    int priority) {

  public static final int SHADOWS_MAX = 3;

  public ProtectionPolicy {
    if (mode == ShadowMode.NONE ? shadows != 0 : (shadows < 1 || shadows > SHADOWS_MAX)) {
      throw new IllegalArgumentException(
          "shadow mode %s with %d shadows; expected 0 for NONE, else 1 to %d"
              .formatted(mode, shadows, SHADOWS_MAX));
    }
    if (rpo.isNegative() || rto.isNegative()) {
      throw new IllegalArgumentException(
          "rpo %s and rto %s; expected neither to be negative".formatted(rpo, rto));
    }
  }
}
