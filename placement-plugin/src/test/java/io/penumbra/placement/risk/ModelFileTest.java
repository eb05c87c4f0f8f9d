package io.penumbra.placement.risk;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.placement.risk.RiskModels.Unusable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFileTest {

  private static final ModelFile GOOD =
      RiskTrainingTest.trained(
              new SyntheticTelemetry(400, 2, 1),
              new TrainingOptions(SyntheticTelemetry.WEEK, 1, 5, 3, 0.3))
          .file();

  @TempDir private Path dir;

  @BeforeAll
  static void theGoodOneIsGood() throws UnusableModelException {
    XgBoostRiskModel.open(ModelFile.read(GOOD.bytes()), Explaining.USUAL).close();
  }

  @Test
  void missingFileSaysHowToMakeOne() {
    Unusable unusable = unusable(dir.resolve("none.model"));
    assertThat(unusable.reason()).contains("none.model", "there is no such file");
    assertThat(unusable.advice()).contains("./penumbra train --out");
    assertThat(unusable.source().note().orElseThrow())
        .startsWith("decided without risk: ")
        .contains("none.model", "penumbra train");
  }

  @Test
  void directoryIsNotAModel() {
    assertThat(unusable(dir).reason()).contains("not a file");
  }

  @Test
  void emptyAndForeignFilesAreNotModels() throws IOException {
    assertThat(unusable(new byte[0]).reason()).contains("not a Penumbra risk model");
    assertThat(unusable("serial,model\n1,2\n".getBytes(StandardCharsets.UTF_8)).reason())
        .contains("not a Penumbra risk model");
    assertThat(unusable(new byte[10_000]).reason()).contains("not a Penumbra risk model");
  }

  @Test
  void everyTruncationIsNoticed() throws IOException {
    byte[] bytes = GOOD.bytes();
    for (int length = 0; length < bytes.length; length += Math.max(1, bytes.length / 97)) {
      Unusable unusable = unusable(Arrays.copyOf(bytes, length));
      assertThat(unusable.reason())
          .as("cut to %d of %d bytes", length, bytes.length)
          .containsAnyOf("cut short", "not a Penumbra risk model");
      assertThat(unusable.advice()).isNotBlank();
    }
    assertThat(unusable(Arrays.copyOf(bytes, bytes.length + 3)).reason()).contains("added to");
  }

  @Test
  void everyFlippedBitIsNoticed() throws IOException {
    for (int at = 0; at < GOOD.bytes().length; at += Math.max(1, GOOD.bytes().length / 97)) {
      byte[] bytes = GOOD.bytes().clone();
      bytes[at] ^= 1;
      assertThat(unusable(bytes).reason()).as("bit flipped at %d", at).isNotBlank();
    }
  }

  @Test
  void otherFormatVersionNamesBoth() throws IOException {
    String text = new String(GOOD.bytes(), StandardCharsets.UTF_8);
    byte[] later = text.replaceFirst("format=1 ", "format=2 ").getBytes(StandardCharsets.UTF_8);
    assertThat(unusable(later).reason()).contains("format=2", "reads format 1");
    assertThat(unusable(later).advice()).contains("the build that made it");
  }

  @Test
  void otherFeaturesNameTheFirstThatDiffers() throws IOException {
    List<String> renamed = new ArrayList<>(GOOD.card().features());
    renamed.set(2, "memory_corrected_per_week");
    assertThat(unusable(withFeatures(renamed)).reason())
        .contains("feature 3", "'memory_corrected_per_week'", "'memory_corrected_last_day'");
    List<String> fewer = GOOD.card().features().subList(0, 20);
    assertThat(unusable(withFeatures(fewer)).reason()).contains("20 features");
  }

  @Test
  void treesOfAnotherWidthAreRefused() throws IOException {
    byte[] trees =
        new String(GOOD.trees(), StandardCharsets.UTF_8)
            .replaceAll("\"num_feature\":\"\\d+\"", "\"num_feature\":\"12\"")
            .getBytes(StandardCharsets.UTF_8);
    assertThat(unusable(ModelFile.of(GOOD.card(), trees).bytes()).reason())
        .contains("read 12 features", "feature list has");
  }

  @Test
  void newerXgboostIsRefused() throws IOException {
    assertThat(unusable(ModelFile.of(card("9.1.0", GOOD.card().probes()), GOOD.trees()).bytes()))
        .extracting(Unusable::reason)
        .asString()
        .contains("XGBoost '9.1.0'");
  }

  @Test
  void treesThatAnswerOtherwiseThanWhenTheyWereMadeAreRefused() throws IOException {
    ModelCard.Probe probe = GOOD.card().probes().getFirst();
    ModelCard.Probe wrong = new ModelCard.Probe(probe.row(), probe.margin() + 1);
    assertThat(unusable(ModelFile.of(card("3.0.4", List.of(wrong)), GOOD.trees()).bytes()).reason())
        .contains("a probe had margin");
    byte[] noTrees = "{\"learner\":{}}".getBytes(StandardCharsets.UTF_8);
    assertThat(unusable(ModelFile.of(GOOD.card(), noTrees).bytes()).reason())
        .contains("read -1 features");
  }

  @Test
  void aCardWithNonsenseIsRefusedWithTheField() throws IOException {
    String card =
        new String(GOOD.bytes(), StandardCharsets.UTF_8).lines().skip(1).findFirst().orElseThrow();
    assertThat(card).isEqualTo("{");
    // The card's own text, changed and signed again: what a hand edit with care would give.
    assertThat(unusable(resigned("\"horizonSeconds\" : 604800", "\"horizonSeconds\" : -5")))
        .extracting(Unusable::reason)
        .asString()
        .contains("horizonSeconds is -5");
    assertThat(unusable(resigned("\"horizonSeconds\" : 604800", "\"horizonMinutes\" : 5")))
        .extracting(Unusable::reason)
        .asString()
        .contains("horizon");
  }

  @Test
  void aMissingLibgompSaysWhatToInstall() {
    UnusableModelException e =
        NativeXgBoost.cannotLoad(
            new ExceptionInInitializerError(
                new UnsatisfiedLinkError(
                    "/tmp/libxgboost4j.so: libgomp.so.1: cannot open shared object file")));
    assertThat(e.advice()).contains("apt-get install libgomp1");
  }

  /** In a JVM of its own, because a native library is loaded once per process. */
  @Test
  void withoutLibgompUsualModelsWorkAndLargeOnesAndTrainingSayWhatToInstall() throws Exception {
    Path usual = Files.write(dir.resolve("usual.model"), GOOD.bytes());
    Path large = dir.resolve("large.model");
    RiskModels.save(
        RiskTrainingTest.trained(
            new SyntheticTelemetry(1500, 2, 1),
            new TrainingOptions(SyntheticTelemetry.WEEK, 1, 60, 8, 0.3)),
        large);
    // The loader looks here first and finds something that is no library.
    Path libraries = Files.createDirectory(dir.resolve("lib"));
    Files.writeString(libraries.resolve("libgomp.so.1"), "not a library");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                OpenModelsMain.class.getName(),
                usual.toString(),
                large.toString(),
                large.toString())
            .redirectErrorStream(true);
    builder.environment().put("LD_LIBRARY_PATH", libraries.toString());
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output.lines().filter(line -> line.startsWith("opened: ")))
        .satisfiesExactly(
            line -> assertThat(line).contains("Loaded"),
            line -> assertThat(line).contains("Unusable", "large.model", "install libgomp1"),
            line -> assertThat(line).contains("Unusable", "large.model", "install libgomp1"));
    assertThat(output).containsPattern("trained: NoXgBoost.*install libgomp1");
  }

  private Unusable unusable(byte[] bytes) throws IOException {
    return unusable(Files.write(dir.resolve("broken.model"), bytes));
  }

  private static Unusable unusable(Path file) {
    return switch (RiskModels.load(file)) {
      case Unusable unusable -> unusable;
      case RiskModels.Loaded(XgBoostRiskModel model) -> {
        model.close();
        throw new AssertionError("opened a model that is not right: " + model.name());
      }
    };
  }

  private static byte[] resigned(String from, String to) {
    String text = new String(GOOD.bytes(), StandardCharsets.UTF_8);
    int cardFrom = text.indexOf('\n') + 1;
    String card =
        text.substring(
                cardFrom, text.length() - new String(GOOD.trees(), StandardCharsets.UTF_8).length())
            .replace(from, to);
    return ModelFile.assemble(card.getBytes(StandardCharsets.UTF_8), GOOD.trees());
  }

  private static byte[] withFeatures(List<String> features) {
    ModelCard c = GOOD.card();
    return ModelFile.of(
            new ModelCard(
                c.horizonSeconds(),
                c.source(),
                c.seed(),
                c.rounds(),
                c.depth(),
                c.learningRate(),
                c.xgboostVersion(),
                c.census(),
                features,
                c.firmwares(),
                c.baseMargin(),
                c.calibration(),
                c.quality(),
                c.probes()),
            GOOD.trees())
        .bytes();
  }

  private static ModelCard card(String version, List<ModelCard.Probe> probes) {
    ModelCard c = GOOD.card();
    return new ModelCard(
        c.horizonSeconds(),
        c.source(),
        c.seed(),
        c.rounds(),
        c.depth(),
        c.learningRate(),
        version,
        c.census(),
        c.features(),
        c.firmwares(),
        c.baseMargin(),
        c.calibration(),
        c.quality(),
        probes);
  }
}
