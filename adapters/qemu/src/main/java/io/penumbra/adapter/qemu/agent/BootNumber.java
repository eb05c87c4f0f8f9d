package io.penumbra.adapter.qemu.agent;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;

/** Tells one life of an agent from those before, whatever its host's clock does between them. */
final class BootNumber {

  private BootNumber() {}

  /**
   * The number of the life that begins: milliseconds since 1970, or one more than the last where
   * the clock stands before that.
   *
   * @param file remembers it
   */
  static long next(Path file, InstantSource wall) throws IOException {
    long next = Math.max(wall.millis(), last(file) + 1);
    DurableFile.replace(file, Long.toString(next).getBytes(StandardCharsets.US_ASCII));
    return next;
  }

  private static long last(Path file) throws IOException {
    try {
      return Files.exists(file) ? Long.parseLong(Files.readString(file).strip()) : 0;
    } catch (NumberFormatException e) {
      throw new IOException(
          "%s holds no number; remove it if this host's clock is right".formatted(file), e);
    }
  }
}
