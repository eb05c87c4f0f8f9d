package io.penumbra.placement.risk;

import java.nio.file.Path;

/** Opens models, trains one and says what came of it, for a test that needs a JVM of its own. */
final class OpenModelsMain {

  private OpenModelsMain() {}

  public static void main(String[] arguments) {
    // The first failure to load a native library is another error than all later ones.
    for (String file : arguments) {
      System.out.println("opened: " + RiskModels.load(Path.of(file)));
    }
    System.out.println(
        "trained: "
            + RiskTraining.train(
                new SyntheticTelemetry(400, 2, 1), TrainingOptions.of(SyntheticTelemetry.WEEK, 1)));
  }
}
