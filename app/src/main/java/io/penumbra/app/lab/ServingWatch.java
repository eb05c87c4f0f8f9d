package io.penumbra.app.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Looks all the time at the guest's processes on both hosts, past everything that decides anything:
 * a process that is the VM's primary by its own description, alive and not stopped, could serve. It
 * is a breach if one host has such a process before and after the other had one: then there were
 * two at once. Sees also a host that is cut off, which no client could ask.
 */
final class ServingWatch implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PAUSE_MILLIS = 3;
  private static final int KEPT = 20;

  /** In proc_pid_stat(5), the field of flags after that of the state; and PF_EXITING among them. */
  private static final int FLAGS = 6;

  private static final long EXITING = 0x4;

  /** SIGKILL's bit among pending signals. */
  private static final long KILL = 1L << 8;

  private final List<Path> guests;
  private final Thread thread;
  private final List<String> breaches = new ArrayList<>();
  private volatile boolean closed;
  private final AtomicLong looks = new AtomicLong();

  private ServingWatch(List<Path> guests) {
    this.guests = List.copyOf(guests);
    thread = Thread.ofPlatform().daemon().name("serving watch").unstarted(this::run);
  }

  /**
   * Looks from now on.
   *
   * @param guests where each host keeps the guest
   */
  static ServingWatch start(List<Path> guests) {
    ServingWatch watch = new ServingWatch(guests);
    watch.thread.start();
    return watch;
  }

  private void run() {
    try {
      while (!closed) {
        look();
        Thread.sleep(PAUSE_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void look() {
    Optional<Long> first = serving(guests.getFirst());
    for (Path other : guests.subList(1, guests.size())) {
      Optional<Long> second = first.isEmpty() ? first : serving(other);
      if (second.isPresent() && serving(guests.getFirst()).equals(first)) {
        note("processes %d and %d could both serve".formatted(first.get(), second.get()));
      }
    }
    looks.incrementAndGet();
  }

  private synchronized void note(String breach) {
    if (breaches.size() < KEPT) {
      breaches.add(breach);
    }
  }

  /** It was killed, and only waits for a processor to die on; one that was stopped is woken so. */
  static boolean isKilled(long pid) throws IOException {
    return Files.readAllLines(Path.of("/proc/%d/status".formatted(pid))).stream()
        .filter(line -> line.startsWith("SigPnd:") || line.startsWith("ShdPnd:"))
        .anyMatch(line ->
            (Long.parseUnsignedLong(line.substring(line.indexOf(':') + 1).strip(), 16) & KILL)
                != 0);
  }

  /** The process that could serve there. Stopped (T) and dying (Z, X) ones can't. */
  private static Optional<Long> serving(Path guest) {
    try {
      byte[] description = Files.readAllBytes(guest.resolve("guest.json"));
      if (!JSON.readTree(description).path("role").asText().equals("PRIMARY")) {
        return Optional.empty();
      }
      long pid = Long.parseLong(Files.readString(guest.resolve("pid")).strip());
      if (!Files.readString(Path.of("/proc/%d/cmdline".formatted(pid))).contains(guest + "/")) {
        return Optional.empty();
      }
      String stat = Files.readString(Path.of("/proc/%d/stat".formatted(pid)));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      boolean stopped = "TtZX".contains(fields[0]);
      boolean exiting = (Long.parseLong(fields[FLAGS]) & EXITING) != 0;
      return stopped || exiting || isKilled(pid) ? Optional.empty() : Optional.of(pid);
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** How often it has looked. */
  long looks() {
    return looks.get();
  }

  /** What must never be; the first ones of them. */
  synchronized List<String> breaches() {
    return List.copyOf(breaches);
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
