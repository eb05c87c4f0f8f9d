package io.penumbra.adapter.qemu.agent;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.function.LongSupplier;

/**
 * Nanoseconds since the machine booted, sleep included: {@code CLOCK_BOOTTIME}. All processes of a
 * machine read the same, so an agent, its successor and a watchdog can share deadlines.
 */
public final class BootClock implements LongSupplier {

  private static final int CLOCK_BOOTTIME = 7;

  @SuppressWarnings("restricted") // native access is what this class is for
  private static final MethodHandle CLOCK_GETTIME =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("clock_gettime"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));

  private final ThreadLocal<MemorySegment> spec =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(16, 8));

  @Override
  public long getAsLong() {
    MemorySegment time = spec.get();
    try {
      int failed = (int) CLOCK_GETTIME.invokeExact(CLOCK_BOOTTIME, time);
      if (failed != 0) {
        throw new IllegalStateException("this kernel has no CLOCK_BOOTTIME");
      }
    } catch (RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("clock_gettime can't be called", e);
    }
    return time.get(ValueLayout.JAVA_LONG, 0) * 1_000_000_000L + time.get(ValueLayout.JAVA_LONG, 8);
  }
}
