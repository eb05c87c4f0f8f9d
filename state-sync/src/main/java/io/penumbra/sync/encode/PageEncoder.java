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
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

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

  /** So much of changed words fits into a block whatever becomes of it, with its references. */
  private static final int WORDS_MAX =
      BLOCK_BYTES_MAX
          - BlockHeader.BYTES
          - PAGES_MAX / 8
          - PAGES_MAX * ReferenceWriter.ENTRY_BYTES_MAX;

  private static final int SAMPLES = 16;

  private final CodingChooser chooser;
  private final ReferenceWriter references;
  private final WordStream stream = new WordStream();
  private final Learning learning = new Learning();
  private final ZstdCompressCtx zstd = new ZstdCompressCtx();
  private final byte[] before = new byte[PageSize.BYTES];
  private final byte[] now = new byte[PageSize.BYTES];
  private final GrowingBytes runs = new GrowingBytes();
  private final GrowingBytes bulk = new GrowingBytes();
  private final GrowingBytes bulkBefore = new GrowingBytes();
  private final LongSupplier cpu;
  private final EnumMap<Coding, Long> chosen = new EnumMap<>(Coding.class);

  /** For whom CPU time costs nothing, since nobody measures it. */
  public PageEncoder(Prices prices) {
    this(() -> prices, () -> 0, Optional.empty());
  }

  /**
   * Sets what decides between codings, and what may be referred to.
   *
   * @param prices asked for before each group
   * @param cpu nanoseconds of CPU that the calling thread has used
   * @param sent contents the other end has of any VM, if pages of one may be named in another
   */
  public PageEncoder(Supplier<Prices> prices, LongSupplier cpu, Optional<SentContents> sent) {
    this.cpu = cpu;
    chooser = new CodingChooser(prices);
    references = new ReferenceWriter(sent);
  }

  /**
   * The number of the model that the next blocks are made with; 0 is the one that knows nothing.
   */
  public long model() {
    return learning.id();
  }

  /** Makes blocks of pages that have changed, with the coding that is cheapest by now. */
  public List<EncodedBlock> encode(PageView previous, PageView current, int[] pages) {
    return chosen(previous, current, pages, false);
  }

  /** Makes blocks of pages that have changed, with a given coding. */
  public List<EncodedBlock> encode(
      PageView previous, PageView current, int[] pages, Coding coding) {
    return blocks(previous, current, pages, coding, false);
  }

  /**
   * Makes blocks that can be decoded with nothing else at hand: for a first transfer, and for pages
   * that the other end could not make sense of. Nothing is learned from them.
   */
  public List<EncodedBlock> encodeAlone(PageView current, int[] pages) {
    return chosen(current, current, pages, true);
  }

  /**
   * Makes such blocks with a given coding.
   *
   * @param coding any but the model, which needs the pages before
   */
  public List<EncodedBlock> encodeAlone(PageView current, int[] pages, Coding coding) {
    if (coding == Coding.MODEL) {
      throw new IllegalArgumentException("the model needs the pages before; expected another");
    }
    return blocks(current, current, pages, coding, true);
  }

  /** How many pages each coding has been chosen for. */
  public Map<Coding, Long> chosen() {
    return Collections.unmodifiableMap(chosen);
  }

  /** The epoch that was encoded is accepted: learn from it. */
  public void accepted() {
    references.accepted();
    learning.accepted();
  }

  /** The epoch that was encoded will not be accepted: learn nothing from it. */
  public void discard() {
    references.discard();
    learning.discard();
  }

  /** Forget everything that was learned. */
  public void reset() {
    references.discard();
    learning.reset();
  }

  @Override
  public void close() {
    zstd.close();
  }

  Learning learning() {
    return learning;
  }

  private List<EncodedBlock> chosen(
      PageView previous, PageView current, int[] pages, boolean alone) {
    GroupKind kind = alone ? GroupKind.ALONE : kind(previous, current, pages);
    List<EncodedBlock> all = new ArrayList<>();
    int from = 0;
    while (from < pages.length) {
      CodingChooser.Choice choice = chooser.choose(kind, pages.length - from);
      int[] part = Arrays.copyOfRange(pages, from, from + choice.pages());
      long start = cpu.getAsLong();
      List<EncodedBlock> blocks = blocks(previous, current, part, choice.coding(), alone);
      long took = cpu.getAsLong() - start;
      long bytes = 0;
      for (EncodedBlock block : blocks) {
        bytes += block.bytes().length;
      }
      chooser.measured(kind, choice.coding(), part.length, bytes, took);
      chosen.merge(choice.coding(), (long) part.length, Long::sum);
      all.addAll(blocks);
      from += part.length;
    }
    return all;
  }

  /** What the group is like, by a few of its pages. */
  private GroupKind kind(PageView previous, PageView current, int[] pages) {
    int step = Math.max(1, pages.length / SAMPLES);
    int words = 0;
    int samples = 0;
    for (int i = step / 2; i < pages.length; i += step) {
      copy(previous, pages[i], before);
      copy(current, pages[i], now);
      words += PageShape.changedWords(before, now);
      samples++;
    }
    return GroupKind.of((double) words / Math.max(1, samples));
  }

  private List<EncodedBlock> blocks(
      PageView previous, PageView current, int[] pages, Coding coding, boolean alone) {
    List<EncodedBlock> blocks = new ArrayList<>();
    if (coding.codesWords()) {
      for (int from = 0; from < pages.length; from += blocks.getLast().pages().length) {
        blocks.add(words(previous, current, pages, from, coding, alone));
      }
      return blocks;
    }
    for (int from = 0; from < pages.length; from += PAGES_MAX) {
      int[] group = Arrays.copyOfRange(pages, from, Math.min(pages.length, from + PAGES_MAX));
      split(previous, current, group, coding, alone, blocks);
    }
    return blocks;
  }

  /** As many of the pages from there on as fit for certain. */
  private EncodedBlock words(
      PageView previous, PageView current, int[] pages, int from, Coding coding, boolean alone) {
    int end = Math.min(pages.length, from + PAGES_MAX);
    runs.clear();
    references.begin(end - from, current, alone);
    int at = from;
    while (at < end && runs.length() + ChangedWords.BYTES_MAX <= WORDS_MAX) {
      load(previous, current, pages[at], alone);
      int start = runs.length();
      int stop = ChangedWords.write(before, now, runs.room(ChangedWords.BYTES_MAX), start);
      if (!ChangedWords.isMostOfAPage(start, stop)
          || !references.names(previous, current, pages, from, at - from)) {
        runs.end(stop);
      }
      at++;
    }
    WordStream.Packed packed = stream.pack(coding, runs, zstd);
    byte[] block =
        assemble(
            BlockHeader.kind(packed.coding(), alone),
            0,
            references.section(at - from),
            new byte[0],
            packed.bytes());
    return new EncodedBlock(Arrays.copyOfRange(pages, from, at), block);
  }

  private void load(PageView previous, PageView current, int page, boolean alone) {
    if (alone) {
      Arrays.fill(before, (byte) 0);
    } else {
      copy(previous, page, before);
    }
    copy(current, page, now);
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
    boolean modelled = coding == Coding.MODEL;
    bulk.clear();
    bulkBefore.clear();
    runs.clear();
    references.begin(pages.length, current, alone);
    byte[] inBulk = new byte[(pages.length + 7) / 8];
    ArithmeticWriter writer = new ArithmeticWriter();
    PagePredictor predictor = learning.begin(modelled);
    for (int i = 0; i < pages.length; i++) {
      load(previous, current, pages[i], alone);
      if (PageShape.isNew(before, now) && references.names(previous, current, pages, 0, i)) {
        continue;
      }
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
    return assemble(
        BlockHeader.kind(coding, alone),
        modelled ? learning.id() : 0,
        references.section(pages.length),
        bulkSection,
        rest);
  }

  private static byte[] assemble(
      int kind, long model, byte[] referenceSection, byte[] bulkSection, byte[] rest) {
    BlockHeader header = new BlockHeader(kind, model, referenceSection.length, bulkSection.length);
    byte[] block = new byte[header.restStart() + rest.length];
    System.arraycopy(referenceSection, 0, block, BlockHeader.BYTES, referenceSection.length);
    System.arraycopy(bulkSection, 0, block, header.bulkStart(), bulkSection.length);
    System.arraycopy(rest, 0, block, header.restStart(), rest.length);
    header.write(block);
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
