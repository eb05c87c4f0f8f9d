package io.penumbra.sync.drift;

import io.penumbra.domain.Guard;

/**
 * From when on a VM's differences are more than noise.
 *
 * @param calibrationEpochs how many first comparisons teach which pages always differ: clocks,
 *     counters, entropy. Pages that differ in them are noise from then on
 * @param persistEpochs a page that is not noise may differ this long and heal by being written
 *     again; then it has drifted
 * @param pagesMax how many pages that are not noise may differ at once
 */
public record DriftThresholds(int calibrationEpochs, int persistEpochs, int pagesMax) {

  /** Two machines that should agree bit for bit. */
  public static final DriftThresholds STRICT = new DriftThresholds(0, 0, 0);

  /** Whole guests fed with the same requests. */
  public static final DriftThresholds GUEST = new DriftThresholds(10, 5, 1_000);

  public DriftThresholds {
    Guard.notNegative("calibrationEpochs", calibrationEpochs);
    Guard.notNegative("persistEpochs", persistEpochs);
    Guard.notNegative("pagesMax", pagesMax);
  }
}
