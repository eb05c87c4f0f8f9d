package io.penumbra.sync.path;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * What is known of one path, from the acks that come back over it.
 *
 * <ul>
 *   <li><b>Bandwidth</b>: a local-level Kalman filter ({@link LevelFilter}) over the spacing of
 *       acks inside trains of shards that were sent without a pause; after a pause the sender would
 *       be measured and not the path. (Packet dispersion: Dovrolis et al., INFOCOM 2001; a rate
 *       that the sender limited does not count: Cheng et al., delivery rate estimation, IETF
 *       draft.)
 *   <li><b>Delay</b>: half the smallest round trip of late, with the mean deviation of RFC 6298.
 *   <li><b>Loss</b>: a beta-binomial estimate with forgetting.
 *   <li><b>Stability</b>: the two states of Gilbert and Elliott. TCP hides single losses, what
 *       remains comes in outages: their rate is a gamma-Poisson estimate with forgetting.
 * </ul>
 */
public final class PathModel {

  private static final double NANOS = 1e9;

  /** Until something is seen: 100 Mbit/s, give or take a factor of ten. */
  private static final double START_BYTES_PER_SECOND = 12.5e6;

  private static final double START_DEVIATION = 2.3;
  private static final double WANDER = 0.2;
  private static final double SCATTER = 0.35;
  private static final double BYTES_PER_SECOND_MIN = 1e3;
  private static final double BYTES_PER_SECOND_MAX = 2e10;

  /** A train is evaluated this often, so that a long one tells of changes early. */
  private static final long SAMPLE_NANOS = 10_000_000;

  private static final long SAMPLE_NANOS_MIN = 20_000;
  private static final long START_ROUND_TRIP = 20_000_000;

  /** The smallest round trip is forgotten after this long, so that a changed route is seen. */
  private static final long ROUND_TRIP_MEMORY = 10_000_000_000L;

  private static final long PATIENCE_MIN = 60_000_000;
  private static final long PATIENCE_MAX = 1_000_000_000;

  /** Forgetting: shards and seconds lose half their weight after about 700 shards, ten minutes. */
  private static final double SHARD_MEMORY = 0.999;

  private static final double OUTAGE_MEMORY_SECONDS = 600;

  /** Before anything is seen: one outage an hour, one shard in ten thousand. */
  private static final double PRIOR_OUTAGES = 0.1;

  private static final double PRIOR_UP_SECONDS = 360;
  private static final double PRIOR_LOST = 0.01;
  private static final double PRIOR_ARRIVED = 100;

  private final Deque<Flight> flights = new ArrayDeque<>();
  private final LevelFilter bandwidth;

  private double smoothRoundTrip;
  private double roundTripDeviation;
  private boolean roundTripSeen;
  private long roundTripMin = START_ROUND_TRIP;
  private long roundTripMinNext = Long.MAX_VALUE;
  private long roundTripMinSince;

  private long bytesInFlight;
  private long lastProgress;
  private long trainAt;
  private long trainBytes;
  private int trainShards;
  private boolean trainRuns;

  private double lost = PRIOR_LOST;
  private double arrived = PRIOR_ARRIVED;
  private double outages = PRIOR_OUTAGES;
  private double upSeconds = PRIOR_UP_SECONDS;
  private long upCountedTo;
  private boolean working;

  public PathModel(long now) {
    bandwidth = new LevelFilter(START_BYTES_PER_SECOND, START_DEVIATION, WANDER, SCATTER, now);
    lastProgress = now;
    roundTripMinSince = now;
    upCountedTo = now;
  }

  /** A connection stands. */
  public void opened(long now) {
    flights.clear();
    bytesInFlight = 0;
    trainRuns = false;
    lastProgress = now;
    begin(now);
  }

  /** The connection broke; whatever was in flight is gone. */
  public void closed(long now) {
    flights.clear();
    bytesInFlight = 0;
    trainRuns = false;
    stop(now);
  }

  /**
   * Something was written.
   *
   * @param sequence counts up on this connection; it comes back in the ack
   * @param afterPause whether the sender had had nothing to send before
   */
  public void sent(long sequence, int bytes, boolean afterPause, long now) {
    if (flights.isEmpty()) {
      lastProgress = now;
    }
    flights.addLast(new Flight(sequence, bytes, afterPause, now));
    bytesInFlight += bytes;
  }

  /** An ack came: whether what was sent arrived intact, and how long the other side kept it. */
  public void acked(long sequence, boolean intact, long heldNanos, long now) {
    Optional<Flight> found = land(sequence);
    if (found.isEmpty()) {
      return;
    }
    Flight flight = found.get();
    lastProgress = now;
    begin(now);
    count(intact);
    roundTrip(Math.max(1, now - flight.sentAt() - heldNanos), now);
    train(flight, now);
  }

