package io.penumbra.tiers.pack;

import io.penumbra.tiers.object.ObjectTier;
import java.nio.ByteBuffer;
import java.util.Optional;

/** Reads a pack's footer from the object tier, without the pack. */
final class RemoteIndex {

  /** Enough for the index of a usual pack in the first request. */
  private static final int GUESS_BYTES = 64 << 10;

  private RemoteIndex() {}

  /** Index and trailer; empty if they can't be had or make no sense. */
  static Optional<ByteBuffer> footer(ObjectTier objects, String key, long packBytes) {
    int guess = (int) Math.min(packBytes, GUESS_BYTES);
    Optional<ByteBuffer> tail = read(objects, key, packBytes - guess, guess);
    if (tail.isEmpty() || tail.get().remaining() < PackFormat.TRAILER_BYTES) {
      return Optional.empty();
    }
    ByteBuffer end = tail.get();
    Optional<Integer> bytes =
        PackFormat.footerBytes(
            end.slice(end.limit() - PackFormat.TRAILER_BYTES, PackFormat.TRAILER_BYTES), packBytes);
    return bytes.flatMap(length ->
        length <= end.remaining()
            ? Optional.of(end.slice(end.limit() - length, length))
            : read(objects, key, packBytes - length, length));
  }

  private static Optional<ByteBuffer> read(
      ObjectTier objects, String key, long offset, int length) {
    return objects.get(key, offset, length) instanceof ObjectTier.Fetch.Content(ByteBuffer bytes)
        ? Optional.of(bytes)
        : Optional.empty();
  }
}
