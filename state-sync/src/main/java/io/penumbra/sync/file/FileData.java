package io.penumbra.sync.file;

import io.penumbra.sync.epoch.PageSize;
import java.io.Closeable;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Optional;

/**
 * Where a sparse file has data and where holes, by lseek(2) with SEEK_DATA and SEEK_HOLE. What
 * can't be told counts as data.
 */
public final class FileData implements Closeable {

  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;

  /** A file in more pieces than this is taken for one without holes. */
  private static final int EXTENTS_MAX = 1 << 16;

  private static final Optional<Calls> CALLS = Calls.find();

  private final Calls calls;
  private final int file;
  private final long bytes;

  private FileData(Calls calls, int file, long bytes) {
    this.calls = calls;
    this.file = file;
    this.bytes = bytes;
  }

  /** Opens a file; empty if this system can't tell. */
  public static Optional<FileData> of(Path path, long bytes) {
    return CALLS.flatMap(calls -> {
      int file = calls.open(path);
      return file < 0 ? Optional.empty() : Optional.of(new FileData(calls, file, bytes));
    });
  }

  /** The pages with data, now. */
  public Optional<BitSet> pages() {
    BitSet pages = new BitSet();
    long at = 0;
    for (int extents = 0; extents < EXTENTS_MAX && at < bytes; extents++) {
      long from = calls.seek(file, at, SEEK_DATA);
      if (from < 0) {
        // Nothing but a hole up to the end, or this kind of file has no such call.
        return at == 0 && calls.seek(file, 0, SEEK_HOLE) < 0
            ? Optional.empty()
            : Optional.of(pages);
      }
      at = calls.seek(file, from, SEEK_HOLE);
      if (at <= from) {
        return Optional.empty();
      }
      pages.set((int) (from >>> PageSize.SHIFT), (int) PageSize.pagesFor(Math.min(at, bytes)));
    }
    return at < bytes ? Optional.empty() : Optional.of(pages);
  }

  @Override
  public void close() {
    calls.close(file);
  }

  /** The calls of the C library. */
  private record Calls(MethodHandle opener, MethodHandle seeker, MethodHandle closer) {

    // Java asks for a confirmation that native code is meant to be called; it is.
    @SuppressWarnings("restricted")
    static Optional<Calls> find() {
      if (!System.getProperty("os.name", "").equals("Linux")) {
        return Optional.empty();
      }
      Linker linker = Linker.nativeLinker();
      SymbolLookup libc = linker.defaultLookup();
      ValueLayout.OfInt number = ValueLayout.JAVA_INT;
      return Optional.of(
          new Calls(
              linker.downcallHandle(
                  libc.findOrThrow("open"),
                  FunctionDescriptor.of(number, ValueLayout.ADDRESS, number),
                  Linker.Option.firstVariadicArg(2)),
              linker.downcallHandle(
                  libc.findOrThrow("lseek"),
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_LONG, number, ValueLayout.JAVA_LONG, number)),
              linker.downcallHandle(
                  libc.findOrThrow("close"), FunctionDescriptor.of(number, number))));
    }

    int open(Path path) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment name =
            arena.allocateFrom(path.toAbsolutePath().toString(), Charset.defaultCharset());
        int readOnlyAndClosedOnExec = 0x80000;
        return (int) opener.invokeExact(name, readOnlyAndClosedOnExec);
      } catch (Throwable e) {
        throw new IllegalStateException("open(2) can't be called", e);
      }
    }

    long seek(int file, long at, int whence) {
      try {
        return (long) seeker.invokeExact(file, at, whence);
      } catch (Throwable e) {
        throw new IllegalStateException("lseek(2) can't be called", e);
      }
    }

    void close(int file) {
      try {
        int result = (int) closer.invokeExact(file);
        if (result < 0) {
          throw new IllegalStateException("close(2) of a file of ours failed");
        }
      } catch (Throwable e) {
        throw new IllegalStateException("close(2) can't be called", e);
      }
    }
  }
}
