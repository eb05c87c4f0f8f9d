package io.penumbra.placement.risk;

import java.time.Duration;
import java.util.List;

/**
 * What a model file says about its model.
 *
 * @param horizonSeconds how far ahead it looks
 * @param source what it was trained on
 * @param xgboostVersion that grew the trees
 * @param features names in row order; must be what {@link FeatureList} writes
 * @param firmwares the firmware table, as in {@link FeatureList#firmwares()}
 * @param baseMargin log-odds that every sum of leaves starts from
 * @param quality on hosts that took no part in growing or calibrating
 * @param probes rows with the margin XGBoost gave when the model was made; a reader that gets
 *     another margin for them must not be trusted with any
 */
public record ModelCard(
    long horizonSeconds,
    String source,
    long seed,
    int rounds,
    int depth,
    double learningRate,
    String xgboostVersion,
    Census census,
    List<String> features,
    List<String> firmwares,
    float baseMargin,
    PlattCalibration calibration,
    ModelQuality quality,
    List<Probe> probes) {

  public ModelCard {
    if (horizonSeconds <= 0) {
      throw new IllegalArgumentException(
          "horizonSeconds is %d; expected more than 0".formatted(horizonSeconds));
    }
    features = List.copyOf(features);
    firmwares = List.copyOf(firmwares);
    probes = List.copyOf(probes);
  }

  /** How far ahead the model looks. */
  Duration horizon() {
    return Duration.ofSeconds(horizonSeconds);
  }

  /**
   * What there was to learn from.
   *
   * @param hosts hosts with at least one usable sample
   * @param failingHosts hosts with at least one sample that fails within the horizon
   * @param samples usable samples
   * @param failingSamples those that fail within the horizon
   * @param censoredSamples left out: watched for less than the horizon without a failure
   * @param learningHosts the trees were grown on these
   * @param calibrationHosts the calibration was fitted on these
   * @param judgingHosts the quality was measured on these
   */
  public record Census(
      int hosts,
      int failingHosts,
      int samples,
      int failingSamples,
      long censoredSamples,
      int learningHosts,
      int calibrationHosts,
      int judgingHosts) {}

  /** One row and its margin. */
  public record Probe(List<Float> row, float margin) {
    public Probe {
      row = List.copyOf(row);
    }

    float[] values() {
      float[] values = new float[row.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = row.get(i);
      }
      return values;
    }
  }
}
