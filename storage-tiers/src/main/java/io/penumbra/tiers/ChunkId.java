package io.penumbra.tiers;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A chunk's name: 256 bits made of its content, written as 64 lower-case hexadecimal digits. Equal
 * content is stored once, and whoever reads a chunk can check that it is the right one. A store
 * without keys names a chunk by its SHA-256; one with keys by a keyed hash, so that the name tells
 * nobody else what the content is. Only the store that keeps a chunk should be asked for its name.
 */
public record ChunkId(long first, long second, long third, long fourth)
    implements Comparable<ChunkId> {

  /** Digits of the written form. */
  public static final int LENGTH = 64;

  /** Bytes of the binary form. */
  public static final int BYTES = 32;

  /** The name that is written like this. */
  public ChunkId(String value) {
    this(checked(value), 0);
  }

  private ChunkId(byte[] bytes, int at) {
    this(ByteBuffer.wrap(bytes, at, BYTES));
  }

  private ChunkId(ByteBuffer bytes) {
    this(bytes.getLong(), bytes.getLong(), bytes.getLong(), bytes.getLong());
  }

  /** The name in this digest, which has {@link #BYTES} bytes. */
  public static ChunkId ofDigest(byte[] digest) {
    if (digest.length != BYTES) {
      throw new IllegalArgumentException(
          "digest of %d bytes; expected %d".formatted(digest.length, BYTES));
    }
    return new ChunkId(digest, 0);
  }

  /** Reads a binary name from a buffer and steps over it. */
  public static ChunkId read(ByteBuffer from) {
    return new ChunkId(from);
  }

  /** Whether a text could be a chunk's name. */
  public static boolean isChunkId(String text) {
    return text.length() == LENGTH
        && text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }

  /** The SHA-256 of this content; the buffer's position stays where it is. */
  public static ChunkId of(ByteBuffer content) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(content.duplicate());
      return ofDigest(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** The written form. */
  public String value() {
    return HexFormat.of().formatHex(toBytes());
  }

  /** The binary form. */
  public byte[] toBytes() {
    byte[] bytes = new byte[BYTES];
    write(ByteBuffer.wrap(bytes));
    return bytes;
  }

  /** Writes the binary form into a buffer. */
  public void write(ByteBuffer to) {
    to.putLong(first).putLong(second).putLong(third).putLong(fourth);
  }

  @Override
  public int compareTo(ChunkId other) {
    int order = Long.compareUnsigned(first, other.first);
    if (order == 0) {
      order = Long.compareUnsigned(second, other.second);
    }
    if (order == 0) {
      order = Long.compareUnsigned(third, other.third);
    }
    return order == 0 ? Long.compareUnsigned(fourth, other.fourth) : order;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(first);
  }

  @Override
  public String toString() {
    return value();
  }

  private static byte[] checked(String value) {
    if (!isChunkId(value)) {
      throw new IllegalArgumentException(
          "chunk id '%s'; expected %d lower-case hexadecimal digits".formatted(value, LENGTH));
    }
    return HexFormat.of().parseHex(value);
  }
}
