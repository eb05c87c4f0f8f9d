package io.penumbra.simulator.telemetry;

import io.penumbra.domain.HostId;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.telemetry.HostTelemetry;
import io.penumbra.placement.risk.FeatureList;
import io.penumbra.placement.risk.ObservedTelemetry.Failed;
import io.penumbra.placement.risk.ObservedTelemetry.Fate;
import io.penumbra.placement.risk.ObservedTelemetry.Survived;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.hardware.FailureKind;
import io.penumbra.simulator.hardware.FailureSchedule;
import io.penumbra.simulator.hardware.HardwareFailure;
import io.penumbra.simulator.hardware.HostPast;
import io.penumbra.simulator.hardware.Precursor;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioFleet;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * What the hosts of a scenario show at any moment: a pure function of seed, host, time and failure
 * schedule, so it can be asked in any order, again and again, and nothing is stored per sample.
 *
 * <p>Baselines differ from host to host and load follows the day; counters grow with age; before an
 * announced failure its signs grow, and now and then they grow and fade with no failure behind
 * them.
 */
public final class SimulatedTelemetry {

  private static final double MILLIS_PER_HOUR = 3_600_000;
  private static final long MILLIS_PER_DAY = 86_400_000;
  private static final int MINUTES_PER_DAY = 1_440;

  private final ScenarioFleet fleet;
  private final Instant start;
  private final long endMillis;
  private final long startMinuteOfDay;
  private final Baseline[] baselines;
  private final Precursor[][] precursors;
  private final HardwareFailure[][] outages;
  private final double[] dayCurve = new double[MINUTES_PER_DAY];

  /** What one host shows when nothing is wrong with it. */
  private record Baseline(
      HostId id,
      String firmware,
      long seed,
      double ageHours,
      HostPast past,
      double cpu,
      double memory,
      double swing,
      double correctedPerDay,
      double defectsPerYear,
      double defects,
      double inlet,
      double fan) {}

  public SimulatedTelemetry(Scenario scenario, ScenarioFleet fleet, FailureSchedule schedule) {
    this.fleet = fleet;
    this.start = scenario.start();
    this.endMillis = scenario.duration().toMillis();
    this.startMinuteOfDay = Math.floorMod(start.getEpochSecond(), 86_400L) / 60;
    Seeds seeds = scenario.seeds().child("telemetry");
    this.baselines = new Baseline[fleet.size()];
    for (int host = 0; host < fleet.size(); host++) {
      baselines[host] = baseline(fleet.host(host), host, schedule.pasts().get(host), seeds);
    }
    this.precursors = new Precursor[fleet.size()][];
    this.outages = new HardwareFailure[fleet.size()][];
    groupByHost(schedule);
    for (int minute = 0; minute < MINUTES_PER_DAY; minute++) {
      dayCurve[minute] = Math.cos(2 * Math.PI * (minute / (double) MINUTES_PER_DAY - 14.0 / 24));
    }
  }

  private void groupByHost(FailureSchedule schedule) {
    List<List<Precursor>> signs = new ArrayList<>(fleet.size());
    List<List<HardwareFailure>> down = new ArrayList<>(fleet.size());
    for (int host = 0; host < fleet.size(); host++) {
      signs.add(new ArrayList<>(0));
      down.add(new ArrayList<>(0));
    }
    schedule.precursors().forEach(precursor -> signs.get(precursor.host()).add(precursor));
    for (HardwareFailure failure : schedule.failures()) {
      if (failure.kind() != FailureKind.SLOW) {
        down.get(failure.host()).add(failure);
      }
    }
    for (int host = 0; host < fleet.size(); host++) {
      precursors[host] = signs.get(host).toArray(Precursor[]::new);
      outages[host] = down.get(host).toArray(HardwareFailure[]::new);
    }
  }

  private Baseline baseline(Host host, int index, HostPast past, Seeds seeds) {
    RandomGenerator random = seeds.stream("baseline", index);
    double age = Duration.between(host.commissioned(), start).toMillis() / MILLIS_PER_HOUR;
    // Most hosts never correct an error, a few do so every day (Schroeder et al. 2009).
    boolean leaky = random.nextDouble() < 0.15;
    double corrected = leaky ? Math.exp(random.nextGaussian() * 1.5) : 0.02 * random.nextDouble();
    boolean worn = random.nextDouble() < 0.1;
    double defectsPerYear = worn ? 20 * random.nextDouble() : 0;
    return new Baseline(
        host.id(),
        host.hardware().firmware(),
        seeds.of("noise", index),
        Math.max(0, age),
        past,
        0.2 + 0.4 * random.nextDouble(),
        0.4 + 0.35 * random.nextDouble(),
        0.05 + 0.15 * random.nextDouble(),
        corrected,
        defectsPerYear,
        worn ? 10 * random.nextDouble() : 0,
        20 + 4 * random.nextDouble(),
        0.35 + 0.1 * random.nextDouble());
  }

