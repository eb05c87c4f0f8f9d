package io.penumbra.sync.encode;

import com.github.luben.zstd.ZstdCompressCtx;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.predict.PagePredictor;
import io.penumbra.sync.predict.PageShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The sender's half of one VM: makes blocks of changed pages. One thread at a time.
 *
 * <p>The larger a group, the better it is coded; a whole epoch's pages in one call are best. Blocks
 * of one epoch don't depend on each other. What was learned from an epoch counts from {@link
 * #accepted} on, and the decoder must be told the same at the same point between two blocks.
 */
public final class PageEncoder implements AutoCloseable {

  public static final int BLOCK_BYTES_MAX = 256 * 1024;

  /** How many pages go into one block at most. */
  public static final int PAGES_MAX = 1024;

  /** A page with more in its runs holds something new, or moved; measured. */
  private static final int RUNS_OF_A_PAGE_MAX = 512;

  private static final int BULK_LEVEL = 3;
  private static final int RUNS_LEVEL = 3;

  private final CodingChooser chooser;
  private final Learning learning = new Learning();
  private final ZstdCompressCtx zstd = new ZstdCompressCtx();
  private final byte[] before = new byte[PageSize.BYTES];
  private final byte[] now = new byte[PageSize.BYTES];
  private final GrowingBytes runs = new GrowingBytes();
  private final GrowingBytes bulk = new GrowingBytes();
  private final GrowingBytes bulkBefore = new GrowingBytes();
  private Coding last = Coding.RUNS;
  private int lastPages;
  private long lastBytes;

  public PageEncoder(Prices prices) {
    chooser = new CodingChooser(prices);
  }

  /**
   * The number of the model that the next blocks are made with; 0 is the one that knows nothing.
   */
  public long model() {
    return learning.id();
  }

  /** Makes blocks of pages that have changed, with the coding that is cheapest by now. */
  public List<EncodedBlock> encode(PageView previous, PageView current, int[] pages) {
    return encode(previous, current, pages, chooser.choose());
  }

  /** Makes blocks of pages that have changed, with a given coding. */
  public List<EncodedBlock> encode(
      PageView previous, PageView current, int[] pages, Coding coding) {
    List<EncodedBlock> blocks = blocks(previous, current, pages, coding, false);
    remember(coding, pages.length, blocks);
    return blocks;
  }

  /**
   * Makes blocks that can be decoded with nothing else at hand: for a first transfer, and for pages
   * that the other end could not make sense of. Nothing is learned from them.
   */
  public List<EncodedBlock> encodeAlone(PageView current, int[] pages) {
    return blocks(current, current, pages, Coding.RUNS, true);
  }

  /** What the last call of {@link #encode} took of the CPU; steers the choice of codings. */
  public void took(long nanoseconds) {
    if (lastPages > 0) {
      chooser.measured(last, lastPages, lastBytes, nanoseconds);
    }
  }

  /** The epoch that was encoded is accepted: learn from it. */
  public void accepted() {
    learning.accepted();
  }

  /** The epoch that was encoded will not be accepted: learn nothing from it. */
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

  private void remember(Coding coding, int pages, List<EncodedBlock> blocks) {
    last = coding;
    lastPages = pages;
    lastBytes = 0;
    for (EncodedBlock block : blocks) {
      lastBytes += block.bytes().length;
    }
  }

  private List<EncodedBlock> blocks(
      PageView previous, PageView current, int[] pages, Coding coding, boolean alone) {
    List<EncodedBlock> blocks = new ArrayList<>();
    for (int from = 0; from < pages.length; from += PAGES_MAX) {
      int[] group = Arrays.copyOfRange(pages, from, Math.min(pages.length, from + PAGES_MAX));
      split(previous, current, group, coding, alone, blocks);
    }
    return blocks;
  }

  private void split(
      PageView previous,
      PageView current,
      int[] pages,
      Coding coding,
      boolean alone,
      List<EncodedBlock> blocks) {
    if (pages.length == 0) {
      return;
    }
    byte[] bytes = block(previous, current, pages, coding, alone);
    if (bytes.length <= BLOCK_BYTES_MAX) {
      if (coding != Coding.RUNS) {
        learning.end(pages.length, BlockHeader.checksum(bytes));
      }
      blocks.add(new EncodedBlock(pages, bytes));
      return;
    }
    int half = pages.length / 2;
    split(previous, current, Arrays.copyOf(pages, half), coding, alone, blocks);
    int[] rest = Arrays.copyOfRange(pages, half, pages.length);
    split(previous, current, rest, coding, alone, blocks);
  }

  private byte[] block(
      PageView previous, PageView current, int[] pages, Coding coding, boolean alone) {
    boolean modelled = coding != Coding.RUNS;
    bulk.clear();
    bulkBefore.clear();
    runs.clear();
    byte[] inBulk = new byte[(pages.length + 7) / 8];
    ArithmeticWriter writer = new ArithmeticWriter();
    PagePredictor predictor = learning.begin(modelled);
    for (int i = 0; i < pages.length; i++) {
      if (alone) {
        Arrays.fill(before, (byte) 0);
      } else {
        copy(previous, pages[i], before);
      }
      copy(current, pages[i], now);
      if (modelled && PageShape.isForeign(before, now)) {
        leaveToZstd(inBulk, i);
      } else if (modelled) {
        predictor.code(writer, before, now);
      } else {
        runs(inBulk, i);
      }
    }
    byte[] bulkSection = bulk.length() == 0 ? new byte[0] : bulkSection(inBulk);
    byte[] rest = modelled ? writer.finish() : compressed(runs, RUNS_LEVEL);
    int kind = (modelled ? BlockHeader.MODEL : BlockHeader.RUNS) | (alone ? BlockHeader.ALONE : 0);
    return assemble(kind, modelled ? learning.id() : 0, bulkSection, rest);
  }

  private static byte[] assemble(int kind, long model, byte[] bulkSection, byte[] rest) {
    byte[] block = new byte[BlockHeader.BYTES + bulkSection.length + rest.length];
    System.arraycopy(bulkSection, 0, block, BlockHeader.BYTES, bulkSection.length);
    System.arraycopy(rest, 0, block, BlockHeader.BYTES + bulkSection.length, rest.length);
    new BlockHeader(kind, model, bulkSection.length).write(block);
    return block;
  }

  private void runs(byte[] inBulk, int index) {
    int start = runs.length();
    byte[] into = runs.room(Runs.BYTES_MAX);
    int end = Runs.write(before, now, into, start);
    if (end - start > RUNS_OF_A_PAGE_MAX) {
      leaveToZstd(inBulk, index);
    } else {
      runs.end(end);
    }
  }

  private void leaveToZstd(byte[] inBulk, int index) {
    inBulk[index / 8] |= (byte) (1 << (index % 8));
    bulk.append(now);
    bulkBefore.append(before);
  }

  private byte[] bulkSection(byte[] inBulk) {
    zstd.loadDict(BulkDictionary.of(bulkBefore));
    byte[] compressed = compressed(bulk, BULK_LEVEL);
    zstd.loadDict(new byte[0]);
    byte[] section = Arrays.copyOf(inBulk, inBulk.length + compressed.length);
    System.arraycopy(compressed, 0, section, inBulk.length, compressed.length);
    return section;
  }

  private byte[] compressed(GrowingBytes from, int level) {
    zstd.setLevel(level);
    return zstd.compress(Arrays.copyOf(from.array(), from.length()));
  }

  private static void copy(PageView view, int page, byte[] into) {
    MemorySegment segment = view.segment(page);
    MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, view.offset(page), into, 0, into.length);
  }
}