  private Optional<Flight> land(long sequence) {
    while (!flights.isEmpty() && flights.getFirst().sequence() <= sequence) {
      Flight flight = flights.removeFirst();
      bytesInFlight -= flight.bytes();
      if (flight.sequence() == sequence) {
        return Optional.of(flight);
      }
    }
    return Optional.empty();
  }

  private void count(boolean intact) {
    lost = PRIOR_LOST + (lost - PRIOR_LOST) * SHARD_MEMORY + (intact ? 0 : 1);
    arrived = PRIOR_ARRIVED + (arrived - PRIOR_ARRIVED) * SHARD_MEMORY + (intact ? 1 : 0);
  }

  private void roundTrip(long sample, long now) {
    if (now - roundTripMinSince > ROUND_TRIP_MEMORY) {
      roundTripMin = Math.min(sample, roundTripMinNext);
      roundTripMinNext = Long.MAX_VALUE;
      roundTripMinSince = now;
    }
    if (!roundTripSeen) {
      roundTripSeen = true;
      roundTripMin = sample;
      smoothRoundTrip = sample;
      roundTripDeviation = sample / 2.0;
      return;
    }
    roundTripMin = Math.min(roundTripMin, sample);
    roundTripMinNext = Math.min(roundTripMinNext, sample);
    roundTripDeviation += (Math.abs(sample - smoothRoundTrip) - roundTripDeviation) / 4;
    smoothRoundTrip += (sample - smoothRoundTrip) / 8;
  }

  private void train(Flight flight, long now) {
    if (!trainRuns || flight.afterPause()) {
      trainRuns = true;
      startSample(now);
      return;
    }
    trainBytes += flight.bytes();
    trainShards++;
    long elapsed = now - trainAt;
    boolean last = flights.isEmpty();
    if (elapsed >= SAMPLE_NANOS || (last && elapsed >= SAMPLE_NANOS_MIN)) {
      double rate = trainBytes / (elapsed / NANOS);
      bandwidth.observe(
          Math.clamp(rate, BYTES_PER_SECOND_MIN, BYTES_PER_SECOND_MAX), trainShards, now);
      startSample(now);
    }
  }

  private void startSample(long now) {
    trainAt = now;
    trainBytes = 0;
    trainShards = 0;
  }

  /** Whether an ack is so late that the path must be taken for broken until one comes. */
  public boolean suspect(long now) {
    return !flights.isEmpty() && now - lastProgress > patience();
  }

  /** When it will have to be suspected if nothing comes until then. */
  public Optional<Long> suspectAt() {
    return flights.isEmpty() ? Optional.empty() : Optional.of(lastProgress + patience() + 1);
  }

  private long patience() {
    double next = flights.isEmpty() ? 0 : flights.getFirst().bytes() / bandwidth.rate() * NANOS;
    double due = 2 * smoothRoundTrip + 4 * roundTripDeviation + 3 * next;
    return Math.clamp((long) due, PATIENCE_MIN, PATIENCE_MAX);
  }

  /** It was found to be suspect: that is an outage, whether the connection breaks or not. */
  public void suspected(long now) {
    stop(now);
  }

  private void begin(long now) {
    if (!working) {
      working = true;
      upCountedTo = now;
    }
  }

  private void stop(long now) {
    countUp(now);
    if (working) {
      working = false;
      outages++;
    }
  }

  private void countUp(long now) {
    if (working) {
      double seconds = Math.max(0, now - upCountedTo) / NANOS;
      double keep = Math.exp(-seconds / OUTAGE_MEMORY_SECONDS);
      outages = PRIOR_OUTAGES + (outages - PRIOR_OUTAGES) * keep;
      upSeconds = PRIOR_UP_SECONDS + (upSeconds - PRIOR_UP_SECONDS) * keep + seconds;
    }
    upCountedTo = now;
  }

  /** Bytes written that no ack has come for. */
  public long bytesInFlight() {
    return bytesInFlight;
  }

  /**
   * How many bytes may be in flight: twice what the path holds, so that its bandwidth shows without
   * a queue that would delay what is sent later. A rate that is too low doubles it every round
   * trip.
   */
  public long window(int shardBytes) {
    double held = 2 * bandwidth.rate() * roundTripMin / NANOS;
    return (long) held + 2L * shardBytes;
  }

  /** What to expect of it. */
  public PathForecast forecast(long now) {
    countUp(now);
    return new PathForecast(
        roundTripMin / 2.0,
        roundTripDeviation / 2,
        bandwidth.rate(),
        bandwidth.deviation(now),
        lost / (lost + arrived),
        outages / upSeconds);
  }

  /**
   * Something on its way.
   *
   * @param sequence its number on the connection
   * @param afterPause whether it opens a train
   */
  private record Flight(long sequence, int bytes, boolean afterPause, long sentAt) {}
}
