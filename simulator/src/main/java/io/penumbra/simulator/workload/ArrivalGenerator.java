package io.penumbra.simulator.workload;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.Resources;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.scenario.ArrivalLaws;
import io.penumbra.simulator.scenario.ArrivalLaws.FlavorShare;
import io.penumbra.simulator.scenario.Scenario;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** Draws VMs from the laws of a scenario. */
final class ArrivalGenerator {

  private static final double MILLIS_PER_HOUR = 3_600_000;

  private final Scenario scenario;
  private final ArrivalLaws laws;
  private final Seeds seeds;
  private final double flavorShares;

  ArrivalGenerator(Scenario scenario) {
    this.scenario = scenario;
    this.laws = scenario.workload().generator();
    this.seeds = scenario.seeds().child("workload");
    this.flavorShares = laws.flavors().stream().mapToDouble(FlavorShare::share).sum();
  }

  VmTrace generate() {
    int[] sizes = laws.batchesPerHour() > 0 ? sizesByRate() : sizesByCount();
    long[] times = times(sizes.length);
    Lifetimes lifetimes = new Lifetimes(laws, seeds);
    VmTrace.Columns columns =
        new VmTrace.Columns(
            "generator (seed %d)".formatted(scenario.seed()),
            flavors(),
            Arrays.stream(sizes).sum());
    for (int batch = 0; batch < sizes.length; batch++) {
      RandomGenerator random = seeds.stream("flavor", batch);
      lifetimes.startBatch(batch);
      int flavor = -1;
      for (int i = 0; i < sizes[batch]; i++) {
        double repeat = random.nextDouble();
        if (flavor < 0 || repeat >= laws.repeat()) {
          flavor = flavor(random);
        }
        columns.add(times[batch], lifetimes.nextMillis(), flavor, batch);
      }
    }
    return columns.build();
  }

  /** As many batches as make the wished number of VMs; the last one is cut to size. */
  private int[] sizesByCount() {
    RandomGenerator random = seeds.stream("batch-size");
    int wished = scenario.workload().vms();
    int[] sizes = new int[16];
    int count = 0;
    int total = 0;
    while (total < wished) {
      if (count == sizes.length) {
        sizes = Arrays.copyOf(sizes, count * 2);
      }
      sizes[count] = Math.min(size(random), wished - total);
      total += sizes[count++];
    }
    return Arrays.copyOf(sizes, count);
  }

  /** As many batches as a Poisson process brings, until the most VMs that are wished are there. */
  private int[] sizesByRate() {
    RandomGenerator counts = seeds.stream("batch-count");
    RandomGenerator random = seeds.stream("batch-size");
    int wished = scenario.workload().vms() == 0 ? Integer.MAX_VALUE : scenario.workload().vms();
    double expected = laws.batchesPerHour() * scenario.duration().toMillis() / MILLIS_PER_HOUR;
    List<Integer> sizes = new ArrayList<>();
    long total = 0;
    double at = -Math.log(1 - counts.nextDouble());
    while (at < expected && total < wished) {
      int size = (int) Math.min(size(random), wished - total);
      sizes.add(size);
      total += size;
      at += -Math.log(1 - counts.nextDouble());
    }
    return sizes.stream().mapToInt(Integer::intValue).toArray();
  }

  private int size(RandomGenerator random) {
    while (true) {
      double u = 1 - random.nextDouble();
      double size = 1 + Math.floor(laws.batchScale() * (Math.pow(u, -1 / laws.batchTail()) - 1));
      if (size <= laws.batchMax()) {
        return (int) size;
      }
    }
  }

  /**
   * Moments of a Poisson process whose rate follows the hour of the day: given their number, they
   * are independent draws from the rate's shape, in order.
   */
  private long[] times(int count) {
    RandomGenerator random = seeds.stream("batch-time");
    long span = scenario.duration().toMillis();
    double startHour =
        scenario.start().atOffset(ZoneOffset.UTC).toLocalTime().toSecondOfDay() / 3600.0;
    long[] times = new long[count];
    for (int i = 0; i < count; i++) {
      long at;
      double height;
      do {
        at = random.nextLong(span);
        double hour = startHour + at / MILLIS_PER_HOUR - laws.peakHour();
        height = 1 + laws.dailySwing() * Math.cos(2 * Math.PI * hour / 24);
      } while (random.nextDouble() * (1 + laws.dailySwing()) > height);
      times[i] = at;
    }
    Arrays.sort(times);
    return times;
  }

  private int flavor(RandomGenerator random) {
    double left = random.nextDouble() * flavorShares;
    for (int i = 0; i < laws.flavors().size(); i++) {
      left -= laws.flavors().get(i).share();
      if (left < 0) {
        return i;
      }
    }
    return laws.flavors().size() - 1;
  }

  private List<Flavor> flavors() {
    long disk = scenario.workload().diskGibPerVcpu();
    return laws.flavors().stream()
        .map(f ->
            new Flavor(
                FlavorId.of(f.name()), new Resources(f.vcpus(), f.memoryMib(), f.vcpus() * disk)))
        .toList();
  }
}
