package io.penumbra.sync.encode;

import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Optional;

/**
 * Finds pages that the other end has already, and names them: a page of the state before that has
 * moved, an earlier page of the same block, or, if that was asked for, a page of any VM. Contents
 * are compared, not only their hashes; only the last kind rests on a hash, and that is SHA-256.
 *
 * <p>A section of references is a bit per page of the block, then per page with a bit a number in
 * LEB128: what it says times four, plus its kind.
 */
final class ReferenceWriter {

  /** The page of the state before: by how much its number is larger, zigzagged. */
  static final int BEFORE = 0;

  /** The page with this place in the block. */
  static final int IN_BLOCK = 1;

  /** Whatever page has the SHA-256 that follows; the number says nothing. */
  static final int SHARED = 2;

  /** No entry takes more. */
  static final int ENTRY_BYTES_MAX = 1 + ContentName.BYTES;

  private static final int PENDING_MOST = 1 << 16;

  private final Optional<SentContents> sent;
  private final KnownPages inBlock = new KnownPages(PageEncoder.PAGES_MAX);
  private final GrowingBytes entries = new GrowingBytes();
  private KnownPages known = new KnownPages(1);
  private int knowsAbout;
  private byte[] named = new byte[0];
  private boolean alone;

  /** New contents of this epoch, which the other end will have when it accepts it. */
  private final LinkedHashSet<ContentName> pending = new LinkedHashSet<>();

  ReferenceWriter(Optional<SentContents> sent) {
    this.sent = sent;
  }

  /** A block of at most so many pages begins. */
  void begin(int pages, PageView current, boolean aloneStanding) {
    if (knowsAbout != current.pages()) {
      knowsAbout = current.pages();
      known = new KnownPages(knowsAbout);
    }
    if (entries.length() > 0 || named.length != (pages + 7) / 8) {
      named = new byte[(pages + 7) / 8];
    }
    entries.clear();
    inBlock.clear();
    alone = aloneStanding;
  }

  /**
   * Names a page instead of coding it, if it can be named.
   *
   * @param pages the block's pages, from {@code first} on
   * @param index its place among them
   */
  boolean names(PageView previous, PageView current, int[] pages, int first, int index) {
    int page = pages[first + index];
    long hash = PageHash.of(current, page);
    if (hash == PageHash.ZERO_PAGE) {
      return false;
    }
    int like = alone ? -1 : known.get(hash);
    if (like >= 0 && like < previous.pages() && same(previous, like, current, page)) {
      int further = like - page;
      name(index, (further << 1 ^ further >> 31) & 0xFFFFFFFFL, BEFORE);
      return true;
    }
    int earlier = inBlock.get(hash);
    if (earlier >= 0 && same(current, pages[first + earlier], current, page)) {
      name(index, earlier, IN_BLOCK);
      return true;
    }
    if (isShared(current, page, index)) {
      return true;
    }
    inBlock.put(hash, index);
    known.put(hash, page);
    return false;
  }

  /** The section; empty if no page was named. */
  byte[] section(int pages) {
    if (entries.length() == 0) {
      return new byte[0];
    }
    int bits = (pages + 7) / 8;
    byte[] section = Arrays.copyOf(named, bits + entries.length());
    System.arraycopy(entries.array(), 0, section, bits, entries.length());
    return section;
  }

  /** The epoch is accepted: what was new in it is known at the other end. */
  void accepted() {
    sent.ifPresent(contents -> pending.forEach(contents::accepted));
    pending.clear();
  }

  void discard() {
    pending.clear();
  }

  private boolean isShared(PageView current, int page, int index) {
    if (sent.isEmpty()) {
      return false;
    }
    ContentName name = ContentName.of(current, page);
    if (alone || !sent.get().has(name)) {
      if (pending.size() < PENDING_MOST) {
        pending.add(name);
      }
      return false;
    }
    name(index, 0, SHARED);
    entries.append(name.bytes());
    return true;
  }

  private void name(int index, long value, int kind) {
    named[index / 8] |= (byte) (1 << (index % 8));
    byte[] into = entries.room(Long.BYTES);
    int end = entries.length();
    long rest = value << 2 | kind;
    while (rest > 127) {
      into[end] = (byte) (rest | 128);
      end++;
      rest >>>= 7;
    }
    into[end] = (byte) rest;
    entries.end(end + 1);
  }

  private static boolean same(PageView one, int page, PageView other, int otherPage) {
    long from = one.offset(page);
    long otherFrom = other.offset(otherPage);
    return MemorySegment.mismatch(
            one.segment(page),
            from,
            from + PageSize.BYTES,
            other.segment(otherPage),
            otherFrom,
            otherFrom + PageSize.BYTES)
        < 0;
  }
}
