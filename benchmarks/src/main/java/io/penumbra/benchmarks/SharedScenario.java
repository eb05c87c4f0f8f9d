package io.penumbra.benchmarks;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A scenario with nothing in it that either simulator could not run: hosts of one size, VMs that
 * come and go, hosts that break and are mended. Times are seconds from the start.
 *
 * @param arrivals in time order
 * @param failures in time order; a host does not fail again before it is mended
 */
public record SharedScenario(
    int hosts,
    int hostVcpus,
    long hostMemoryMib,
    long hostDiskGib,
    double seconds,
    List<Arrival> arrivals,
    List<Failure> failures) {

  private static final double DAY = 86_400;

  public SharedScenario {
    arrivals = List.copyOf(arrivals);
    failures = List.copyOf(failures);
  }

  /**
   * A scenario by simple laws, from a seed: arrivals evenly spread in expectation, one VM in ten
   * stays to the end, each host fails on average twice a year and is away for some hours.
   */
  static SharedScenario drawn(int hosts, int vms, int days, long seed) {
    SplittableRandom chance = new SplittableRandom(seed);
    double end = days * DAY;
    List<Arrival> arrivals = new ArrayList<>(vms);
    for (int i = 0; i < vms; i++) {
      int vcpus = 1 << chance.nextInt(4);
      double lifetime =
          chance.nextInt(10) == 0 ? end : -Math.log(1 - chance.nextDouble()) * 2 * DAY;
      arrivals.add(
          new Arrival(chance.nextDouble() * end, lifetime, vcpus, vcpus * 4096L, vcpus * 20L));
    }
    arrivals.sort(Comparator.comparingDouble(Arrival::at));
    List<Failure> failures = new ArrayList<>();
    for (int host = 0; host < hosts; host++) {
      double at = -Math.log(1 - chance.nextDouble()) * 182 * DAY;
      while (at < end) {
        double mended = at + 3600 * (1 + 10 * chance.nextDouble());
        failures.add(new Failure(host, at, mended));
        at = mended - Math.log(1 - chance.nextDouble()) * 182 * DAY;
      }
    }
    failures.sort(Comparator.comparingDouble(Failure::at));
    return new SharedScenario(hosts, 64, 262_144, 4_000, end, arrivals, failures);
  }

  /** One VM: when it comes, how long it stays, how large it is. */
  public record Arrival(double at, double lifetime, int vcpus, long memoryMib, long diskGib) {}

  /** One host that is down from {@code at} to {@code mended}. */
  public record Failure(int host, double at, double mended) {}
}