  public ScenarioFleet fleet() {
    return fleet;
  }

  /** Whether the host is up at this moment of the run, and so sends samples. */
  public boolean reports(int host, Duration at) {
    return reports(host, at.toMillis());
  }

  boolean reports(int host, long millis) {
    for (HardwareFailure outage : outages[host]) {
      long from = outage.at().toMillis();
      if (millis >= from && millis < from + outage.lasts().toMillis()) {
        return false;
      }
    }
    return true;
  }

  /** The host's sample at this moment of the run; empty while it is down or stalled. */
  public Optional<HostTelemetry> sample(int host, Duration at) {
    long millis = at.toMillis();
    return reports(host, millis) ? Optional.of(measure(host, millis)) : Optional.empty();
  }

  /**
   * Writes the host's sample as a model's row; nothing is kept, so millions of rows are cheap.
   *
   * @return whether the host reports at this moment; if not, nothing is written
   */
  public boolean write(int host, long millis, FeatureList features, float[] row, int offset) {
    if (!reports(host, millis)) {
      return false;
    }
    features.write(measure(host, millis), row, offset);
    return true;
  }

  /** What becomes of the host after this moment of the run, as far as the run goes. */
  public Fate fate(int host, Duration at) {
    long millis = at.toMillis();
    for (HardwareFailure outage : outages[host]) {
      long failed = outage.at().toMillis();
      if (outage.kind() == FailureKind.CRASH && failed >= millis) {
        return new Failed(Duration.ofMillis(failed - millis));
      }
    }
    return new Survived(Duration.ofMillis(Math.max(0, endMillis - millis)));
  }

  private HostTelemetry measure(int host, long millis) {
    Baseline base = baselines[host];
    Growth growth = grown(precursors[host], millis);
    Noise noise = new Noise(base.seed() + millis);
    double curve =
        dayCurve[(int) Math.floorMod(millis / 60_000 + startMinuteOfDay, (long) MINUTES_PER_DAY)];
    double cpu = share(base.cpu() + base.swing() * curve + 0.05 * noise.normal());
    double memory =
        share(
            base.memory() + 0.3 * base.swing() * curve + growth.memoryLoad + 0.02 * noise.normal());
    double inlet = base.inlet() + curve + growth.inletCelsius + 0.5 * noise.normal();
    double fan = Math.max(0.1, base.fan() + 0.25 * cpu + growth.fan + 0.02 * noise.normal());
    double cpuCelsius = inlet + 12 + 35 * cpu + growth.cpuCelsius + 1.5 * noise.normal();
    return new HostTelemetry(
        base.id(),
        start.plusMillis(millis),
        new HostTelemetry.Load(cpu, memory),
        memoryHealth(base, growth, millis),
        diskHealth(base, growth, millis, noise),
        new HostTelemetry.Thermal(inlet, cpuCelsius, fan),
        history(host, base, millis),
        guests(growth, cpu, memory, noise));
  }

  private static HostTelemetry.MemoryHealth memoryHealth(
      Baseline base, Growth growth, long millis) {
    double days = (base.ageHours() + millis / MILLIS_PER_HOUR) / 24;
    double total = Math.floor(base.correctedPerDay() * days + growth.correctedErrors);
    double dayBefore =
        Math.floor(
            base.correctedPerDay() * Math.max(0, days - 1) + growth.correctedErrorsDayBefore);
    return new HostTelemetry.MemoryHealth(Math.max(0, total - dayBefore), total);
  }

  private static HostTelemetry.DiskHealth diskHealth(
      Baseline base, Growth growth, long millis, Noise noise) {
    double years = (base.ageHours() + millis / MILLIS_PER_HOUR) / (24 * 365.25);
    double worn = base.defects() + base.defectsPerYear() * years;
    double wornDayBefore = base.defects() + base.defectsPerYear() * Math.max(0, years - 1 / 365.25);
    double now = Math.floor(worn + growth.diskDefects);
    double before = Math.floor(wornDayBefore + growth.diskDefectsDayBefore);
    double timeouts = Math.floor(growth.commandTimeouts) + (noise.uniform() < 0.02 ? 1 : 0);
    // The counters' shares of all defects: most are remapped, a few still wait or were lost.
    double reallocated = Math.floor(0.6 * now);
    double pending = Math.floor(0.2 * now);
    double uncorrectable = Math.floor(0.1 * now);
    return new HostTelemetry.DiskHealth(
        reallocated,
        uncorrectable,
        timeouts,
        pending,
        now - reallocated - pending - uncorrectable,
        Math.max(0, now - before));
  }

