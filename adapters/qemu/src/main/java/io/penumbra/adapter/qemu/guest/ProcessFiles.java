package io.penumbra.adapter.qemu.guest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.List;

/**
 * What the kernel tells of a process, see proc(5). Nothing is told of one that has gone; process
 * ids are used again, and only {@link #isAlive} knows the one that was meant from a later one.
 */
final class ProcessFiles {

  private static final int STATE = 0;
  private static final int MAJOR_FAULTS = 9;
  private static final int THREADS = 17;
  private static final int STARTED = 19;
  private static final int RESIDENT_PAGES = 21;
  private static final int PAGE_BYTES = 4096;

  private final long pid;
  private final long started;

  ProcessFiles(long pid) {
    this.pid = pid;
    started = number(stat(), STARTED);
  }

  /**
   * Whether any thread of it may still run, or hold its files, locks and ports. A zombie that
   * nobody has buried yet has none; one that was killed loses its words and its memory before it is
   * that.
   */
  boolean isAlive() {
    List<String> stat = stat();
    if (stat.isEmpty() || number(stat, STARTED) != started || stat.get(STATE).equals("X")) {
      return false;
    }
    return !stat.get(STATE).equals("Z") || number(stat, THREADS) > 1;
  }

  long pid() {
    return pid;
  }

  /** Ends it, if it still is the one that was meant; it takes its time to go. */
  void kill() {
    if (isAlive()) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  /** The words it was started with. */
  List<String> commandLine() {
    return List.of(read(directory().resolve("cmdline")).split("\0", -1));
  }

  /** Makes that file its account's own, if it runs under another than we do. */
  void give(Path file) throws IOException {
    UserPrincipal owner = Files.getOwner(directory());
    if (!owner.equals(Files.getOwner(file))) {
      Files.setOwner(file, owner);
    }
  }

  /** Its mappings as text; empty if they may not be read. */
  String mappedFiles() {
    return read(directory().resolve("maps"));
  }

  long majorFaults() {
    return number(stat(), MAJOR_FAULTS);
  }

  long residentBytes() {
    return number(stat(), RESIDENT_PAGES) * PAGE_BYTES;
  }

  /** CPU time of all its threads. */
  Duration cpu() {
    try (var tasks = Files.list(directory().resolve("task"))) {
      long nanos = tasks.mapToLong(task -> nanos(task.resolve("schedstat"))).sum();
      return Duration.ofNanos(nanos);
    } catch (IOException _) {
      return Duration.ZERO;
    }
  }

  /** CPU time of one thread. */
  Duration cpu(long thread) {
    return Duration.ofNanos(
        nanos(directory().resolve("task").resolve(String.valueOf(thread)).resolve("schedstat")));
  }

  private static long nanos(Path schedstat) {
    String first = read(schedstat).split(" ", 2)[0].strip();
    return first.isEmpty() ? 0 : Long.parseLong(first);
  }

  private Path directory() {
    return Path.of("/proc", String.valueOf(pid));
  }

  /** The fields behind the name, which may itself have blanks and parentheses. */
  private List<String> stat() {
    String text = read(directory().resolve("stat"));
    int end = text.lastIndexOf(')');
    return end < 0 ? List.of() : List.of(text.substring(end + 2).strip().split(" ", -1));
  }

  private static long number(List<String> fields, int at) {
    return at < fields.size() ? Long.parseLong(fields.get(at)) : 0;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException _) {
      return "";
    }
  }
}
