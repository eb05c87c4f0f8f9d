package io.penumbra.scheduler.detector;

/**
 * The last intervals between one host's heartbeats, and how suspicious a silence is after them.
 *
 * <p>Hayashibara, Defago, Yared and Katayama, "The phi accrual failure detector" (SRDS 2004):
 * intervals are taken to be normal, phi is minus log10 of the probability that the next heartbeat
 * comes later than now. Until a host has sent a few, the interval it was announced with stands in,
 * with a deviation of half of it.
 */
final class ArrivalWindow {

  private static final int FEW = 4;
  private final long[] intervals;
  private final double announced;
  private final double stdDevMin;
  private int count;
  private int next;
  private double sum;
  private double sumOfSquares;

  /** All durations are nanoseconds. */
  ArrivalWindow(int size, long announced, long stdDevMin) {
    this.intervals = new long[size];
    this.announced = announced;
    this.stdDevMin = stdDevMin;
  }

  void add(long interval) {
    if (count == intervals.length) {
      double oldest = intervals[next] / announced;
      sum -= oldest;
      sumOfSquares -= oldest * oldest;
    } else {
      count++;
    }
    intervals[next] = interval;
    next = (next + 1) % intervals.length;
    // In units of the announced interval, so that squares stay small and exact enough.
    double scaled = interval / announced;
    sum += scaled;
    sumOfSquares += scaled * scaled;
  }

  double mean() {
    return count < FEW ? announced : sum / count * announced;
  }

  double stdDev() {
    if (count < FEW) {
      return Math.max(stdDevMin, announced / 2);
    }
    double mean = sum / count;
    double variance = Math.max(0, sumOfSquares / count - mean * mean);
    return Math.max(stdDevMin, Math.sqrt(variance) * announced);
  }

  /** Suspicion after a silence. */
  double phi(double silence) {
    return -Math.log10(NormalTail.above((silence - mean()) / stdDev()));
  }

  /** How long a silence may last until a normal deviate has passed {@code z}. */
  double silenceAt(double z) {
    return mean() + z * stdDev();
  }
}
