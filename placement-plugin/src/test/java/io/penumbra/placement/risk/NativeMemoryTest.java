package io.penumbra.placement.risk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import ml.dmlc.xgboost4j.java.Booster;
import org.junit.jupiter.api.Test;

class NativeMemoryTest {

  private static final Path STATUS = Path.of("/proc/self/status");
  private static final int ROWS = 1024;

  @Test
  void askingManyTimesKeepsNothingOutsideTheHeap() throws Exception {
    if (!Files.exists(STATUS)) {
      System.out.println("skipped: there is no /proc/self/status to read the memory in use from");
    }
    assumeTrue(Files.exists(STATUS));
    var trained =
        RiskTrainingTest.trained(
            new SyntheticTelemetry(400, 2, 1),
            new TrainingOptions(SyntheticTelemetry.WEEK, 1, 5, 3, 0.3));
    int width = trained.card().features().size();
    float[] rows = new float[ROWS * width];
    Booster booster = NativeXgBoost.load(trained.file().trees());
    try {
      ask(booster, rows, width, 100);
      long before = anonymousKib();
      ask(booster, rows, width, 400);
      // Without disposing, 400 matrices stay, 94 MB in all.
      assertThat(anonymousKib() - before).as("growth in KiB").isLessThan(40_000);
    } finally {
      booster.dispose();
    }
  }

  private static void ask(Booster booster, float[] rows, int width, int times) throws Exception {
    for (int i = 0; i < times; i++) {
      NativeXgBoost.margins(booster, rows, ROWS, width);
    }
  }

  /** Heap included: collecting first would run finalisers, and they would hide the leak. */
  private static long anonymousKib() throws IOException {
    return Files.readAllLines(STATUS).stream()
        .filter(line -> line.startsWith("RssAnon:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .sum();
  }
}
