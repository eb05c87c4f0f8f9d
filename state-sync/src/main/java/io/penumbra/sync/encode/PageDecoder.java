package io.penumbra.sync.encode;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.penumbra.sync.encode.Decoding.Damaged;
import io.penumbra.sync.encode.Decoding.Decoded;
import io.penumbra.sync.encode.Decoding.Partly;
import io.penumbra.sync.encode.Decoding.UnknownModel;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.predict.PagePredictor;
import io.penumbra.sync.predict.PageShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Optional;

/**
 * The receiver's half of one VM: makes pages of blocks. One thread at a time. Whatever a block
 * holds, decoding it ends, in bounded memory, with a result.
 */
public final class PageDecoder implements AutoCloseable {

  private static final int PENDING_MOST = 1 << 16;

  private final Learning learning = new Learning();
  private final ZstdDecompressCtx zstd = new ZstdDecompressCtx();
  private final byte[] before = new byte[PageSize.BYTES];
  private final byte[] now = new byte[PageSize.BYTES];
  private final GrowingBytes pagesDecoded = new GrowingBytes();
  private final GrowingBytes bulkBefore = new GrowingBytes();
  private final WordStream words = new WordStream();
  private final Optional<HeldContents> held;
  private final LinkedHashSet<Integer> pending = new LinkedHashSet<>();
  private Optional<PageView> state = Optional.empty();

  public PageDecoder() {
    this(Optional.empty());
  }

