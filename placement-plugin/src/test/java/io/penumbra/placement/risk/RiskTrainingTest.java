package io.penumbra.placement.risk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.domain.RiskScore;
import io.penumbra.domain.telemetry.HostTelemetry;
import io.penumbra.placement.risk.ObservedTelemetry.Failed;
import io.penumbra.placement.risk.ObservedTelemetry.Survived;
import io.penumbra.placement.risk.RiskTraining.NoXgBoost;
import io.penumbra.placement.risk.RiskTraining.NotTrained;
import io.penumbra.placement.risk.RiskTraining.Trained;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RiskTrainingTest {

  private static final TrainingOptions OPTIONS = TrainingOptions.of(SyntheticTelemetry.WEEK, 7);
  private static final SyntheticTelemetry DATA = new SyntheticTelemetry(1500, 4, 42);

  /** Trained once: training gives the same every time, which is a test of its own. */
  private static final Trained TRAINED = trained(DATA);

  @Test
  void tellsFailingHostsFromHealthyOnesItHasNeverSeen() {
    ModelCard card = TRAINED.card();

    assertThat(card.quality().auc()).isGreaterThan(0.9);
    assertThat(card.quality().averagePrecision()).isGreaterThan(0.5);
    assertThat(card.quality().brier()).isLessThan(card.quality().brierOfBaseRate());
    assertThat(card.census().learningHosts())
        .isBetween(3 * card.census().judgingHosts() - 5, 3 * card.census().judgingHosts() + 5);
  }

  @Test
  void probabilitiesMeanWhatTheySay() {
    try (XgBoostRiskModel model = open(TRAINED)) {
      List<HostTelemetry> fresh = samples(new SyntheticTelemetry(2000, 2, 4711));
      double said = model.score(fresh).stream().mapToDouble(RiskScore::probability).sum();
      double law = fresh.stream().mapToDouble(SyntheticTelemetry::chance).sum();
      assertThat(said / law).isCloseTo(1, within(0.15));

      List<Integer> risky =
          IntStream.range(0, fresh.size())
              .filter(i -> SyntheticTelemetry.chance(fresh.get(i)) > 0.5)
              .boxed()
              .toList();
      assertThat(risky).hasSizeGreaterThan(100);
      List<RiskScore> scores = model.score(risky.stream().map(fresh::get).toList());
      assertThat(scores.stream().mapToDouble(RiskScore::probability).average().orElseThrow())
          .isCloseTo(
              risky.stream()
                  .mapToDouble(i -> SyntheticTelemetry.chance(fresh.get(i)))
                  .average()
                  .orElseThrow(),
              within(0.1));
    }
  }

  @Test
  void sameSamplesSameSeedSameFile() {
    assertThat(trained(DATA).file().bytes()).isEqualTo(TRAINED.file().bytes());
    assertThat(trained(DATA, new TrainingOptions(SyntheticTelemetry.WEEK, 8, 100, 4, 0.1)))
        .extracting(other -> other.file().checksum())
        .isNotEqualTo(TRAINED.file().checksum());
  }

  @Test
  void aSavedModelGivesTheSameScoresBitForBit(@TempDir Path dir) throws Exception {
    Trained trained = TRAINED;
    Path file = dir.resolve("models/risk.model");
    RiskModels.save(trained, file);
    List<HostTelemetry> fresh = samples(new SyntheticTelemetry(300, 1, 99));
    try (XgBoostRiskModel before = open(trained);
        XgBoostRiskModel after = loaded(RiskModels.load(file))) {
      assertThat(after.explain(fresh)).isEqualTo(before.explain(fresh));
      assertThat(after.name()).isEqualTo(before.name()).startsWith("xgboost-7d-");
      assertThat(after.card()).isEqualTo(before.card());
    }
    try (var files = Files.list(file.getParent())) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void ourWalkOverTheTreesIsXgboostsBitForBit() throws Exception {
    Trained trained = trained(DATA, new TrainingOptions(SyntheticTelemetry.WEEK, 7, 60, 7, 0.3));
    int width = trained.card().features().size();
    float[] rows = randomRows(trained, 500);
    TreeEnsemble trees =
        TreeEnsemble.of(
            BoostedTree.readAll(trained.file().trees(), width), width, trained.card().baseMargin());
    var booster = NativeXgBoost.load(trained.file().trees());
    try {
      float[] theirs = NativeXgBoost.margins(booster, rows, 500, width);
      for (int i = 0; i < 500; i++) {
        assertThat(trees.margin(rows, i * width)).as("row %d", i).isEqualTo(theirs[i]);
      }
    } finally {
      booster.dispose();
    }
  }

  @Test
  void contributionsAddUpToTheScore() {
    try (XgBoostRiskModel model = open(TRAINED)) {
      List<HostTelemetry> fresh = samples(new SyntheticTelemetry(100, 1, 3));
      int width = model.features().width();
      float[] rows = new float[fresh.size() * width];
      for (int i = 0; i < fresh.size(); i++) {
        model.features().write(fresh.get(i), rows, i * width);
      }
      float[] probabilities = new float[fresh.size()];
      model.score(rows, fresh.size(), probabilities);
      double[][] contributions = model.contributions(rows, fresh.size());
      for (int i = 0; i < fresh.size(); i++) {
        double sum = 0;
        for (double contribution : contributions[i]) {
          sum += contribution;
        }
        assertThat(sum)
            .isCloseTo(Math.log(probabilities[i] / (1 - probabilities[i])), within(1e-4));
      }
    }
  }

  /** Two ways to the same numbers: our tables, and XGBoost's own TreeSHAP. */
  @Test
  void contributionsAreXgboosts() throws Exception {
    for (int depth : new int[] {1, 3, 4, 5}) {
      Trained trained =
          trained(DATA, new TrainingOptions(SyntheticTelemetry.WEEK, 7, 40, depth, 0.3));
      float[] rows = randomRows(trained, 200);
      int width = trained.card().features().size();
      List<BoostedTree> trees = BoostedTree.readAll(trained.file().trees(), width);
      assertThat(TreeContributions.fits(trees)).isTrue();
      double[][] ours =
          TreeContributions.of(trees, trained.card().baseMargin()).of(rows, 200, width);
      try (Contributions xgboost = BoosterContributions.load(trained.file().trees())) {
        double[][] theirs = xgboost.of(rows, 200, width);
        for (int row = 0; row < 200; row++) {
          assertThat(ours[row]).as("row %d", row).containsExactly(theirs[row], within(2e-4));
        }
      }
    }
  }

  @Test
  void namesWhatDroveAScoreAndOnlyWhereItIsWorthIt() {
    try (XgBoostRiskModel model = open(TRAINED)) {
      RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
      List<HostTelemetry> both = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        both.add(SyntheticTelemetry.telemetry("hv-1", i, i % 2 == 0, random));
      }
      List<RiskScore> scores = model.score(both);
      for (RiskScore score : scores) {
        assertThat(score.drivers().isEmpty())
            .isEqualTo(score.probability() < Explaining.USUAL.from());
        assertThat(score.drivers()).hasSizeLessThanOrEqualTo(Explaining.USUAL.driversMax());
      }
      RiskScore worst =
          scores.stream()
              .max((a, b) -> Double.compare(a.probability(), b.probability()))
              .orElseThrow();
      assertThat(worst.drivers().getFirst().feature())
          .isIn("smart_197_pending", "disk_new_defects_last_day", "disk_defects_per_year");
      assertThat(worst.drivers().getFirst().contribution()).isPositive();
      assertThat(model.explain(both)).allSatisfy(score -> assertThat(score.drivers()).isNotEmpty());
    }
  }

  @Test
  void aSampleThatStandsForManyKeepsProbabilitiesHonest() {
    List<ObservedTelemetry> thinned = new ArrayList<>();
    int seen = 0;
    for (Iterator<ObservedTelemetry> all = DATA.samples(); all.hasNext(); ) {
      ObservedTelemetry sample = all.next();
      if (sample.fate() instanceof Failed) {
        thinned.add(sample);
      } else if (seen++ % 4 == 0) {
        thinned.add(new ObservedTelemetry(sample.telemetry(), sample.fate(), 4));
      }
    }
    try (XgBoostRiskModel model = open(trained(listed(thinned)))) {
      List<HostTelemetry> fresh = samples(new SyntheticTelemetry(2000, 2, 4711));
      double said = model.score(fresh).stream().mapToDouble(RiskScore::probability).sum();
      double law = fresh.stream().mapToDouble(SyntheticTelemetry::chance).sum();
      assertThat(said / law).isCloseTo(1, within(0.2));
    }
  }

  @Test
  void whoWasNotWatchedLongEnoughTeachesNothing() {
    List<ObservedTelemetry> samples = new ArrayList<>();
    DATA.samples().forEachRemaining(samples::add);
    int before = samples.size();
    for (int i = 0; i < 500; i++) {
      samples.add(
          new ObservedTelemetry(
              samples.get(i).telemetry(), new Survived(SyntheticTelemetry.WEEK.minusSeconds(1))));
    }
    ModelCard.Census census = trained(listed(samples)).card().census();
    assertThat(census.censoredSamples()).isEqualTo(500);
    assertThat(census.samples()).isEqualTo(before);
  }

  @Test
  void tooLittleToLearnFromIsAReasonWithNumbers() {
    TrainingOptions options = TrainingOptions.of(SyntheticTelemetry.WEEK, 1);
    assertThat(RiskTraining.train(listed(List.of()), options))
        .isInstanceOfSatisfying(
            NotTrained.class,
            not -> assertThat(not.reason()).contains("0 hosts fail", "at least 10 of each"));
    assertThat(RiskTraining.train(new SyntheticTelemetry(30, 1, 2), options))
        .isInstanceOfSatisfying(
            NotTrained.class, not -> assertThat(not.advice()).contains("--horizon"));
  }

  @Test
  void aShorterHorizonIsALowerRisk() {
    Trained week = TRAINED;
    Trained days = trained(DATA, TrainingOptions.of(Duration.ofDays(2), 7));
    assertThat(days.card().quality().baseRate()).isLessThan(week.card().quality().baseRate());
    assertThat(days.card().horizon()).isEqualTo(Duration.ofDays(2));
  }

  /** Rows beyond anything a host shows: missing, negative, zero of either sign, huge. */
  private static float[] randomRows(Trained trained, int count) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(5);
    float[] rows = new float[count * trained.card().features().size()];
    for (int i = 0; i < rows.length; i++) {
      rows[i] =
          switch (random.nextInt(12)) {
            case 0, 1 -> Float.NaN;
            case 2 -> -0f;
            case 3 -> 0f;
            case 4 -> random.nextBoolean() ? Float.MAX_VALUE : -Float.MAX_VALUE;
            default -> (float) (random.nextGaussian() * 20);
          };
    }
    return rows;
  }

  static Trained trained(TrainingData data) {
    return trained(data, OPTIONS);
  }

  static Trained trained(TrainingData data, TrainingOptions options) {
    return switch (RiskTraining.train(data, options)) {
      case Trained trained -> trained;
      case NotTrained not -> throw new AssertionError(not.toString());
      case NoXgBoost not -> throw new AssertionError(not.toString());
    };
  }

  static XgBoostRiskModel open(Trained trained) {
    return loaded(RiskModels.open(trained, Explaining.USUAL));
  }

  static XgBoostRiskModel loaded(RiskModels.Opened opened) {
    return switch (opened) {
      case RiskModels.Loaded(XgBoostRiskModel model) -> model;
      case RiskModels.Unusable unusable -> throw new AssertionError(unusable.toString());
    };
  }

  static List<HostTelemetry> samples(TrainingData data) {
    List<HostTelemetry> samples = new ArrayList<>();
    data.samples().forEachRemaining(sample -> samples.add(sample.telemetry()));
    return samples;
  }

  private static TrainingData listed(List<ObservedTelemetry> samples) {
    return new TrainingData() {
      @Override
      public String source() {
        return "a list";
      }

      @Override
      public long samplesAbout() {
        return samples.size();
      }

      @Override
      public Iterator<ObservedTelemetry> samples() {
        return samples.iterator();
      }
    };
  }
}
