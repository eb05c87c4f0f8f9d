package io.penumbra.simulator.workload;

import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.WorkloadSpec;
import java.util.Arrays;

/** Makes the VMs of a scenario: shaped from a trace when it names one, else drawn. */
public final class Workload {

  private static final int STEP_SECONDS = 300;

  private Workload() {}

  /** The VMs; they depend on the scenario's workload, duration and seed only. */
  public static VmTrace of(Scenario scenario) {
    WorkloadSpec spec = scenario.workload();
    if (spec.arrivals().isEmpty()) {
      return new ArrivalGenerator(scenario).generate();
    }
    FlavorMap flavors =
        spec.flavors()
            .map(path -> FlavorMap.read(path, spec.diskGibPerVcpu()))
            .orElseGet(() -> FlavorMap.azureV1(spec.diskGibPerVcpu()));
    DurationBins bins = spec.intervals().map(DurationBins::read).orElse(DurationBins.AZURE_V1);
    AzureTrace trace =
        AzureTrace.read(spec.arrivals().orElseThrow(), spec.durations(), flavors, bins);
    return shape(trace, scenario);
  }

  /**
   * Thins a trace to the wished number of VMs by whole tenant batches, and fits its span to the
   * run. A batch arrives at one moment, anywhere within its five minutes. VMs whose lifetime is
   * censored stay to the end of the run. Without durations, lifetimes are drawn from the
   * generator's laws.
   */
  public static VmTrace shape(AzureTrace trace, Scenario scenario) {
    WorkloadSpec spec = scenario.workload();
    Seeds seeds = scenario.seeds().child("workload");
    boolean[] kept = keptBatches(trace, spec.vms(), seeds);
    long[] at = batchTimes(trace, scenario, seeds);
    Integer[] order = new Integer[trace.batches()];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> at[a] == at[b] ? a - b : Long.compare(at[a], at[b]));
    int[] first = firstVms(trace);
    Lifetimes lifetimes = new Lifetimes(spec.generator(), seeds);
    int room = spec.vms() == 0 ? trace.size() : Math.min(spec.vms(), trace.size());
    VmTrace.Columns columns = new VmTrace.Columns(trace.source(), trace.flavors().flavors(), room);
    long end = scenario.duration().toMillis();
    int batch = 0;
    for (int from : order) {
      if (!kept[from] || at[from] >= end) {
        continue;
      }
      lifetimes.startBatch(from);
      for (int vm = first[from]; vm < first[from + 1] && columns.size() < room; vm++) {
        long lifetime = trace.hasDurations() ? recorded(trace, vm, seeds) : lifetimes.nextMillis();
        columns.add(at[from], lifetime, trace.flavor(vm), batch);
      }
      batch++;
    }
    return columns.build();
  }

  /** A duration anywhere within its bin, with equal probability. */
  private static long recorded(AzureTrace trace, int vm, Seeds seeds) {
    if (trace.censored(vm)) {
      return VmTrace.STAYS;
    }
    long from = trace.bins().fromSeconds(trace.bin(vm));
    long until = trace.bins().untilSeconds(trace.bin(vm));
    return (long) ((from + (until - from) * seeds.uniform("within-bin", vm)) * 1000);
  }

  private static int[] firstVms(AzureTrace trace) {
    int[] first = new int[trace.batches() + 1];
    for (int vm = trace.size() - 1; vm >= 0; vm--) {
      first[trace.batch(vm)] = vm;
    }
    first[trace.batches()] = trace.size();
    return first;
  }

  /** Batches by lot until the wish is filled; the last one that fits only in part fills it up. */
  private static boolean[] keptBatches(AzureTrace trace, int wished, Seeds seeds) {
    boolean[] kept = new boolean[trace.batches()];
    if (wished == 0 || wished >= trace.size()) {
      Arrays.fill(kept, true);
      return kept;
    }
    int[] first = firstVms(trace);
    double[] lots = new double[trace.batches()];
    Integer[] order = new Integer[trace.batches()];
    for (int batch = 0; batch < order.length; batch++) {
      lots[batch] = seeds.uniform("thin", batch);
      order[batch] = batch;
    }
    Arrays.sort(order, (a, b) -> Double.compare(lots[a], lots[b]));
    int taken = 0;
    for (int batch : order) {
      if (taken >= wished) {
        break;
      }
      kept[batch] = true;
      taken += first[batch + 1] - first[batch];
    }
    return kept;
  }

  /** Milliseconds of the run at which each batch arrives. */
  private static long[] batchTimes(AzureTrace trace, Scenario scenario, Seeds seeds) {
    long begin = Math.max(0, trace.second(0) - STEP_SECONDS);
    long span = trace.second(trace.size() - 1) - begin;
    double scale =
        scenario.workload().fit() ? scenario.duration().toMillis() / (double) span : 1000;
    long[] at = new long[trace.batches()];
    for (int vm = 0; vm < trace.size(); vm++) {
      int batch = trace.batch(vm);
      double second =
          trace.second(vm) - begin - STEP_SECONDS * (1 - seeds.uniform("spread", batch));
      at[batch] = (long) (Math.max(0, second) * scale);
    }
    return at;
  }

  /** The first few words about a workload, for reports. */
  public static String describe(VmTrace trace) {
    long stays = 0;
    for (int vm = 0; vm < trace.size(); vm++) {
      stays += trace.lifetimeMillis(vm) == VmTrace.STAYS ? 1 : 0;
    }
    return "%d VMs from %s, %d of them stay to the end"
        .formatted(trace.size(), trace.source(), stays);
  }
}
