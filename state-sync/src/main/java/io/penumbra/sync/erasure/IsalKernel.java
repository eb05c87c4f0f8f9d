package io.penumbra.sync.erasure;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Intel's storage acceleration library (Debian: libisal2), called through the foreign function
 * interface where it is installed.
 */
record IsalKernel(MethodHandle tables, MethodHandle encode) implements GaloisKernel {

  /** ISA-L's tables take 32 bytes per coefficient. */
  private static final int TABLE_BYTES = 32;

  /** The library stays loaded for the life of the process; looking for it twice is a waste. */
  private static final Optional<IsalKernel> LOADED = lookUp();

  static Optional<IsalKernel> load() {
    return LOADED;
  }

  @SuppressWarnings("restricted") // native access is what this class is for
  private static Optional<IsalKernel> lookUp() {
    try {
      SymbolLookup library = SymbolLookup.libraryLookup("libisal.so.2", Arena.global());
      Optional<MemorySegment> tables = library.find("ec_init_tables");
      Optional<MemorySegment> encode = library.find("ec_encode_data");
      if (tables.isEmpty() || encode.isEmpty()) {
        return Optional.empty();
      }
      Linker linker = Linker.nativeLinker();
      return Optional.of(
          new IsalKernel(
              linker.downcallHandle(
                  tables.get(),
                  FunctionDescriptor.ofVoid(
                      ValueLayout.JAVA_INT,
                      ValueLayout.JAVA_INT,
                      ValueLayout.ADDRESS,
                      ValueLayout.ADDRESS)),
              linker.downcallHandle(
                  encode.get(),
                  FunctionDescriptor.ofVoid(
                      ValueLayout.JAVA_INT,
                      ValueLayout.JAVA_INT,
                      ValueLayout.JAVA_INT,
                      ValueLayout.ADDRESS,
                      ValueLayout.ADDRESS,
                      ValueLayout.ADDRESS))));
    } catch (IllegalArgumentException | UnsupportedOperationException absent) {
      // Not installed, or a platform without the foreign linker: the other kernels do the work.
      return Optional.empty();
    }
  }

  @Override
  public String name() {
    return "isal";
  }

  @Override
  public Prepared prepare(Coefficients coefficients) {
    int rows = coefficients.rows();
    int columns = coefficients.columns();
    MemorySegment prepared = Arena.ofAuto().allocate((long) TABLE_BYTES * rows * columns, 64);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment matrix = arena.allocate((long) rows * columns);
      for (int i = 0; i < rows * columns; i++) {
        matrix.set(ValueLayout.JAVA_BYTE, i, (byte) coefficients.at(i / columns, i % columns));
      }
      tables.invokeExact(columns, rows, matrix, prepared);
    } catch (Throwable thrown) {
      throw failed("ec_init_tables", thrown);
    }
    return (inputs, outputs, bytes) -> combine(prepared, inputs, outputs, bytes);
  }

  private void combine(MemorySegment prepared, long[] inputs, long[] outputs, int bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = arena.allocateFrom(ValueLayout.JAVA_LONG, inputs);
      MemorySegment to = arena.allocateFrom(ValueLayout.JAVA_LONG, outputs);
      encode.invokeExact(bytes, inputs.length, outputs.length, prepared, from, to);
    } catch (Throwable thrown) {
      throw failed("ec_encode_data", thrown);
    }
  }

  /** A call without upcalls throws nothing of its own; what comes is an error of the JVM. */
  private static IllegalStateException failed(String function, Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    return new IllegalStateException("calling " + function + " of libisal.so.2 failed", thrown);
  }
}
