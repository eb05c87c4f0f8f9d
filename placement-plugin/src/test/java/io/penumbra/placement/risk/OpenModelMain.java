package io.penumbra.placement.risk;

import java.nio.file.Path;

/** Opens a model twice and says what came of it, for a test that needs a JVM of its own. */
final class OpenModelMain {

  private OpenModelMain() {}

  public static void main(String[] arguments) {
    // Twice: the first failure to load a native library is another error than all later ones.
    System.out.println("first: " + RiskModels.load(Path.of(arguments[0])));
    System.out.println("again: " + RiskModels.load(Path.of(arguments[0])));
  }
}
