package io.penumbra.adapter.qemu.guest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What the kernel tells of a process, see proc(5). Nothing is told of one that has gone. */
final class ProcessFiles {

  private static final int STATE = 0;
  private static final int MAJOR_FAULTS = 9;
  private static final int RESIDENT_PAGES = 21;
  private static final int PAGE_BYTES = 4096;

  private final long pid;

  ProcessFiles(long pid) {
    this.pid = pid;
  }

  /** Whether it runs; a zombie that nobody has buried yet does not. */
  boolean isAlive() {
    List<String> stat = stat();
    return !stat.isEmpty() && !stat.get(STATE).equals("Z") && !stat.get(STATE).equals("X");
  }

  /** The words it was started with. */
  List<String> commandLine() {
    return List.of(read(directory().resolve("cmdline")).split("\0", -1));
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
