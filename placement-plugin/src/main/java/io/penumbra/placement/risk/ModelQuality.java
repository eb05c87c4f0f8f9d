package io.penumbra.placement.risk;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How well a model does on hosts it has never seen.
 *
 * @param auc area under the ROC curve: how often a failing sample scores above a surviving one; 0.5
 *     is chance
 * @param averagePrecision area under the precision-recall curve; {@code baseRate} is chance
 * @param brier mean squared error of the probability
 * @param brierOfBaseRate the same for always answering {@code baseRate}
 * @param baseRate share of the samples that fail within the horizon
 * @param reliability for ranges of predicted probability, what was said and what came; lowest first
 */
public record ModelQuality(
    double auc,
    double averagePrecision,
    double brier,
    double brierOfBaseRate,
    double baseRate,
    List<Bin> reliability) {

  /** Failures are rare, so equal widths would put nearly everything into the first bin. */
  private static final double[] EDGES = {0, 0.001, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 1};

  public ModelQuality {
    reliability = List.copyOf(reliability);
  }

  /**
   * The samples whose probability was said to be between {@code from} and {@code to}.
   *
   * @param samples how many, counting each for as many as it stands for
   * @param said mean predicted probability
   * @param came share that failed
   */
  public record Bin(double from, double to, double samples, double said, double came) {}

  /** Measures probabilities against what came; both kinds of label must be there. */
  static ModelQuality measure(float[] probabilities, boolean[] fails, float[] weights) {
    double failing = 0;
    double all = 0;
    double squares = 0;
    for (int i = 0; i < fails.length; i++) {
      double error = probabilities[i] - (fails[i] ? 1 : 0);
      squares += weights[i] * error * error;
      failing += fails[i] ? weights[i] : 0;
      all += weights[i];
    }
    double baseRate = failing / all;
    double[] ranking = ranking(probabilities, fails, weights, failing, all - failing);
    return new ModelQuality(
        ranking[0],
        ranking[1],
        squares / all,
        baseRate * (1 - baseRate),
        baseRate,
        bins(probabilities, fails, weights));
  }

  /** AUC and average precision; equal probabilities are one step of the curve. */
  private static double[] ranking(
      float[] probabilities, boolean[] fails, float[] weights, double failing, double surviving) {
    List<Integer> order =
        IntStream.range(0, fails.length)
            .boxed()
            .sorted((a, b) -> Float.compare(probabilities[b], probabilities[a]))
            .toList();
    double found = 0;
    double alarms = 0;
    double area = 0;
    double precisionArea = 0;
    for (int from = 0; from < order.size(); ) {
      double foundHere = 0;
      double alarmsHere = 0;
      int to = from;
      float tied = probabilities[order.get(from)];
      for (; to < order.size() && probabilities[order.get(to)] == tied; to++) {
        int row = order.get(to);
        foundHere += fails[row] ? weights[row] : 0;
        alarmsHere += fails[row] ? 0 : weights[row];
      }
      area += alarmsHere * (found + foundHere / 2);
      found += foundHere;
      alarms += alarmsHere;
      precisionArea += foundHere * found / (found + alarms);
      from = to;
    }
    return new double[] {area / (failing * surviving), precisionArea / failing};
  }

  private static List<Bin> bins(float[] probabilities, boolean[] fails, float[] weights) {
    int count = EDGES.length - 1;
    double[] samples = new double[count];
    double[] said = new double[count];
    double[] came = new double[count];
    for (int i = 0; i < fails.length; i++) {
      int bin = 0;
      while (bin < count - 1 && probabilities[i] >= EDGES[bin + 1]) {
        bin++;
      }
      samples[bin] += weights[i];
      said[bin] += weights[i] * probabilities[i];
      came[bin] += fails[i] ? weights[i] : 0;
    }
    List<Bin> bins = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      if (samples[i] > 0) {
        bins.add(
            new Bin(
                EDGES[i], EDGES[i + 1], samples[i], said[i] / samples[i], came[i] / samples[i]));
      }
    }
    return bins;
  }
}
