package io.penumbra.placement.risk;

import io.penumbra.domain.RiskScore;
import io.penumbra.domain.RiskScore.RiskDriver;
import io.penumbra.domain.telemetry.HostTelemetry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Gradient-boosted trees over host telemetry (Chen and Guestrin 2016), grown by XGBoost and
 * calibrated. Asking it needs no native library: scores come from our own walk over the trees,
 * which gives XGBoost's margins bit for bit, and contributions from tables. Only a model too large
 * for the tables is explained by XGBoost itself.
 */
public final class XgBoostRiskModel implements FeatureRiskModel {

  /** Rows per block, so that a list of a million samples needs no array of millions of rows. */
  private static final int BLOCK_ROWS = 1024;

  private final ModelCard card;
  private final String name;
  private final Explaining explaining;
  private final FeatureList features;
  private final List<String> featureNames;
  private final TreeEnsemble trees;
  private final Contributions contributions;

  private XgBoostRiskModel(
      ModelFile file, Explaining explaining, TreeEnsemble trees, Contributions contributions) {
    this.card = file.card();
    this.name = "xgboost-%s-%s".formatted(shortly(card.horizon()), file.checksum().substring(0, 8));
    this.explaining = explaining;
    this.features = new FeatureList(card.firmwares());
    this.featureNames = features.names();
    this.trees = trees;
    this.contributions = contributions;
  }

  static XgBoostRiskModel open(ModelFile file, Explaining explaining)
      throws UnusableModelException {
    ModelCard card = file.card();
    int width = card.features().size();
    List<BoostedTree> trees = BoostedTree.readAll(file.trees(), width);
    TreeEnsemble ensemble = TreeEnsemble.of(trees, width, card.baseMargin());
    checkProbes(card, ensemble);
    Contributions contributions =
        TreeContributions.fits(trees)
            ? TreeContributions.of(trees, card.baseMargin())
            : BoosterContributions.load(file.trees());
    return new XgBoostRiskModel(file, explaining, ensemble, contributions);
  }

  private static void checkProbes(ModelCard card, TreeEnsemble trees)
      throws UnusableModelException {
    for (ModelCard.Probe probe : card.probes()) {
      float[] row = probe.values();
      if (row.length != card.features().size()) {
        throw new UnusableModelException(
            "one of its probes has %d numbers, its feature list %d"
                .formatted(row.length, card.features().size()));
      }
      float margin = trees.margin(row, 0);
      if (margin != probe.margin()) {
        throw new UnusableModelException(
            "a probe had margin %s when it was made and has %s here"
                .formatted(probe.margin(), margin));
      }
    }
  }

  /** In the largest unit that keeps it whole: 7d, 36h, 90s. */
  private static String shortly(Duration horizon) {
    long seconds = horizon.toSeconds();
    if (seconds % 86_400 == 0) {
      return seconds / 86_400 + "d";
    }
    return seconds % 3_600 == 0 ? seconds / 3_600 + "h" : seconds + "s";
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Duration horizon() {
    return card.horizon();
  }

  @Override
  public FeatureList features() {
    return features;
  }

  /** What the model was made of, and how good it is. */
  public ModelCard card() {
    return card;
  }

  @Override
  public void score(float[] rows, int count, float[] probabilities) {
    int width = features.width();
    if (count < 0 || (long) count * width > rows.length || count > probabilities.length) {
      throw new IllegalArgumentException(
          "%d rows of %d numbers do not fit into %d numbers and %d probabilities"
              .formatted(count, width, rows.length, probabilities.length));
    }
    PlattCalibration calibration = card.calibration();
    for (int i = 0; i < count; i++) {
      probabilities[i] = (float) calibration.probability(trees.margin(rows, i * width));
    }
  }

  @Override
  public List<RiskScore> score(List<HostTelemetry> samples) {
    return score(samples, explaining.from());
  }

  @Override
  public List<RiskScore> explain(List<HostTelemetry> samples) {
    return score(samples, 0);
  }

  private List<RiskScore> score(List<HostTelemetry> samples, double explainFrom) {
    List<RiskScore> scores = new ArrayList<>(samples.size());
    float[] rows = new float[Math.min(BLOCK_ROWS, samples.size()) * features.width()];
    for (int from = 0; from < samples.size(); from += BLOCK_ROWS) {
      int to = Math.min(samples.size(), from + BLOCK_ROWS);
      scoreBlock(samples.subList(from, to), rows, explainFrom, scores);
    }
    return List.copyOf(scores);
  }

  private void scoreBlock(
      List<HostTelemetry> samples, float[] rows, double explainFrom, List<RiskScore> scores) {
    int width = features.width();
    float[] probabilities = new float[samples.size()];
    for (int i = 0; i < samples.size(); i++) {
      features.write(samples.get(i), rows, i * width);
    }
    score(rows, samples.size(), probabilities);
    int[] explained =
        IntStream.range(0, samples.size()).filter(i -> probabilities[i] >= explainFrom).toArray();
    List<List<RiskDriver>> drivers = drivers(rows, explained);
    int next = 0;
    for (int i = 0; i < samples.size(); i++) {
      boolean hasDrivers = next < explained.length && explained[next] == i;
      List<RiskDriver> why = hasDrivers ? drivers.get(next++) : List.of();
      scores.add(new RiskScore(probabilities[i], horizon(), why, name));
    }
  }

  private List<List<RiskDriver>> drivers(float[] rows, int[] which) {
    if (which.length == 0 || explaining.driversMax() == 0) {
      return Arrays.stream(which).<List<RiskDriver>>mapToObj(i -> List.of()).toList();
    }
    int width = features.width();
    float[] chosen = new float[which.length * width];
    for (int i = 0; i < which.length; i++) {
      System.arraycopy(rows, which[i] * width, chosen, i * width, width);
    }
    double[][] shares = contributions(chosen, which.length);
    List<List<RiskDriver>> drivers = new ArrayList<>(which.length);
    for (int i = 0; i < which.length; i++) {
      drivers.add(largest(shares[i], chosen, i * width));
    }
    return drivers;
  }

  /**
   * What each feature adds to the log-odds of the calibrated probability, with what all rows start
   * from last: a row of them sums to the log-odds of its score.
   */
  double[][] contributions(float[] rows, int count) {
    double[][] raw = contributions.of(rows, count, features.width());
    double slope = card.calibration().slope();
    for (double[] row : raw) {
      for (int i = 0; i < row.length; i++) {
        row[i] *= slope;
      }
      row[features.width()] += card.calibration().intercept();
    }
    return raw;
  }

  private List<RiskDriver> largest(double[] contributions, float[] rows, int offset) {
    return IntStream.range(0, features.width())
        .filter(i -> contributions[i] != 0)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -Math.abs(contributions[i])))
        .limit(explaining.driversMax())
        .map(i -> new RiskDriver(featureNames.get(i), rows[offset + i], contributions[i]))
        .toList();
  }

  /** Frees what a large model holds outside the heap; explaining it ends with that. */
  @Override
  public void close() {
    contributions.close();
  }
}
