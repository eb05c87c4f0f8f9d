package io.penumbra.simulator.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioDraft;
import io.penumbra.simulator.scenario.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkloadTest {

  @TempDir private Path folder = Path.of(".");

  @Test
  void theGeneratorMakesExactlyTheWishedNumberInOrder() {
    Scenario scenario = ScenarioDraft.defaults().vms(100_000).build();
    VmTrace trace = Workload.of(scenario);
    assertThat(trace.size()).isEqualTo(100_000);
    for (int vm = 1; vm < trace.size(); vm++) {
      assertThat(trace.atMillis(vm)).isGreaterThanOrEqualTo(trace.atMillis(vm - 1));
      assertThat(trace.lifetimeMillis(vm)).isPositive();
    }
    assertThat(trace.atMillis(trace.size() - 1)).isLessThan(scenario.duration().toMillis());
    assertThat(trace.id(7).value()).isEqualTo("vm-0000007");
    assertThat(trace.arrival(7).project()).isEqualTo(trace.project(7));
  }

  @Test
  void theSameSeedGivesTheSameVmsWhateverThePolicyAndHardware() {
    Scenario one = ScenarioDraft.defaults().vms(2_000).build();
    Scenario two = ScenarioDraft.defaults().vms(2_000).hosts(9).set("policies.warm=0").build();
    VmTrace first = Workload.of(one);
    VmTrace second = Workload.of(two);
    for (int vm = 0; vm < 2_000; vm++) {
      assertThat(second.arrival(vm)).isEqualTo(first.arrival(vm));
    }
  }

  @Test
  void aRateInsteadOfACountGivesAboutAsManyBatches() {
    Scenario scenario =
        ScenarioDraft.defaults()
            .vms(0)
            .duration(Duration.ofDays(10))
            .set("workload.generator.batchesPerHour=20")
            .build();
    VmTrace trace = Workload.of(scenario);
    assertThat(trace.batch(trace.size() - 1) + 1).isBetween(4_500, 5_100);
  }

  @Test
  void arrivalsFollowTheDay() {
    VmTrace trace = Workload.of(ScenarioDraft.defaults().vms(100_000).build());
    int[] batchesByHour = new int[24];
    for (int vm = 1; vm < trace.size(); vm++) {
      if (trace.batch(vm) != trace.batch(vm - 1)) {
        batchesByHour[(int) (trace.atMillis(vm) / 3_600_000 % 24)]++;
      }
    }
    assertThat(batchesByHour[14]).isGreaterThan((int) (1.8 * batchesByHour[2]));
  }

  @Test
  void aTraceIsThinnedByWholeBatchesAndStretchedToTheRun() throws IOException {
    StringBuilder arrivals = new StringBuilder();
    StringBuilder durations = new StringBuilder();
    for (int line = 1; line <= 100; line++) {
      arrivals.append(line * 300).append(" g,g,g,|,b,b,|,\n");
      durations.append(line * 300).append(" U0,U12,C3,|,U45,U1,|,\n");
    }
    Path a = Files.writeString(folder.resolve("a.txt"), arrivals);
    Path d = Files.writeString(folder.resolve("d.txt"), durations);
    Scenario scenario = ScenarioDraft.defaults().arrivals(a).durations(d).vms(200).build();
    VmTrace trace = Workload.of(scenario);
    assertThat(trace.size()).isEqualTo(200);
    SortedMap<Integer, Integer> sizes = new TreeMap<>();
    int stays = 0;
    for (int vm = 0; vm < trace.size(); vm++) {
      sizes.merge(trace.batch(vm), 1, Integer::sum);
      stays += trace.lifetimeMillis(vm) == VmTrace.STAYS ? 1 : 0;
    }
    // All batches whole but the one that fills the wish up.
    assertThat(sizes.values().stream().filter(size -> size != 2 && size != 3).count())
        .isLessThanOrEqualTo(1);
    assertThat(stays).isPositive();
    assertThat(trace.atMillis(199)).isGreaterThan(Duration.ofDays(25).toMillis());
    assertThat(trace.source()).contains("a.txt with").contains("d.txt");
    assertThat(Workload.describe(trace)).contains("200 VMs from");
  }

  @Test
  void lifetimesLieWithinTheirBins() throws IOException {
    Path a = Files.writeString(folder.resolve("a.txt"), "300 g,g,|,\n600 g,|,\n");
    Path d = Files.writeString(folder.resolve("d.txt"), "300 U0,U13,|,\n600 C2,|,\n");
    VmTrace trace = Workload.of(ScenarioDraft.defaults().arrivals(a).durations(d).vms(0).build());
    assertThat(trace.lifetimeMillis(0)).isBetween(0L, 300_000L);
    assertThat(trace.lifetimeMillis(1)).isBetween(3_900_000L, 7_500_000L);
    assertThat(trace.arrival(2).lifetime()).isEmpty();
  }

  @Test
  void withoutStretchingWhatComesAfterTheRunIsLeftOut() throws IOException {
    Path a = Files.writeString(folder.resolve("a.txt"), "300 g,|,\n600 g,|,\n90000 g,|,\n");
    VmTrace trace =
        Workload.of(
            ScenarioDraft.defaults()
                .arrivals(a)
                .vms(0)
                .duration(Duration.ofHours(1))
                .set("workload.fit=false")
                .build());
    assertThat(trace.size()).isEqualTo(2);
    assertThat(trace.atMillis(0)).isLessThan(300_000);
  }

  @Test
  void aHundredThousandOfTheRealVmsAreTakenFromTheTestTrace() {
    Path a = SharedData.file("azure-v1-vm-arrivals/v1.test.txt.gz");
    Path d = SharedData.file("azure-v1-vm-arrivals/v1.test.c2591400.txt.gz");
    VmTrace trace =
        Workload.of(ScenarioDraft.defaults().arrivals(a).durations(d).vms(100_000).build());
    assertThat(trace.size()).isEqualTo(100_000);
    double vcpus = 0;
    int stays = 0;
    for (int vm = 0; vm < trace.size(); vm++) {
      vcpus += trace.flavor(vm).size().vcpus();
      stays += trace.lifetimeMillis(vm) == VmTrace.STAYS ? 1 : 0;
    }
    assertThat(vcpus / trace.size()).isCloseTo(2.6, within(0.5));
    // 23,311 of 410,276 lifetimes are censored.
    assertThat(stays / 100_000.0).isCloseTo(0.057, within(0.015));
  }
}
