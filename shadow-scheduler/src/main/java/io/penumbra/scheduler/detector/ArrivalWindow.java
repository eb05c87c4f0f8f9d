package io.penumbra.scheduler.detector;

/**
 * The last intervals between one host's heartbeats, and how suspicious a silence is after them.
 *
 * <p>Hayashibara, Defago, Yared and Katayama, "The phi accrual failure detector" (SRDS 2004):
 * intervals are taken to be normal, phi is minus log10 of the probability that the next heartbeat
 * comes later than now.
 *
 * <p>A window begins as if it had seen {@value #PRIOR} intervals of the announced length, with a
 * deviation of half of it. Each that arrives takes the place of one of those, and counts for
 * {@value #LONGEST} announced ones at most for as long as any of them are left: what makes a
 * heartbeat late while a host or its controller starts is no habit, and one such among a few would
 * hide a silence of a second.
 */
final class ArrivalWindow {

  /** Stand in until as many have arrived. */
  static final int PRIOR = 16;

  /** In a window that is young, in announced intervals. */
  static final int LONGEST = 4;

  private static final double PRIOR_VARIANCE = 0.25;
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

  void add(long arrived) {
    long interval =
        count < prior() ? (long) Math.min((double) arrived, LONGEST * announced) : arrived;
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

  private int prior() {
    return Math.min(PRIOR, intervals.length);
  }

  /** How many intervals nobody has seen count along. */
  private int imagined() {
    return Math.max(0, prior() - count);
  }

  private double scaledMean() {
    return (sum + imagined()) / (count + imagined());
  }

  double mean() {
    return scaledMean() * announced;
  }

  double stdDev() {
    double squares = sumOfSquares + imagined() * (1 + PRIOR_VARIANCE);
    double variance = squares / (count + imagined()) - scaledMean() * scaledMean();
    return Math.max(stdDevMin, Math.sqrt(Math.max(0, variance)) * announced);
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
