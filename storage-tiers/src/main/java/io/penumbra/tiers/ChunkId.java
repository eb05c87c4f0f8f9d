package io.penumbra.tiers;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A chunk's name is the SHA-256 of its content in 64 lower-case hexadecimal digits: equal content
 * is stored once, and whoever reads a chunk can check that it is the right one.
 */
public record ChunkId(String value) implements Comparable<ChunkId> {

  public static final int LENGTH = 64;

  public ChunkId {
    if (!isChunkId(value)) {
      throw new IllegalArgumentException(
          "chunk id '%s'; expected %d lower-case hexadecimal digits".formatted(value, LENGTH));
    }
  }

  /** Whether a text could be a chunk's name. */
  public static boolean isChunkId(String text) {
    return text.length() == LENGTH
        && text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }

  /** The name of this content; the buffer's position stays where it is. */
  public static ChunkId of(ByteBuffer content) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(content.duplicate());
      return new ChunkId(HexFormat.of().formatHex(digest.digest()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  @Override
  public int compareTo(ChunkId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