  /**
   * Sets what blocks may refer to.
   *
   * @param held contents that are here of any VM, if pages of one may be named in another
   */
  public PageDecoder(Optional<HeldContents> held) {
    this.held = held;
  }

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
    if (header.coding() < BlockHeader.RUNS || header.coding() > BlockHeader.FAST) {
      return new Damaged("blocks of kind %d are not known".formatted(header.kind()));
    }
    boolean modelled = header.coding() == BlockHeader.MODEL;
    if (modelled && header.model() != learning.id()) {
      return new UnknownModel(header.model(), learning.id());
    }
    if (!header.fits(block.length, pages.length)) {
      return new Damaged(
          "sections of %,d and %,d bytes in %,d"
              .formatted(header.referenceLength(), header.bulkLength(), block.length));
    }
    Optional<ReferenceReader> references =
        ReferenceReader.read(block, header, pages, previous.pages());
    if (references.isEmpty()) {
      return new Damaged("references that make no sense");
    }
    try {
      return decode(block, header, references.get(), pages, previous, target);
    } catch (ZstdException broken) {
      return new Damaged("zstd: " + broken.getMessage());
    }
  }

  /** The epoch that was decoded is accepted: learn from it. */
  public void accepted() {
    learning.accepted();
    held.ifPresent(
        contents -> state.ifPresent(view -> pending.forEach(page -> contents.holds(view, page))));
    pending.clear();
  }

  /** The epoch that was decoded will not be accepted: learn nothing from it. */
  public void discard() {
    learning.discard();
    pending.clear();
  }

  /** Forget everything that was learned. */
  public void reset() {
    learning.reset();
    pending.clear();
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
      ReferenceReader references,
      int[] pages,
      PageView previous,
      PageTarget target) {
    pagesDecoded.clear();
    bulkBefore.clear();
    Walk walk = new Walk(block, header, references, pages, previous);
    boolean sense =
        switch (header.coding()) {
          case BlockHeader.MODEL -> byModel(walk);
          case BlockHeader.RUNS -> byRuns(walk);
          default -> byWords(walk);
        };
    if (!sense || (bulkBefore.length() > 0 && !fillBulk(walk))) {
      return new Damaged("the sections do not make %d pages".formatted(pages.length));
    }
    if (header.coding() == BlockHeader.MODEL) {
      learning.end(pages.length, BlockHeader.checksum(block));
    }
    return deliver(walk, target);
  }

  /** What a block is decoded with. */
  // Made for one block, and never compared.
  @SuppressWarnings("ArrayRecordComponent")
  private record Walk(
      byte[] block,
      BlockHeader header,
      ReferenceReader references,
      int[] pages,
      PageView previous) {

    boolean inBulk(int index) {
      return header.bulkLength() > 0
          && (block[header.bulkStart() + index / 8] >>> (index % 8) & 1) == 1;
    }
  }

  private Decoding deliver(Walk walk, PageTarget target) {
    int[] pages = walk.pages();
    int missing = 0;
    for (int i = 0; i < pages.length; i++) {
      if (fillNamed(walk, i)) {
        remember(walk, i);
        target.page(pages[i], pagesDecoded.array(), i * PageSize.BYTES);
      } else {
        missing++;
      }
    }
    return missing == 0 ? new Decoded(pages.length) : new Partly(pages.length - missing, missing);
  }

  /** Fills in a page that was only named, and says whether it is here; others are. */
  private boolean fillNamed(Walk walk, int index) {
    ReferenceReader references = walk.references();
    int at = index * PageSize.BYTES;
    int value = references.value(index);
    switch (references.kind(index)) {
      case ReferenceWriter.BEFORE -> copy(walk.previous(), value, pagesDecoded.array(), at);
      case ReferenceWriter.IN_BLOCK -> {
        byte[] all = pagesDecoded.array();
        System.arraycopy(all, value * PageSize.BYTES, all, at, PageSize.BYTES);
      }
      case ReferenceWriter.SHARED -> {
        ContentName name = ContentName.read(walk.block(), value);
        return held.isPresent() && held.get().copy(name, pagesDecoded.array(), at);
      }
      default -> {
        return true;
      }
    }
    return true;
  }

  /** Which pages the sender takes to be known here once the epoch is accepted. */
  private void remember(Walk walk, int index) {
    if (held.isEmpty()) {
      return;
    }
    load(walk, index);
    System.arraycopy(pagesDecoded.array(), index * PageSize.BYTES, now, 0, PageSize.BYTES);
    if (PageShape.isNew(before, now) && pending.size() < PENDING_MOST) {
      state = Optional.of(walk.previous());
      pending.add(walk.pages()[index]);
    }
  }

  private boolean byWords(Walk walk) {
    int most = walk.pages().length * ChangedWords.BYTES_MAX;
    BlockHeader header = walk.header();
    if (!words.unpack(header.coding(), walk.block(), header.restStart(), most, zstd)) {
      return false;
    }
    int next = 0;
    for (int i = 0; i < walk.pages().length; i++) {
      load(walk, i);
      if (!walk.references().isNamed(i)) {
        next = ChangedWords.read(words.array(), next, words.length(), before);
        if (next < 0) {
          return false;
        }
      }
      pagesDecoded.append(before);
    }
    return next == words.length();
  }

  private boolean byModel(Walk walk) {
    byte[] block = walk.block();
    ArithmeticReader reader = new ArithmeticReader(block, walk.header().restStart(), block.length);
    PagePredictor predictor = learning.begin(true);
    for (int i = 0; i < walk.pages().length; i++) {
      load(walk, i);
      if (walk.inBulk(i)) {
        bulkBefore.append(before);
      } else if (!walk.references().isNamed(i)) {
        System.arraycopy(before, 0, now, 0, now.length);
        predictor.code(reader, before, now);
      }
      pagesDecoded.append(now);
    }
    return true;
  }

  private boolean byRuns(Walk walk) {
    byte[] packed =
        Arrays.copyOfRange(walk.block(), walk.header().restStart(), walk.block().length);
    byte[] runs = zstd.decompress(packed, walk.pages().length * Runs.BYTES_MAX);
    int next = 0;
    for (int i = 0; i < walk.pages().length; i++) {
      load(walk, i);
      if (walk.inBulk(i)) {
        bulkBefore.append(before);
      } else if (!walk.references().isNamed(i)) {
        next = Runs.read(runs, next, runs.length, before, 0);
        if (next < 0) {
          return false;
        }
      }
      pagesDecoded.append(before);
    }
    return next == runs.length;
  }

  private boolean fillBulk(Walk walk) {
    BlockHeader header = walk.header();
    int from = header.bulkStart() + (walk.pages().length + 7) / 8;
    zstd.loadDict(BulkDictionary.of(bulkBefore));
    byte[] bulk;
    try {
      bulk =
          zstd.decompress(
              Arrays.copyOfRange(walk.block(), from, header.restStart()), bulkBefore.length());
    } finally {
      zstd.loadDict(new byte[0]);
    }
    if (bulk.length != bulkBefore.length()) {
      return false;
    }
    int next = 0;
    for (int i = 0; i < walk.pages().length; i++) {
      if (walk.inBulk(i)) {
        System.arraycopy(bulk, next, pagesDecoded.array(), i * PageSize.BYTES, PageSize.BYTES);
        next += PageSize.BYTES;
      }
    }
    return true;
  }

  private void load(Walk walk, int index) {
    if (walk.header().alone()) {
      Arrays.fill(before, (byte) 0);
    } else {
      copy(walk.previous(), walk.pages()[index], before, 0);
    }
  }

  private static void copy(PageView view, int page, byte[] into, int at) {
    MemorySegment.copy(
        view.segment(page), ValueLayout.JAVA_BYTE, view.offset(page), into, at, PageSize.BYTES);
  }
}
