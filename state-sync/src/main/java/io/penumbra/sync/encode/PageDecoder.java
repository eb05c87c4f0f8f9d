package io.penumbra.sync.encode;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.penumbra.sync.encode.Decoding.Damaged;
import io.penumbra.sync.encode.Decoding.Decoded;
import io.penumbra.sync.encode.Decoding.UnknownModel;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.predict.PagePredictor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The receiver's half of one VM: makes pages of blocks. One thread at a time. Whatever a block
 * holds, decoding it ends, in bounded memory, with a result.
 */
public final class PageDecoder implements AutoCloseable {

  private final Learning learning = new Learning();
  private final ZstdDecompressCtx zstd = new ZstdDecompressCtx();
  private final byte[] before = new byte[PageSize.BYTES];
  private final byte[] now = new byte[PageSize.BYTES];
  private final GrowingBytes pagesDecoded = new GrowingBytes();
  private final GrowingBytes bulkBefore = new GrowingBytes();

  /** The number of the model that is here; 0 is the one that knows nothing. */
  public long model() {
    return learning.id();
  }

  /**
   * Decodes a block.
   *
   * @param pages which pages are in it, as the encoder named them
   * @param previous the pages as they were, as the encoder saw them
   */
  public Decoding decode(byte[] block, int[] pages, PageView previous, PageTarget target) {
    if (pages.length == 0 || pages.length > PageEncoder.PAGES_MAX) {
      return new Damaged(
          "%d pages in a block; expected 1 to %d".formatted(pages.length, PageEncoder.PAGES_MAX));
    }
    if (!BlockHeader.sound(block)) {
      return new Damaged("no block of ours in %,d bytes".formatted(block.length));
    }
    BlockHeader header = BlockHeader.read(block);
    boolean modelled = header.coding() == BlockHeader.MODEL;
    if (!modelled && header.coding() != BlockHeader.RUNS) {
      return new Damaged("blocks of kind %d are not known".formatted(header.kind()));
    }
    if (modelled && header.model() != learning.id()) {
      return new UnknownModel(header.model(), learning.id());
    }
    int bulkEnd = BlockHeader.BYTES + header.bulkLength();
    int leading = header.bulkLength() == 0 ? 0 : (pages.length + 7) / 8;
    if (header.bulkLength() < leading || bulkEnd < 0 || bulkEnd > block.length) {
      return new Damaged("a section of %,d bytes".formatted(header.bulkLength()));
    }
    try {
      return decode(block, header, bulkEnd, pages, previous, target);
    } catch (ZstdException broken) {
      return new Damaged("zstd: " + broken.getMessage());
    }
  }

  /** The epoch that was decoded is accepted: learn from it. */
  public void accepted() {
    learning.accepted();
  }

  /** The epoch that was decoded will not be accepted: learn nothing from it. */
  public void discard() {
    learning.discard();
  }

  /** Forget everything that was learned. */
  public void reset() {
    learning.reset();
  }

  @Override
  public void close() {
    zstd.close();
  }

  Learning learning() {
    return learning;
  }

  private Decoding decode(
      byte[] block,
      BlockHeader header,
      int bulkEnd,
      int[] pages,
      PageView previous,
      PageTarget target) {
    pagesDecoded.clear();
    bulkBefore.clear();
    boolean sense =
        header.coding() == BlockHeader.MODEL
            ? byModel(block, header, bulkEnd, pages, previous)
            : byRuns(block, header, bulkEnd, pages, previous);
    if (!sense || (bulkBefore.length() > 0 && !fillBulk(block, bulkEnd, pages))) {
      return new Damaged("the sections do not make %d pages".formatted(pages.length));
    }
    if (header.coding() == BlockHeader.MODEL) {
      learning.end(pages.length, BlockHeader.checksum(block));
    }
    for (int i = 0; i < pages.length; i++) {
      target.page(pages[i], pagesDecoded.array(), i * PageSize.BYTES);
    }
    return new Decoded(pages.length);
  }

  private boolean byModel(
      byte[] block, BlockHeader header, int bulkEnd, int[] pages, PageView previous) {
    ArithmeticReader reader = new ArithmeticReader(block, bulkEnd, block.length);
    PagePredictor predictor = learning.begin(true);
    for (int i = 0; i < pages.length; i++) {
      load(header, previous, pages[i]);
      if (inBulk(block, header, i)) {
        bulkBefore.append(before);
      } else {
        System.arraycopy(before, 0, now, 0, now.length);
        predictor.code(reader, before, now);
      }
      pagesDecoded.append(now);
    }
    return true;
  }

  private boolean byRuns(
      byte[] block, BlockHeader header, int bulkEnd, int[] pages, PageView previous) {
    byte[] packed = Arrays.copyOfRange(block, bulkEnd, block.length);
    byte[] runs = zstd.decompress(packed, pages.length * Runs.BYTES_MAX);
    int next = 0;
    for (int i = 0; i < pages.length; i++) {
      load(header, previous, pages[i]);
      if (inBulk(block, header, i)) {
        bulkBefore.append(before);
      } else {
        next = Runs.read(runs, next, runs.length, before, 0);
        if (next < 0) {
          return false;
        }
      }
      pagesDecoded.append(before);
    }
    return next == runs.length;
  }

  private boolean fillBulk(byte[] block, int bulkEnd, int[] pages) {
    int from = BlockHeader.BYTES + (pages.length + 7) / 8;
    zstd.loadDict(BulkDictionary.of(bulkBefore));
    byte[] bulk;
    try {
      bulk = zstd.decompress(Arrays.copyOfRange(block, from, bulkEnd), bulkBefore.length());
    } finally {
      zstd.loadDict(new byte[0]);
    }
    if (bulk.length != bulkBefore.length()) {
      return false;
    }
    int next = 0;
    for (int i = 0; i < pages.length; i++) {
      if (inBulk(block, i)) {
        System.arraycopy(bulk, next, pagesDecoded.array(), i * PageSize.BYTES, PageSize.BYTES);
        next += PageSize.BYTES;
      }
    }
    return true;
  }

  private static boolean inBulk(byte[] block, BlockHeader header, int index) {
    return header.bulkLength() > 0 && inBulk(block, index);
  }

  private static boolean inBulk(byte[] block, int index) {
    return (block[BlockHeader.BYTES + index / 8] >>> (index % 8) & 1) == 1;
  }

  private void load(BlockHeader header, PageView previous, int page) {
    if (header.alone()) {
      Arrays.fill(before, (byte) 0);
    } else {
      MemorySegment segment = previous.segment(page);
      MemorySegment.copy(
          segment, ValueLayout.JAVA_BYTE, previous.offset(page), before, 0, before.length);
    }
  }
}