  private HostTelemetry.ServiceHistory history(int host, Baseline base, long millis) {
    int failures = base.past().failures();
    double sinceRepair =
        Double.isNaN(base.past().hoursSinceRepair())
            ? Double.NaN
            : base.past().hoursSinceRepair() + millis / MILLIS_PER_HOUR;
    for (HardwareFailure outage : outages[host]) {
      long back = outage.at().toMillis() + outage.lasts().toMillis();
      if (outage.kind() == FailureKind.CRASH && back <= millis) {
        failures++;
        sinceRepair = (millis - back) / MILLIS_PER_HOUR;
      }
    }
    return new HostTelemetry.ServiceHistory(
        base.ageHours() + millis / MILLIS_PER_HOUR, failures, sinceRepair, base.firmware());
  }

  private static HostTelemetry.Guests guests(
      Growth growth, double cpu, double memory, Noise noise) {
    double pressure = 0.3 * Math.max(0, memory - 0.8) + growth.pressure + 0.02 * noise.uniform();
    double steal = 0.1 * Math.max(0, cpu - 0.7) + growth.steal + 0.02 * noise.uniform();
    double crashes = Math.floor(growth.guestCrashes) + (noise.uniform() < 0.03 ? 1 : 0);
    double ioErrors = Math.floor(growth.ioErrors) + (noise.uniform() < 0.05 ? 1 : 0);
    return new HostTelemetry.Guests(share(pressure), crashes, ioErrors, share(steal));
  }

  private static Growth grown(Precursor[] precursors, long millis) {
    if (precursors.length == 0) {
      return Growth.NONE;
    }
    Growth growth = new Growth();
    for (Precursor precursor : precursors) {
      growth.add(precursor, millis);
    }
    return growth;
  }

  private static double share(double value) {
    return Math.clamp(value, 0, 1);
  }

  /** The signs of one host's precursors at one moment, added up. */
  private static final class Growth {

    static final Growth NONE = new Growth();

    private double correctedErrors;
    private double correctedErrorsDayBefore;
    private double diskDefects;
    private double diskDefectsDayBefore;
    private double commandTimeouts;
    private double cpuCelsius;
    private double inletCelsius;
    private double fan;
    private double memoryLoad;
    private double pressure;
    private double steal;
    private double guestCrashes;
    private double ioErrors;

    void add(Precursor precursor, long millis) {
      double progress = progress(precursor, millis);
      if (progress <= 0) {
        return;
      }
      Signs signs = Signs.of(precursor.cause());
      double counted = precursor.strength() * progress * progress;
      double dayBefore = progress(precursor, millis - MILLIS_PER_DAY);
      double countedBefore = precursor.strength() * dayBefore * dayBefore;
      correctedErrors += signs.correctedErrors() * counted;
      correctedErrorsDayBefore += signs.correctedErrors() * countedBefore;
      diskDefects += signs.diskDefects() * counted;
      diskDefectsDayBefore += signs.diskDefects() * countedBefore;
      guestCrashes += signs.guestCrashes() * (counted - countedBefore);
      ioErrors += signs.ioErrors() * (counted - countedBefore);
      if (progress < 1) {
        double level = precursor.strength() * progress;
        commandTimeouts += signs.commandTimeouts() * level;
        cpuCelsius += signs.cpuCelsius() * level;
        inletCelsius += signs.inletCelsius() * level;
        fan += signs.fan() * level;
        memoryLoad += signs.memoryLoad() * level;
        pressure += signs.pressure() * level;
        steal += signs.steal() * level;
      }
    }

    /** 0 before the signs, 1 from their end on: counters stay where they are, levels are gone. */
    private static double progress(Precursor precursor, long millis) {
      long from = precursor.from().toMillis();
      long until = precursor.until().toMillis();
      if (millis <= from) {
        return 0;
      }
      return millis >= until ? 1 : (millis - from) / (double) (until - from);
    }
  }

  /** Numbers that depend on host and time only. */
  private static final class Noise {

    private static final long GOLDEN = 0x9e3779b97f4a7c15L;
    private static final double PER_16_BITS = 1.0 / 65_536;
    private static final double SQRT_3 = Math.sqrt(3);

    private long state;

    Noise(long seed) {
      this.state = seed;
    }

    double uniform() {
      return Seeds.toUniform(next());
    }

    /** Nearly normal: the sum of four uniforms from one draw, brought to deviation 1. */
    double normal() {
      long bits = next();
      double sum =
          ((bits & 0xffff) + ((bits >>> 16) & 0xffff) + ((bits >>> 32) & 0xffff) + (bits >>> 48))
              * PER_16_BITS;
      return (sum - 2) * SQRT_3;
    }

    private long next() {
      state += GOLDEN;
      return Seeds.mix(state);
    }
  }
}
