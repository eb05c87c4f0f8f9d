package io.penumbra.adapter.qemu.dirty;

import io.penumbra.adapter.qemu.Reply;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Tells which pages of a file another process has written through its mapping since it was asked
 * before. Blind to what others write into the file, and to {@code pwrite}. Asking write-protects
 * what was written; the next write to such a page costs its writer a fault that the kernel settles
 * by itself, a few microseconds. See the kernel's Documentation/admin-guide/mm/pagemap.rst.
 *
 * <p>Owned by one thread.
 */
public final class WrittenPages implements AutoCloseable {

  /** {@code _IOWR('f', 16, struct pm_scan_arg)}. */
  private static final long PAGEMAP_SCAN = 0xC0606610L;

  private static final long WP_MATCHING = 1;
  private static final long CHECK_WPASYNC = 2;
  private static final long PAGE_IS_WRITTEN = 2;

  /** Fields of struct pm_scan_arg that are set or read, in units of eight bytes. */
  private static final int SIZE = 0;

  private static final int FLAGS = 1;
  private static final int START = 2;
  private static final int END = 3;
  private static final int WALK_END = 4;
  private static final int VECTOR = 5;
  private static final int VECTOR_LENGTH = 6;
  private static final int CATEGORY_MASK = 9;
  private static final int RETURN_MASK = 11;
  private static final int FIELDS = 12;

  /** Three words per answer: start, end, categories. */
  private static final int ANSWER_WORDS = 3;

  private static final int ANSWERS = 1 << 14;
  private static final int PAGE_SHIFT = 12;

  private final Arena arena = Arena.ofShared();
  private final int pagemap;
  private final List<Mapping> mappings;
  private final MemorySegment argument = arena.allocate(ValueLayout.JAVA_LONG, FIELDS);
  private final MemorySegment answers =
      arena.allocate(ValueLayout.JAVA_LONG, (long) ANSWERS * ANSWER_WORDS);

  private WrittenPages(int pagemap, List<Mapping> mappings) {
    this.pagemap = pagemap;
    this.mappings = mappings;
  }

  /**
   * One piece of a process's memory.
   *
   * @param offset where in the file it starts
   */
  private record Mapping(long start, long end, long offset) {}

  /** Begins to watch; refused if the process has not registered its mapping of the file. */
  public static Reply<WrittenPages> of(long pid, Path file) {
    try {
      List<Mapping> mappings = mappings(pid, file.toRealPath());
      if (mappings.isEmpty()) {
        return Reply.refused("process %d has not mapped %s".formatted(pid, file));
      }
      WrittenPages pages = new WrittenPages(Kernel.open("/proc/" + pid + "/pagemap"), mappings);
      return switch (pages.next()) {
        case Reply.Done<BitSet> _ -> Reply.done(pages);
        case Reply.Refused<BitSet>(String reason) -> {
          pages.close();
          yield Reply.refused(reason);
        }
        case Reply.Unknown<BitSet>(String reason) -> {
          pages.close();
          yield Reply.refused(reason);
        }
      };
    } catch (IOException e) {
      return Reply.refused("process %d: %s".formatted(pid, e.getMessage()));
    }
  }

  private static List<Mapping> mappings(long pid, Path file) throws IOException {
    List<Mapping> found = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/maps"))) {
      String[] words = line.split(" +", 6);
      if (words.length == 6 && words[5].equals(file.toString()) && words[1].startsWith("rw")) {
        String[] range = words[0].split("-", 2);
        found.add(
            new Mapping(
                Long.parseUnsignedLong(range[0], 16),
                Long.parseUnsignedLong(range[1], 16),
                Long.parseUnsignedLong(words[2], 16)));
      }
    }
    return found;
  }

  /** Pages of the file that were written since this was asked before. */
  public Reply<BitSet> next() {
    BitSet written = new BitSet();
    for (Mapping mapping : mappings) {
      long from = mapping.start();
      while (from < mapping.end()) {
        argument.fill((byte) 0);
        set(SIZE, FIELDS * (long) Long.BYTES);
        set(FLAGS, WP_MATCHING | CHECK_WPASYNC);
        set(START, from);
        set(END, mapping.end());
        set(VECTOR, answers.address());
        set(VECTOR_LENGTH, ANSWERS);
        set(CATEGORY_MASK, PAGE_IS_WRITTEN);
        set(RETURN_MASK, PAGE_IS_WRITTEN);
        Kernel.Result result = Kernel.ioctl(pagemap, PAGEMAP_SCAN, argument);
        if (result.failed()) {
          return Reply.refused(
              result.errno() == Kernel.EPERM
                  ? "its memory is not registered for tracking"
                  : "the kernel does not tell (error %d); it does from Linux 6.7 on"
                      .formatted(result.errno()));
        }
        collect((int) result.value(), mapping, written);
        from = argument.getAtIndex(ValueLayout.JAVA_LONG, WALK_END);
      }
    }
    return Reply.done(written);
  }

  private void set(int field, long value) {
    argument.setAtIndex(ValueLayout.JAVA_LONG, field, value);
  }

  private void collect(int count, Mapping mapping, BitSet written) {
    for (int i = 0; i < count; i++) {
      long start = answers.getAtIndex(ValueLayout.JAVA_LONG, (long) i * ANSWER_WORDS);
      long end = answers.getAtIndex(ValueLayout.JAVA_LONG, (long) i * ANSWER_WORDS + 1);
      written.set(page(start, mapping), page(end, mapping));
    }
  }

  private static int page(long address, Mapping mapping) {
    return (int) ((address - mapping.start() + mapping.offset()) >>> PAGE_SHIFT);
  }

  @Override
  public void close() {
    Kernel.close(pagemap);
    arena.close();
  }
}
