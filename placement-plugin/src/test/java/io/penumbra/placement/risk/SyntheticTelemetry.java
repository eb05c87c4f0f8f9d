package io.penumbra.placement.risk;

import io.penumbra.domain.HostId;
import io.penumbra.domain.telemetry.HostTelemetry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Hosts whose chance of failing within a week follows a known law of pending sectors, corrected
 * memory errors and one bad firmware, so that a model can be held against the truth.
 */
record SyntheticTelemetry(int hosts, int samplesPerHost, long seed) implements TrainingData {

  static final Duration WEEK = Duration.ofDays(7);
  static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  @Override
  public String source() {
    return "synthetic, seed " + seed;
  }

  @Override
  public long samplesAbout() {
    return (long) hosts * samplesPerHost;
  }

  @Override
  public Iterator<ObservedTelemetry> samples() {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    List<ObservedTelemetry> samples = new ArrayList<>();
    for (int host = 0; host < hosts; host++) {
      boolean sick = random.nextInt(10) == 0;
      for (int i = 0; i < samplesPerHost; i++) {
        HostTelemetry telemetry = telemetry("hv-%05d".formatted(host), i, sick, random);
        boolean fails = random.nextDouble() < chance(telemetry);
        samples.add(
            new ObservedTelemetry(
                telemetry,
                fails
                    ? new ObservedTelemetry.Failed(Duration.ofDays(1 + random.nextInt(6)))
                    : new ObservedTelemetry.Survived(Duration.ofDays(30))));
      }
    }
    return samples.iterator();
  }

  /** The law: log-odds of failing within a week. */
  static double chance(HostTelemetry telemetry) {
    double logOdds =
        -5
            + 1.5 * Math.log1p(telemetry.disk().pendingSectors())
            + 0.7 * Math.log1p(telemetry.memory().correctedLastDay())
            + (telemetry.history().firmware().equals("2.1-bad") ? 1 : 0);
    return 1 / (1 + Math.exp(-logOdds));
  }

  static HostTelemetry telemetry(String host, int day, boolean sick, RandomGenerator random) {
    double pending = sick ? random.nextInt(40) : random.nextInt(100) / 98;
    double corrected = sick ? random.nextInt(200) : random.nextInt(4);
    double inlet = 20 + 5 * random.nextDouble();
    return new HostTelemetry(
        HostId.of(host),
        START.plus(Duration.ofDays(day)),
        new HostTelemetry.Load(random.nextDouble(), random.nextDouble()),
        new HostTelemetry.MemoryHealth(corrected, corrected * 5),
        new HostTelemetry.DiskHealth(
            random.nextInt(3), 0, random.nextInt(2), pending, Double.NaN, pending / 4),
        new HostTelemetry.Thermal(inlet, inlet + 30 * random.nextDouble(), random.nextDouble()),
        new HostTelemetry.ServiceHistory(
            24 * 365 * random.nextDouble(),
            sick ? 1 : 0,
            sick ? 900 : Double.NaN,
            random.nextInt(4) == 0 ? "2.1-bad" : "2.0"),
        new HostTelemetry.Guests(
            random.nextDouble() / 5, random.nextInt(2), 0, random.nextDouble() / 10));
  }
}
