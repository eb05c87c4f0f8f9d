package io.penumbra.simulator.workload;

import io.penumbra.simulator.scenario.ArrivalLaws;
import io.penumbra.simulator.scenario.ArrivalLaws.FlavorShare;
import io.penumbra.simulator.scenario.ArrivalLaws.LifetimeShare;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.hipparchus.special.Erf;

/**
 * Fits the generator's laws to traces: how the defaults of {@link ArrivalLaws} came about.
 *
 * <p>Flavours by their shares (those under a thousandth are left out); the batch size by maximum
 * likelihood; the day's swing by its first harmonic; repetition so that two VMs in a row are alike
 * as often as in the trace; lifetimes as a mixture of lognormals by expectation-maximisation over
 * the duration bins, where a censored lifetime is known only to be longer than its bin's start.
 */
public final class ArrivalFit {

  private static final double SHARE_MIN = 0.001;
  private static final int EM_ROUNDS = 2_000;

  private final List<AzureTrace> traces;

  public ArrivalFit(List<AzureTrace> traces) {
    this.traces = List.copyOf(traces);
  }

  /** Laws with this many kinds of lifetime. */
  public ArrivalLaws laws(int kinds) {
    double[] harmonic = firstHarmonic();
    double[] batch = batchSize();
    return new ArrivalLaws(
        0,
        harmonic[0],
        harmonic[1],
        batch[0],
        batch[1],
        largestBatch(),
        repeat(),
        flavors(),
        lifetimes(kinds).kinds());
  }

  /**
   * A fitted mixture.
   *
   * @param kinds by median
   * @param logLikelihood per lifetime
   */
  public record LifetimeMixture(List<LifetimeShare> kinds, double logLikelihood) {}

