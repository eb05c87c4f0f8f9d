package io.penumbra.app.store;

import io.penumbra.tiers.StorageSettings;

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
}
