package io.penumbra.simulator.scenario;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** The public data sets that lie beside the project on some machines and on others do not. */
public final class SharedData {

  private SharedData() {}

  /** A file of the data sets; when it is absent the test is aborted, and says what is missing. */
  public static Path file(String name) {
    Path root = Path.of(System.getProperty("penumbra.root", "."));
    Path found = root.resolve("../shared/data").resolve(name).normalize();
    if (!Files.isReadable(found)) {
      String reason = "not tested against real data: %s is not there".formatted(found);
      System.out.println(reason);
      Assumptions.abort(reason);
    }
    return found;
  }
}
