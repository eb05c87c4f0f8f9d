package io.penumbra.sync.encode;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The first 24 bytes of a block, little-endian: version (1 byte), kind (1), two zeros, CRC-32C of
 * all that is not it (4), number of the model it was made with (8), length of the section of
 * references (4), length of the section of pages that were left to zstd (4). These sections follow,
 * each led by a bit for each page that says whether the page is in it, if they are not empty; then
 * the section of all other pages.
 */
record BlockHeader(int kind, long model, int referenceLength, int bulkLength) {

  static final int BYTES = 24;

  /** Kinds: what the pages in the last section are coded as. */
  static final int RUNS = 1;

  static final int MODEL = 2;
  static final int PLAIN = 3;
  static final int LZ4 = 4;
  static final int FAST = 5;

  /** Added to a kind: the pages before are taken to be zero. */
  static final int ALONE = 16;

  private static final int VERSION = 2;
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  static BlockHeader read(byte[] block) {
    return new BlockHeader(
        block[1], (long) LONG.get(block, 8), (int) INT.get(block, 16), (int) INT.get(block, 20));
  }

  static int kind(Coding coding, boolean alone) {
    int kind =
        switch (coding) {
          case PLAIN -> PLAIN;
          case LZ4 -> LZ4;
          case FAST -> FAST;
          case RUNS -> RUNS;
          case MODEL -> MODEL;
        };
    return alone ? kind | ALONE : kind;
  }

  void write(byte[] block) {
    block[0] = VERSION;
    block[1] = (byte) kind;
    LONG.set(block, 8, model);
    INT.set(block, 16, referenceLength);
    INT.set(block, 20, bulkLength);
    INT.set(block, 4, checksum(block));
  }

  /** Whether there is a whole block of a version we know. */
  static boolean sound(byte[] block) {
    return block.length >= BYTES
        && block.length <= PageEncoder.BLOCK_BYTES_MAX
        && block[0] == VERSION
        && (int) INT.get(block, 4) == checksum(block);
  }

  static int checksum(byte[] block) {
    CRC32C crc = new CRC32C();
    crc.update(block, 0, 4);
    crc.update(block, 8, block.length - 8);
    return (int) crc.getValue();
  }

  /** Whether the sections can be where it says, in a block of so many bytes and pages. */
  boolean fits(int bytes, int pages) {
    int least = (pages + 7) / 8;
    boolean room = referenceLength == 0 || referenceLength >= least;
    boolean bulkRoom = bulkLength == 0 || bulkLength >= least;
    return room && bulkRoom && (long) BYTES + referenceLength + bulkLength <= bytes;
  }

  int bulkStart() {
    return BYTES + referenceLength;
  }

  int restStart() {
    return bulkStart() + bulkLength;
  }

  boolean alone() {
    return (kind & ALONE) != 0;
  }

  int coding() {
    return kind & ~ALONE;
  }
}
