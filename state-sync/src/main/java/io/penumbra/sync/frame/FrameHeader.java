package io.penumbra.sync.frame;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** The 48 bytes that every frame starts with. All numbers big end first. */
public final class FrameHeader {

  public static final int BYTES = 48;

  /** Largest payload, tag or checksum included. */
  public static final int PAYLOAD_BYTES_MAX = 1 << 20;

  static final int SALT_BYTES = 16;
  static final byte VERSION = 1;
  static final byte FLAG_SEALED = 1;

  private static final short MAGIC = 0x504e;
  private static final int AT_LENGTH = 8;
  private static final int AT_SALT = 28;
  private static final int AT_CHECK = 44;

  private FrameHeader() {}

  static void write(
      byte[] frame, boolean sealed, byte type, int length, long session, long number, byte[] salt) {
    ByteBuffer out = ByteBuffer.wrap(frame);
    out.putShort(MAGIC).put(VERSION).put(sealed ? FLAG_SEALED : 0).put(type);
    out.position(AT_LENGTH).putInt(length).putLong(session).putLong(number).put(salt);
    out.putInt(check(frame, 0));
  }

  /** What makes these bytes no header of ours; empty if they are one. */
  public static String fault(byte[] bytes, int from, int available) {
    if (available < BYTES) {
      return "only %d bytes, a header has %d".formatted(available, BYTES);
    }
    ByteBuffer in = ByteBuffer.wrap(bytes, from, BYTES).slice();
    if (in.getShort(0) != MAGIC) {
      return "starts with %04x; maybe something other than Penumbra speaks"
          .formatted(in.getShort(0));
    }
    if (in.getInt(AT_CHECK) != check(bytes, from)) {
      return "the header's checksum is wrong";
    }
    if (in.get(2) != VERSION) {
      return "version %d, this end speaks %d; update the older one".formatted(in.get(2), VERSION);
    }
    int length = in.getInt(AT_LENGTH);
    if (length < 0 || length > PAYLOAD_BYTES_MAX) {
      return "a payload of %d bytes; expected %d at most".formatted(length, PAYLOAD_BYTES_MAX);
    }
    return "";
  }

  /** Length of the payload behind a header without fault. */
  public static int payloadBytes(byte[] bytes, int from) {
    return ByteBuffer.wrap(bytes).getInt(from + AT_LENGTH);
  }

  static boolean sealed(byte[] bytes, int from) {
    return (bytes[from + 3] & FLAG_SEALED) != 0;
  }

  static byte type(byte[] bytes, int from) {
    return bytes[from + 4];
  }

  static long session(byte[] bytes, int from) {
    return ByteBuffer.wrap(bytes).getLong(from + 12);
  }

  static long number(byte[] bytes, int from) {
    return ByteBuffer.wrap(bytes).getLong(from + 20);
  }

  static byte[] salt(byte[] bytes, int from) {
    byte[] salt = new byte[SALT_BYTES];
    System.arraycopy(bytes, from + AT_SALT, salt, 0, SALT_BYTES);
    return salt;
  }

  private static int check(byte[] bytes, int from) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, AT_CHECK);
    return (int) crc.getValue();
  }
}
