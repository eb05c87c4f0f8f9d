package io.penumbra.tiers.seal;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;

/** zstd with its contexts kept: making one costs more than compressing a small chunk. */
final class Compressor {

  /** Below this gain the time to decompress on every read isn't worth the room. */
  private static final double GAIN_MIN = 0.03;

  private final int level;
  private final ConcurrentLinkedDeque<ZstdCompressCtx> compressing = new ConcurrentLinkedDeque<>();
  private final ConcurrentLinkedDeque<ZstdDecompressCtx> decompressing =
      new ConcurrentLinkedDeque<>();

  Compressor(int level) {
    if (level < 1 || level > 19) {
      throw new IllegalArgumentException("zstd level %d; expected 1 to 19".formatted(level));
    }
    this.level = level;
  }

  /** The compressed bytes; empty when they aren't worth it. */
  Optional<byte[]> compress(byte[] plain) {
    byte[] target = new byte[(int) Zstd.compressBound(plain.length)];
    ZstdCompressCtx context = compressing.pollFirst();
    if (context == null) {
      context = new ZstdCompressCtx().setLevel(level).setContentSize(false);
    }
    try {
      int length = context.compress(target, plain);
      return length < plain.length * (1 - GAIN_MIN)
          ? Optional.of(Arrays.copyOf(target, length))
          : Optional.empty();
    } finally {
      compressing.addFirst(context);
    }
  }

  /**
   * The plain bytes.
   *
   * @throws ZstdException if there aren't exactly so many
   */
  byte[] decompress(byte[] body, int from, int bytes, int length) {
    byte[] plain = new byte[length];
    ZstdDecompressCtx context = decompressing.pollFirst();
    if (context == null) {
      context = new ZstdDecompressCtx();
    }
    try {
      int got = context.decompressByteArray(plain, 0, length, body, from, bytes);
      if (got != length) {
        throw new ZstdException(0, "%d bytes; expected %d".formatted(got, length));
      }
      return plain;
    } finally {
      decompressing.addFirst(context);
    }
  }
}
