package io.penumbra.placement.risk;

import io.penumbra.placement.risk.TrainingTable.Part;
import io.penumbra.placement.risk.TrainingTable.Samples;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ml.dmlc.xgboost4j.java.Booster;
import ml.dmlc.xgboost4j.java.DMatrix;
import ml.dmlc.xgboost4j.java.XGBoost;
import ml.dmlc.xgboost4j.java.XGBoostError;

/**
 * Makes a risk model: three fifths of the hosts grow the trees, one fifth fits the calibration, one
 * fifth says how good the result is. The same samples, options and seed give the same file, byte
 * for byte: one thread, fixed seed.
 */
public final class RiskTraining {

  /** With fewer, some part would have none or one, and every figure would be luck. */
  static final int FAILING_HOSTS_MIN = 10;

  private static final int PROBES = 8;

  private RiskTraining() {}

  /** What came of training. */
  public sealed interface Result {}

  /** A model, ready to be opened or saved by {@link RiskModels}. */
  public static final class Trained implements Result {
    private final ModelFile file;

    private Trained(ModelFile file) {
      this.file = file;
    }

    ModelFile file() {
      return file;
    }

    /** What the model was made of, and how good it is. */
    public ModelCard card() {
      return file.card();
    }

    /** Size of the model file. */
    public long bytes() {
      return file.bytes().length;
    }
  }

  /** There is too little to learn from, or too much. */
  public record NotTrained(String reason, String advice) implements Result {}

  /** There is no XGBoost to learn with. */
  public record NoXgBoost(String reason, String advice) implements Result {}

  /** Trains without telling anybody how far it is. */
  public static Result train(TrainingData data, TrainingOptions options) {
    return train(data, options, TrainingProgress.SILENT);
  }

  /** Trains a model. */
  public static Result train(
      TrainingData data, TrainingOptions options, TrainingProgress progress) {
    TrainingTable table;
    try {
      table = TrainingTable.read(data, options, progress);
      checkEnough(table.census(), options);
    } catch (UnusableModelException e) {
      return new NotTrained(e.reason(), e.advice());
    }
    try {
      return new Trained(NativeXgBoost.call(() -> make(table, data.source(), options, progress)));
    } catch (UnusableModelException e) {
      return new NoXgBoost(e.reason(), e.advice());
    }
  }

  private static void checkEnough(ModelCard.Census census, TrainingOptions options)
      throws UnusableModelException {
    int surviving = census.hosts() - census.failingHosts();
    if (census.failingHosts() < FAILING_HOSTS_MIN || surviving < FAILING_HOSTS_MIN) {
      throw new UnusableModelException(
          ("%d hosts fail within %s of a sample and %d never do (%d samples, %d more were watched"
                  + " for too short a time to tell); at least %d of each are needed")
              .formatted(
                  census.failingHosts(),
                  options.horizon(),
                  surviving,
                  census.samples(),
                  census.censoredSamples(),
                  FAILING_HOSTS_MIN),
          "bring a longer history or more hosts, or try another --horizon");
    }
  }

  private static ModelFile make(
      TrainingTable table, String source, TrainingOptions options, TrainingProgress progress)
      throws XGBoostError {
    FeatureList features = table.features();
    Samples learn = table.part(Part.LEARN, features);
    Booster booster = grow(learn, options, progress);
    try {
      Samples calibrate = table.part(Part.CALIBRATE, features);
      PlattCalibration calibration =
          PlattCalibration.fit(margins(booster, calibrate), calibrate.fails, calibrate.weights);
      Samples judge = table.part(Part.JUDGE, features);
      float[] judged = margins(booster, judge);
      byte[] trees = booster.toByteArray("json");
      ModelCard card =
          new ModelCard(
              options.horizon().toSeconds(),
              source,
              options.seed(),
              options.rounds(),
              options.depth(),
              options.learningRate(),
              NativeXgBoost.version(),
              table.census(),
              features.names(),
              features.firmwares(),
              baseMargin(trees, judge, judged, learn.baseRate()),
              calibration,
              ModelQuality.measure(probabilities(calibration, judged), judge.fails, judge.weights),
              probes(judge, judged));
      return ModelFile.of(card, trees);
    } finally {
      booster.dispose();
    }
  }

