package io.penumbra.simulator.hardware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.domain.BadInputException;
import io.penumbra.simulator.chance.LogNormal;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.chance.Weibull;
import io.penumbra.simulator.scenario.FailureCause;
import io.penumbra.simulator.scenario.HardwareLaws.CauseLaw;
import io.penumbra.simulator.scenario.HardwareLaws.HostLaws;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioDraft;
import io.penumbra.simulator.scenario.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FieldFitTest {

  private static final Set<FailureCause> HARDWARE =
      EnumSet.of(
          FailureCause.CPU,
          FailureCause.MEMORY,
          FailureCause.BOARD,
          FailureCause.POWER_SUPPLY,
          FailureCause.DISK,
          FailureCause.INTERCONNECT,
          FailureCause.OTHER_HARDWARE);
  private static final String RECORDS = "lanl-failures/LA-UR-05-7318-failure-data-1996-2005.csv.xz";

  @Test
  void findsTheLawThatTimesWereDrawnFromAlsoWhenMostAreCensored() {
    Weibull law = new Weibull(0.7, 5_000);
    RandomGenerator random = new Seeds(11).stream("fit");
    double[] failed = new double[30_000];
    double[] censored = new double[30_000];
    int failures = 0;
    int survivors = 0;
    for (int i = 0; i < 30_000; i++) {
      double time = law.draw(random);
      double watched = 3_000 * random.nextDouble();
      if (time <= watched) {
        failed[failures++] = time;
      } else {
        censored[survivors++] = watched;
      }
    }
    WeibullFit fit =
        WeibullFit.fit(Arrays.copyOf(failed, failures), Arrays.copyOf(censored, survivors));
    assertThat(survivors).isGreaterThan(failures);
    assertThat(fit.law().shape()).isCloseTo(0.7, within(0.02));
    assertThat(fit.law().scaleHours()).isCloseTo(5_000, within(300.0));
    assertThat(fit.logLikelihood()).isGreaterThan(fit.exponentialLogLikelihood());
  }

  @Test
  void findsTheLognormalThatRepairsWereDrawnFrom() {
    LogNormal law = new LogNormal(60, 1.2);
    RandomGenerator random = new Seeds(12).stream("fit");
    double[] values = new double[20_001];
    for (int i = 0; i < 20_000; i++) {
      values[i] = law.draw(random);
    }
    LogNormalFit fit = LogNormalFit.fit(values);
    assertThat(fit.dropped()).isEqualTo(1);
    assertThat(fit.law().median()).isCloseTo(60, within(2.0));
    assertThat(fit.law().sigma()).isCloseTo(1.2, within(0.03));
  }

  @Test
  void refusesToFitNothing() {
    assertThatThrownBy(() -> WeibullFit.fit(new double[] {3}, new double[0]))
        .hasMessageContaining("1 failures; expected at least 2");
    assertThatThrownBy(() -> LogNormalFit.fit(new double[] {0, 0}))
        .hasMessageContaining("0 values above 0");
  }

  @Test
  void defaultsAreTheFitOfTheRecords() {
    FieldFit fit = new FieldFit(FieldRecords.read(SharedData.file(RECORDS)));
    HostLaws fitted = fit.hostLaws(fit::isOfLargestSystem);
    HostLaws defaults = HostLaws.DEFAULT;
    assertThat(defaults.betweenFailures().shape())
        .isCloseTo(fitted.betweenFailures().shape(), within(0.0005));
    assertThat(defaults.betweenFailures().scaleHours())
        .isCloseTo(fitted.betweenFailures().scaleHours(), within(0.5));
    assertThat(defaults.causes()).hasSameSizeAs(fitted.causes());
    for (int i = 0; i < defaults.causes().size(); i++) {
      CauseLaw given = defaults.causes().get(i);
      CauseLaw own = fitted.causes().get(i);
      assertThat(given.cause()).isEqualTo(own.cause());
      assertThat(given.share()).isCloseTo(own.share(), within(0.0001));
      assertThat(given.repairMinutes().median())
          .isCloseTo(own.repairMinutes().median(), within(0.1));
      assertThat(given.repairMinutes().sigma())
          .isCloseTo(own.repairMinutes().sigma(), within(0.001));
    }
  }

  @Test
  void whatWasToBlameIsWhatTheDocumentationSays() {
    List<FieldRecord> records = FieldRecords.read(SharedData.file(RECORDS));
    assertThat(share(records, HARDWARE::contains)).isCloseTo(0.604, within(0.0005));
    assertThat(share(records, FailureCause.SOFTWARE::equals)).isCloseTo(0.226, within(0.0005));
    assertThat(share(records, FailureCause.UNDETERMINED::equals)).isCloseTo(0.131, within(0.0005));
    assertThat(share(records, FailureCause.NETWORK::equals)).isCloseTo(0.018, within(0.0005));
    assertThat(share(records, FailureCause.POWER_FEED::equals)).isCloseTo(0.015, within(0.0005));
    assertThat(share(records, FailureCause.HUMAN::equals)).isCloseTo(0.006, within(0.0005));
  }

  @Test
  void processorsAreToBlameForHalfOrForNextToNothingByTheirDesign() {
    List<FieldRecord> records = FieldRecords.read(SharedData.file(RECORDS));
    for (int system : List.of(3, 4, 5, 6, 18, 19, 20)) {
      assertThat(share(of(records, system), FailureCause.CPU::equals))
          .as("system %d", system)
          .isBetween(0.45, 0.7);
    }
    for (int system : List.of(8, 9, 10, 11, 12, 13)) {
      assertThat(share(of(records, system), FailureCause.CPU::equals))
          .as("system %d", system)
          .isLessThan(0.02);
      assertThat(share(of(records, system), FailureCause.MEMORY::equals))
          .as("system %d", system)
          .isBetween(0.1, 0.3);
    }
  }

  private static List<FieldRecord> of(List<FieldRecord> records, int system) {
    return records.stream().filter(record -> record.system() == system).toList();
  }

  private static double share(List<FieldRecord> records, Predicate<FailureCause> blamed) {
    return records.stream().filter(record -> blamed.test(record.cause())).count()
        / (double) records.size();
  }

  @Test
  void hazardFallsInEverySystemAsSchroederAndGibsonFound() {
    List<FieldRecord> records = FieldRecords.read(SharedData.file(RECORDS));
    assertThat(records).hasSize(23_739);
    FieldFit fit = new FieldFit(records);
    SortedMap<Integer, WeibullFit> bySystem = fit.bySystem();
    assertThat(bySystem).hasSize(22);
    bySystem.forEach((system, own) -> {
      assertThat(own.law().shape()).as("system %d", system).isBetween(0.4, 0.85);
      assertThat(own.logLikelihood()).isGreaterThan(own.exponentialLogLikelihood());
    });
    WeibullFit pooled = fit.pooled(fit::isOfLargestSystem);
    assertThat(pooled.failures()).isEqualTo(7_220);
    assertThat(pooled.censored()).isEqualTo(2_075);
    assertThat(pooled.hostYears()).isCloseTo(6_451, within(1.0));
    assertThat(pooled.law().shape()).isBetween(0.67, 0.80);
    // The paper: a mean repair of about six hours over all systems, a median of about one.
    LogNormalFit repairs = fit.repairs(_ -> true);
    assertThat(repairs.law().median()).isBetween(50.0, 75.0);
    assertThat(repairs.values()).isEqualTo(23_552);
  }

  @Test
  void aScenarioTakesItsHostsFromAFile() {
    Scenario scenario = ScenarioDraft.defaults().set("hardware.host.rate=0.5").build();
    Scenario refitted = FieldFit.refit(scenario, SharedData.file(RECORDS));
    assertThat(refitted.hardware().host().rate()).isEqualTo(0.5);
    assertThat(refitted.hardware().host().betweenFailures().shape())
        .isCloseTo(0.698, within(0.001));
    assertThat(refitted.hardware().correlated()).isEqualTo(scenario.hardware().correlated());
    assertThat(refitted.seed()).isEqualTo(scenario.seed());
  }

  @Test
  void aFileWithTooFewFailuresIsRefused(@TempDir Path folder) throws IOException {
    String record =
        "20,cluster,512,2048,4,7,7,1-Oct,1-Dec,current,part,16,3,1,2,compute,"
            + "6/21/2005 10:54,6/21/2005 11:00,6,,Memory Dimm,,,,,No\n";
    Path file = Files.writeString(folder.resolve("few.csv"), FieldRecordsTest.HEADER + record);
    assertThatThrownBy(() -> FieldFit.refit(Scenario.DEFAULT, file))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("few.csv: records: of the largest system have too few failures");
  }
}