  private List<FlavorShare> flavors() {
    List<Flavor> all = traces.getFirst().flavors().flavors();
    long[] counts = flavorCounts();
    double total = total(counts);
    List<FlavorShare> shares = new ArrayList<>();
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] / total >= SHARE_MIN) {
        Flavor flavor = all.get(i);
        shares.add(
            new FlavorShare(
                flavor.id().value(),
                flavor.size().vcpus(),
                flavor.size().memoryMib(),
                counts[i] / total));
      }
    }
    return shares;
  }

  private long[] flavorCounts() {
    long[] counts = new long[traces.getFirst().flavors().flavors().size()];
    for (AzureTrace trace : traces) {
      for (int vm = 0; vm < trace.size(); vm++) {
        counts[trace.flavor(vm)]++;
      }
    }
    return counts;
  }

  /**
   * With repetition r, neighbours are alike with probability r + (1 - r) * sum of share squared.
   */
  private double repeat() {
    long pairs = 0;
    long alike = 0;
    for (AzureTrace trace : traces) {
      for (int vm = 1; vm < trace.size(); vm++) {
        if (trace.batch(vm) == trace.batch(vm - 1)) {
          pairs++;
          alike += trace.flavor(vm) == trace.flavor(vm - 1) ? 1 : 0;
        }
      }
    }
    long[] counts = flavorCounts();
    double total = total(counts);
    double byChance = 0;
    for (long count : counts) {
      byChance += count / total * (count / total);
    }
    return Math.max(0, ((double) alike / pairs - byChance) / (1 - byChance));
  }

  /** Swing and peak hour of the batches over the day, in hours of the trace. */
  private double[] firstHarmonic() {
    double cosine = 0;
    double sine = 0;
    long batches = 0;
    for (AzureTrace trace : traces) {
      for (int vm = 0; vm < trace.size(); vm++) {
        if (vm == 0 || trace.batch(vm) != trace.batch(vm - 1)) {
          double angle = 2 * Math.PI * (trace.second(vm) - 150) / 86_400.0;
          cosine += Math.cos(angle);
          sine += Math.sin(angle);
          batches++;
        }
      }
    }
    double peak = Math.atan2(sine, cosine) / (2 * Math.PI) * 24;
    return new double[] {2 * Math.hypot(cosine, sine) / batches, peak < 0 ? peak + 24 : peak};
  }

  private int largestBatch() {
    return batchSizes().length - 1;
  }

  /** How many batches there are of each size. */
  private long[] batchSizes() {
    long[] counts = new long[1];
    for (AzureTrace trace : traces) {
      int from = 0;
      for (int vm = 1; vm <= trace.size(); vm++) {
        if (vm == trace.size() || trace.batch(vm) != trace.batch(from)) {
          int size = vm - from;
          if (size >= counts.length) {
            counts = Arrays.copyOf(counts, size + 1);
          }
          counts[size]++;
          from = vm;
        }
      }
    }
    return counts;
  }

  /** Tail and scale of P(size &gt; k) = (1 + k/scale)^-tail, by likelihood on a shrinking grid. */
  private double[] batchSize() {
    long[] counts = batchSizes();
    double tail = 1.5;
    double scale = 1.5;
    for (double step = 0.5; step > 1e-4; step /= 2) {
      boolean better = true;
      while (better) {
        better = false;
        double[][] neighbours = {
          {tail + step, scale},
          {tail - step, scale},
          {tail, scale + step},
          {tail, scale - step},
          {tail + step, scale + step},
          {tail - step, scale - step}
        };
        for (double[] next : neighbours) {
          if (next[0] > 0.05
              && next[1] > 0.05
              && likelihood(counts, next[0], next[1]) > likelihood(counts, tail, scale)) {
            tail = next[0];
            scale = next[1];
            better = true;
          }
        }
      }
    }
    return new double[] {tail, scale};
  }

  private static double likelihood(long[] counts, double tail, double scale) {
    double sum = 0;
    for (int size = 1; size < counts.length; size++) {
      if (counts[size] > 0) {
        double above = Math.pow(1 + (size - 1) / scale, -tail);
        double beyond = Math.pow(1 + size / scale, -tail);
        sum += counts[size] * Math.log(above - beyond);
      }
    }
    return sum;
  }

  /** The mixture of this many lognormals that fits the recorded durations best. */
  public LifetimeMixture lifetimes(int kinds) {
    DurationBins bins = traces.getFirst().bins();
    double[] ended = new double[bins.count()];
    double[] censored = new double[bins.count()];
    for (AzureTrace trace : traces) {
      for (int vm = 0; trace.hasDurations() && vm < trace.size(); vm++) {
        (trace.censored(vm) ? censored : ended)[trace.bin(vm)]++;
      }
    }
    return new Mixture(bins, ended, censored, kinds).fit();
  }

  private static double total(long[] counts) {
    long sum = 0;
    for (long count : counts) {
      sum += count;
    }
    return sum;
  }

  /** Expectation-maximisation over intervals of the logarithm of minutes. */
  private static final class Mixture {

    private final double[] weight;
    private final double[] mean;
    private final double[] deviation;
    private final double[] low;
    private final double[] high;
    private final double[] count;
    private final double[] cell = new double[3];

    Mixture(DurationBins bins, double[] ended, double[] censored, int kinds) {
      int rows = 2 * bins.count();
      low = new double[rows];
      high = new double[rows];
      count = new double[rows];
      for (int bin = 0; bin < bins.count(); bin++) {
        double from = Math.log(bins.fromSeconds(bin) / 60.0);
        low[bin] = from;
        high[bin] = Math.log(bins.untilSeconds(bin) / 60.0);
        count[bin] = ended[bin];
        low[bins.count() + bin] = from;
        high[bins.count() + bin] = Double.POSITIVE_INFINITY;
        count[bins.count() + bin] = censored[bin];
      }
      weight = new double[kinds];
      mean = new double[kinds];
      deviation = new double[kinds];
      for (int k = 0; k < kinds; k++) {
        weight[k] = 1.0 / kinds;
        mean[k] = Math.log(10) + (Math.log(3_000) - Math.log(10)) * (k + 0.5) / kinds;
        deviation[k] = 1.5 / kinds + 0.3;
      }
    }

    LifetimeMixture fit() {
      double logLikelihood = 0;
      for (int round = 0; round < EM_ROUNDS; round++) {
        logLikelihood = step();
      }
      double total = Arrays.stream(count).sum();
      List<LifetimeShare> shares = new ArrayList<>();
      for (int k = 0; k < weight.length; k++) {
        shares.add(new LifetimeShare(weight[k], Math.exp(mean[k]), deviation[k]));
      }
      shares.sort(Comparator.comparingDouble(LifetimeShare::medianMinutes));
      return new LifetimeMixture(shares, logLikelihood / total);
    }

    private double step() {
      int kinds = weight.length;
      double[] mass = new double[kinds];
      double[] first = new double[kinds];
      double[] second = new double[kinds];
      double logLikelihood = 0;
      double[][] moments = new double[kinds][3];
      for (int row = 0; row < count.length; row++) {
        if (count[row] > 0) {
          double sum = 0;
          for (int k = 0; k < kinds; k++) {
            interval(mean[k], deviation[k], low[row], high[row]);
            moments[k] = cell.clone();
            sum += weight[k] * cell[0];
          }
          logLikelihood += count[row] * Math.log(sum);
          for (int k = 0; k < kinds; k++) {
            double share = count[row] * weight[k] * moments[k][0] / sum;
            mass[k] += share;
            first[k] += share * moments[k][1];
            second[k] += share * moments[k][2];
          }
        }
      }
      double total = Arrays.stream(mass).sum();
      for (int k = 0; k < kinds; k++) {
        weight[k] = mass[k] / total;
        mean[k] = first[k] / mass[k];
        deviation[k] = Math.sqrt(Math.max(1e-4, second[k] / mass[k] - mean[k] * mean[k]));
      }
      return logLikelihood;
    }

    /** Probability of an interval under a normal law, and the first two moments within it. */
    private void interval(double mu, double sigma, double from, double to) {
      double a = (from - mu) / sigma;
      double b = (to - mu) / sigma;
      double probability = a > 0 ? upper(a) - upper(b) : upper(-b) - upper(-a);
      if (!(probability > 1e-300)) {
        cell[0] = 0;
        cell[1] = mu;
        cell[2] = mu * mu + sigma * sigma;
        return;
      }
      double densityA = density(a);
      double densityB = density(b);
      double shift = (densityA - densityB) / probability;
      double edge =
          (Double.isInfinite(a) ? 0 : a * densityA) - (Double.isInfinite(b) ? 0 : b * densityB);
      double truncatedMean = mu + sigma * shift;
      double variance = sigma * sigma * Math.max(0, 1 + edge / probability - shift * shift);
      cell[0] = probability;
      cell[1] = truncatedMean;
      cell[2] = truncatedMean * truncatedMean + variance;
    }

    private static double upper(double z) {
      return Double.isInfinite(z) ? (z > 0 ? 0 : 1) : 0.5 * Erf.erfc(z / Math.sqrt(2));
    }

    private static double density(double z) {
      return Double.isInfinite(z) ? 0 : Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
    }
  }
}
