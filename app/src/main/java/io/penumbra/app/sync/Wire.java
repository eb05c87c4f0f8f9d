package io.penumbra.app.sync;

import com.sun.management.OperatingSystemMXBean;
import io.penumbra.sync.encode.Prices;
import io.penumbra.sync.engine.LearnedCoding;
import io.penumbra.sync.engine.PageCoding;
import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;

/** What both ends have to agree upon without asking. */
final class Wire {

  /** The number that marks a link of ours at the level of paths. */
  static final long LINK = 0x70656e756d627261L;

  /** What a way is taken for whose rate nobody has limited: 1 Gbit/s. */
  private static final double GIGABIT_BYTES = 125e6;

  private Wire() {}

  /** How pages are turned into blocks, by a way's bytes a second and a share of a core. */
  static PageCoding coding(double bytesPerSecond, double coreShare) {
    double most = Double.isInfinite(bytesPerSecond) ? GIGABIT_BYTES : bytesPerSecond;
    return new LearnedCoding(
        Prices.link(most, coreShare), ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime);
  }

  /** Nanoseconds of CPU that all threads of this process have used. */
  static LongSupplier processCpu() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? system::getProcessCpuTime
        : ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime;
  }
}
