package io.penumbra.simulator.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.simulator.scenario.ArrivalLaws;
import io.penumbra.simulator.scenario.ArrivalLaws.FlavorShare;
import io.penumbra.simulator.scenario.ArrivalLaws.LifetimeShare;
import io.penumbra.simulator.scenario.ScenarioDraft;
import io.penumbra.simulator.scenario.SharedData;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TraceFitTest {

  private static final String FOLDER = "azure-v1-vm-arrivals/";

  @Test
  void defaultsAreTheFitOfTheTraces() {
    AzureTrace train = read("v1.train.txt.gz", Optional.empty());
    AzureTrace dev = read("v1.dev.txt.gz", Optional.of("v1.dev.c2100000.txt.gz"));
    AzureTrace test = read("v1.test.txt.gz", Optional.of("v1.test.c2591400.txt.gz"));
    assertThat(train.size() + dev.size() + test.size()).isEqualTo(1_870_433);
    assertThat(train.batches() + dev.batches() + test.batches()).isEqualTo(452_901);
    ArrivalFit fit = new ArrivalFit(List.of(train, dev, test));
    ArrivalLaws fitted = fit.laws(2);
    ArrivalLaws defaults = ArrivalLaws.DEFAULT;
    assertThat(defaults.dailySwing()).isCloseTo(fitted.dailySwing(), within(0.001));
    assertThat(defaults.peakHour()).isCloseTo(fitted.peakHour(), within(0.05));
    assertThat(defaults.batchTail()).isCloseTo(fitted.batchTail(), within(0.001));
    assertThat(defaults.batchScale()).isCloseTo(fitted.batchScale(), within(0.001));
    assertThat(defaults.batchMax()).isEqualTo(fitted.batchMax());
    assertThat(defaults.repeat()).isCloseTo(fitted.repeat(), within(0.0006));
    assertThat(defaults.flavors()).hasSameSizeAs(fitted.flavors());
    for (int i = 0; i < defaults.flavors().size(); i++) {
      FlavorShare given = defaults.flavors().get(i);
      FlavorShare own = fitted.flavors().get(i);
      assertThat(given.name()).isEqualTo(own.name());
      assertThat(given.memoryMib()).isEqualTo(own.memoryMib());
      assertThat(given.share()).isCloseTo(own.share(), within(0.0001));
    }
    for (int i = 0; i < defaults.lifetimes().size(); i++) {
      LifetimeShare given = defaults.lifetimes().get(i);
      LifetimeShare own = fitted.lifetimes().get(i);
      assertThat(given.share()).isCloseTo(own.share(), within(0.001));
      assertThat(given.medianMinutes()).isCloseTo(own.medianMinutes(), within(0.1));
      assertThat(given.sigma()).isCloseTo(own.sigma(), within(0.001));
    }
    double one = fit.lifetimes(1).logLikelihood();
    double two = fit.lifetimes(2).logLikelihood();
    double three = fit.lifetimes(3).logLikelihood();
    assertThat(two - one).isGreaterThan(0.15);
    assertThat(three - two).isLessThan(0.005);
  }

  @Test
  void whatIsGeneratedLooksLikeTheTrace() {
    VmTrace generated = Workload.of(ScenarioDraft.defaults().vms(300_000).build());
    int batches = generated.batch(generated.size() - 1) + 1;
    int alone = 0;
    int small = 0;
    long hourOrLess = 0;
    long dayOrMore = 0;
    int from = 0;
    for (int vm = 1; vm <= generated.size(); vm++) {
      if (vm == generated.size() || generated.batch(vm) != generated.batch(from)) {
        alone += vm - from == 1 ? 1 : 0;
        small += vm - from <= 16 ? 1 : 0;
        from = vm;
      }
    }
    for (int vm = 0; vm < generated.size(); vm++) {
      hourOrLess += generated.lifetimeMillis(vm) <= 3_900_000 ? 1 : 0;
      dayOrMore += generated.lifetimeMillis(vm) > 86_700_000 ? 1 : 0;
    }
    // Of the trace's batches 57.2 % are a single VM, 96.3 % have at most 16, the mean is 4.13; of
    // its VMs 66 % live an hour at most, 4 to 5 % more than a day.
    assertThat(alone / (double) batches).isCloseTo(0.572, within(0.02));
    assertThat(small / (double) batches).isCloseTo(0.963, within(0.01));
    assertThat(generated.size() / (double) batches).isCloseTo(4.13, within(0.7));
    assertThat(hourOrLess / 300_000.0).isCloseTo(0.66, within(0.05));
    assertThat(dayOrMore / 300_000.0).isCloseTo(0.06, within(0.03));
  }

  private static AzureTrace read(String arrivals, Optional<String> durations) {
    return AzureTrace.read(
        SharedData.file(FOLDER + arrivals),
        durations.map(name -> SharedData.file(FOLDER + name)),
        FlavorMap.azureV1(16),
        DurationBins.AZURE_V1);
  }
}
