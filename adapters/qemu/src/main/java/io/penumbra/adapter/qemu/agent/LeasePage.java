package io.penumbra.adapter.qemu.agent;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The leases of all primaries on this host, where a watchdog sees them without asking the agent: a
 * file of {@value #SLOTS} slots of {@value #SLOT_BYTES} bytes, mapped by both.
 *
 * <pre>
 * header (one slot): magic, pid of the agent, its start time in ticks
 * slot:              pid of the guest's process, its start time in ticks,
 *                    deadline in nanoseconds of CLOCK_BOOTTIME, 0 for no lease
 * </pre>
 *
 * All numbers are 64 bits, little end first. The deadline is written last and read first, and only
 * ever moves while its process is the one named beside it.
 */
public final class LeasePage implements AutoCloseable {

  static final int SLOTS = 1_024;
  static final int SLOT_BYTES = 64;
  private static final long MAGIC = 0x31657361656C6E50L;

  private static final long PID = 0;
  private static final long STARTED = 8;
  private static final long DEADLINE = 16;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final VarHandle WORD = LONG.varHandle();

  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;

  private LeasePage(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, CREATE, READ, WRITE)) {
      long bytes = (SLOTS + 1L) * SLOT_BYTES;
      memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
    }
  }

  /** Maps the page; the agent's own pid goes into its header. */
  static LeasePage ofAgent(Path file) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    LeasePage page = new LeasePage(file);
    long pid = ProcessHandle.current().pid();
    WORD.setVolatile(page.memory, 0L, MAGIC);
    WORD.setVolatile(page.memory, 8L, pid);
    WORD.setVolatile(page.memory, 16L, Signals.stat(pid).startTicks());
    return page;
  }

  /** Maps a page that is there. */
  static LeasePage ofWatchdog(Path file) throws IOException {
    LeasePage page = new LeasePage(file);
    if ((long) WORD.getVolatile(page.memory, 0L) != MAGIC) {
      throw new IOException(file + " is no lease page");
    }
    return page;
  }

  /** What one slot says. */
  record Entry(int slot, long pid, long startTicks, long deadline) {}

  Entry read(int slot) {
    long at = at(slot);
    long deadline = (long) WORD.getVolatile(memory, at + DEADLINE);
    return new Entry(
        slot,
        (long) WORD.getVolatile(memory, at + PID),
        (long) WORD.getVolatile(memory, at + STARTED),
        deadline);
  }

  /** The slot of that process, or a free one for it. */
  synchronized int take(long pid) {
    long started = Signals.stat(pid).startTicks();
    int free = -1;
    for (int slot = 0; slot < SLOTS; slot++) {
      Entry entry = read(slot);
      if (entry.pid() == pid && entry.startTicks() == started) {
        return slot;
      }
      if (free < 0 && !isAlive(entry)) {
        free = slot;
      }
    }
    if (free < 0) {
      throw new IllegalStateException(
          "%d guests are leased on this host already; no room for process %d"
              .formatted(SLOTS, pid));
    }
    deadline(free, 0);
    WORD.setVolatile(memory, at(free) + STARTED, started);
    WORD.setVolatile(memory, at(free) + PID, pid);
    return free;
  }

  /** How long that process may run on; 0 for as long as it likes. */
  void deadline(int slot, long nanos) {
    WORD.setVolatile(memory, at(slot) + DEADLINE, nanos);
  }

  synchronized void free(int slot) {
    deadline(slot, 0);
    WORD.setVolatile(memory, at(slot) + PID, 0L);
  }

  /** Whether that slot's process is the one it was taken for. */
  static boolean isAlive(Entry entry) {
    if (entry.pid() <= 1) {
      return false;
    }
    Signals.Stat stat = Signals.stat(entry.pid());
    return stat.alive() && stat.startTicks() == entry.startTicks();
  }

  boolean agentIsAlive() {
    return isAlive(
        new Entry(0, (long) WORD.getVolatile(memory, 8L), (long) WORD.getVolatile(memory, 16L), 0));
  }

  private static long at(int slot) {
    return (slot + 1L) * SLOT_BYTES;
  }

  @Override
  public void close() {
    arena.close();
  }
}
