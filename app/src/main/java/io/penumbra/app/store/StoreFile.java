package io.penumbra.app.store;

import io.penumbra.simulator.scenario.RecordFile;
import io.penumbra.tiers.StorageSettings;
import io.penumbra.tiers.StoreOpening;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * A settings file as an operator writes it; what is left out keeps its default.
 *
 * @param storage the store
 */
public record StoreFile(StorageSettings storage) {

  /** What holds where a file says nothing. */
  public static StoreFile defaults() {
    return new StoreFile(StorageSettings.defaults());
  }

  /** What a file says, or what holds for a store in that directory. */
  public static StorageSettings settings(Path place) {
    return Files.isRegularFile(place)
        ? RecordFile.read(place, defaults()).storage()
        : StorageSettings.defaults().in(place);
  }

  /**
   * Opens a store, and makes it if there is none.
   *
   * @param notes told in sentences what a person should know
   */
  public static StoreOpening.OpenStore open(StorageSettings settings, Consumer<String> notes)
      throws IOException {
    return new StoreOpening(
            settings,
            InstantSource.system(),
            name -> Optional.ofNullable(System.getenv(name)).orElse(""),
            UUID.randomUUID().toString(),
            notes)
        .open();
  }
}