  private static Booster grow(Samples learn, TrainingOptions options, TrainingProgress progress)
      throws XGBoostError {
    DMatrix matrix = new DMatrix(learn.rows, learn.size(), learn.width, Float.NaN);
    try {
      matrix.setLabel(learn.labels());
      matrix.setWeight(learn.weights);
      Booster booster = XGBoost.train(matrix, parameters(learn, options), 1, Map.of(), null, null);
      progress.grown(1, options.rounds());
      for (int round = 1; round < options.rounds(); round++) {
        booster.update(matrix, round);
        progress.grown(round + 1, options.rounds());
      }
      return booster;
    } finally {
      matrix.dispose();
    }
  }

  private static Map<String, Object> parameters(Samples learn, TrainingOptions options) {
    Map<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("objective", "binary:logistic");
    parameters.put("tree_method", "hist");
    parameters.put("max_bin", 64);
    parameters.put("max_depth", options.depth());
    parameters.put("eta", options.learningRate());
    parameters.put("subsample", 0.8);
    parameters.put("colsample_bytree", 0.8);
    parameters.put("base_score", (float) learn.baseRate());
    parameters.put("seed", options.seed());
    // More threads change the order of sums, and on busy cores they wait for each other.
    parameters.put("nthread", 1);
    parameters.put("verbosity", 0);
    return parameters;
  }

  private static float[] margins(Booster booster, Samples samples) throws XGBoostError {
    return NativeXgBoost.margins(booster, samples.rows, samples.size(), samples.width);
  }

  private static float[] probabilities(PlattCalibration calibration, float[] margins) {
    float[] probabilities = new float[margins.length];
    for (int i = 0; i < margins.length; i++) {
      probabilities[i] = (float) calibration.probability(margins[i]);
    }
    return probabilities;
  }

  /**
   * The log-odds of the base rate, as XGBoost's own logarithm rounds it: ours may differ in the
   * last bit, and margins are to agree in every bit.
   */
  private static float baseMargin(byte[] trees, Samples judge, float[] margins, double baseRate) {
    float rate = (float) baseRate;
    float logOdds = (float) -StrictMath.log(1f / rate - 1f);
    List<BoostedTree> read = readBack(trees, judge.width);
    for (float candidate :
        new float[] {logOdds, Math.nextUp(logOdds), Math.nextDown(logOdds), 0f}) {
      if (agrees(read, judge, margins, candidate)) {
        return candidate;
      }
    }
    throw new IllegalStateException(
        "no start near %s gives XGBoost's margins; maybe its model format has changed with %s"
            .formatted(logOdds, NativeXgBoost.version()));
  }

  private static List<BoostedTree> readBack(byte[] trees, int width) {
    try {
      return BoostedTree.readAll(trees, width);
    } catch (UnusableModelException e) {
      throw new IllegalStateException("XGBoost has just made trees that cannot be read", e);
    }
  }

  private static boolean agrees(
      List<BoostedTree> trees, Samples judge, float[] margins, float start) {
    TreeEnsemble ensemble = TreeEnsemble.of(trees, judge.width, start);
    for (int i = 0; i < judge.size(); i++) {
      if (ensemble.margin(judge.rows, i * judge.width) != margins[i]) {
        return false;
      }
    }
    return true;
  }

  /** Rows spread evenly over the judging part. */
  private static List<ModelCard.Probe> probes(Samples judge, float[] margins) {
    List<ModelCard.Probe> probes = new ArrayList<>();
    for (int i = 0; i < Math.min(PROBES, judge.size()); i++) {
      int at = (int) ((long) i * judge.size() / PROBES);
      List<Float> row = new ArrayList<>();
      for (int column = 0; column < judge.width; column++) {
        row.add(judge.rows[at * judge.width + column]);
      }
      probes.add(new ModelCard.Probe(row, margins[at]));
    }
    return probes;
  }
}
