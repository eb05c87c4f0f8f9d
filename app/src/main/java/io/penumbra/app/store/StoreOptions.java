package io.penumbra.app.store;

import io.penumbra.domain.BadInputException;
import io.penumbra.simulator.scenario.RecordFile;
import io.penumbra.tiers.StorageSettings;
import io.penumbra.tiers.StoreOpening.OpenStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which store a command works on. */
final class StoreOptions {

  @Option(
      names = "--settings",
      paramLabel = "FILE",
      description = "YAML with the store's settings under 'storage:'.")
  private @Nullable Path file;

  @Option(
      names = "--store",
      paramLabel = "DIR",
      description = "The store's directory (default: that of the settings, penumbra-out/store).")
  private @Nullable Path directory;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  StoreOptions() {}

  StorageSettings settings() {
    StorageSettings settings =
        Optional.ofNullable(file)
            .map(path -> RecordFile.read(path, StoreFile.defaults()).storage())
            .orElseGet(StorageSettings::defaults);
    return Optional.ofNullable(directory).map(settings::in).orElse(settings);
  }

  /** Opens a store that exists. */
  OpenStore open(PrintWriter err) throws IOException {
    StorageSettings settings = settings();
    if (!Files.exists(settings.directory().resolve("name"))) {
      throw new BadInputException(
          settings.directory().toString(),
          "holds no chunk store",
          "Name one by --store DIR, or try: penumbra store bench");
    }
    return openOrMake(settings, err);
  }

  /**
   * Opens a store over an object tier that others use. An agent has locked its own, and whoever
   * only asks the object tier needs none of it: where that is named, a store made now will do.
   */
  OpenStore openBeside(PrintWriter err) throws IOException {
    StorageSettings settings = settings();
    boolean shared =
        settings.objects().s3().isPresent() || settings.objects().directory().isPresent();
    return shared ? openOrMake(settings, err) : open(err);
  }

  /** Opens a store, and makes it if there is none. */
  static OpenStore openOrMake(StorageSettings settings, PrintWriter err) throws IOException {
    return StoreFile.open(settings, note -> err.println("note: " + note));
  }
}
