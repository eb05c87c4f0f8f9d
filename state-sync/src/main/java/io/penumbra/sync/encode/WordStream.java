package io.penumbra.sync.encode;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import java.util.Arrays;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/** The changed words of a block's pages, one page after the other, packed and unpacked. */
final class WordStream {

  private static final int QUICK = -1;
  private static final LZ4Compressor LZ4 = LZ4Factory.fastestInstance().fastCompressor();
  private static final LZ4SafeDecompressor UNLZ4 = LZ4Factory.fastestInstance().safeDecompressor();

  /**
   * Packed bytes and how they were packed.
   *
   * @param coding plain, if packing made nothing smaller
   */
  // Made for one block and handed over.
  @SuppressWarnings("ArrayRecordComponent")
  record Packed(Coding coding, byte[] bytes) {}

  private final GrowingBytes room = new GrowingBytes();
  private int unpacked;

  Packed pack(Coding coding, GrowingBytes words, ZstdCompressCtx zstd) {
    int length =
        switch (coding) {
          case LZ4 -> lz4(words);
          case FAST -> zstd(words, zstd);
          case PLAIN, RUNS, MODEL -> words.length();
        };
    return length < words.length()
        ? new Packed(coding, Arrays.copyOf(room.array(), length))
        : new Packed(Coding.PLAIN, Arrays.copyOf(words.array(), words.length()));
  }

  private int lz4(GrowingBytes words) {
    byte[] into = room.room(LZ4.maxCompressedLength(words.length()));
    return LZ4.compress(words.array(), 0, words.length(), into, 0, into.length);
  }

  private int zstd(GrowingBytes words, ZstdCompressCtx zstd) {
    byte[] into = room.room((int) Zstd.compressBound(words.length()));
    zstd.setLevel(QUICK);
    return zstd.compressByteArray(into, 0, into.length, words.array(), 0, words.length());
  }

  /**
   * Unpacks what stands in a block from there to its end.
   *
   * @return whether it made sense, and no more than so many bytes
   */
  boolean unpack(int kind, byte[] block, int from, int most, ZstdDecompressCtx zstd) {
    int packed = block.length - from;
    byte[] into = room.room(most);
    try {
      int length =
          switch (kind) {
            case BlockHeader.LZ4 -> UNLZ4.decompress(block, from, packed, into, 0, most);
            case BlockHeader.FAST -> zstd.decompressByteArray(into, 0, most, block, from, packed);
            default -> plain(block, from, packed, into, most);
          };
      unpacked = Math.max(0, length);
      return length >= 0;
    } catch (LZ4Exception _) {
      return false;
    }
  }

  /** What was unpacked last, from the beginning. */
  byte[] array() {
    return room.array();
  }

  int length() {
    return unpacked;
  }

  private static int plain(byte[] block, int from, int packed, byte[] into, int most) {
    if (packed > most) {
      return -1;
    }
    System.arraycopy(block, from, into, 0, packed);
    return packed;
  }
}
