package io.penumbra.sync.frame;

import io.penumbra.sync.epoch.EpochManifest;

/** A manifest as bytes, the same on the wire and on disk. */
public final class ManifestBytes {

  private ManifestBytes() {}

  /** Writes it. */
  public static byte[] of(EpochManifest manifest) {
    return new MessageWriter().write(manifest);
  }

  /**
   * Reads it.
   *
   * @throws IllegalArgumentException if these bytes are none
   */
  public static EpochManifest read(byte[] bytes) {
    return MessageReader.manifest(bytes);
  }
}
