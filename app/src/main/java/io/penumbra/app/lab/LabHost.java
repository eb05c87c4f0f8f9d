package io.penumbra.app.lab;

import io.penumbra.adapter.qemu.guest.GuestHome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** One host of the lab: its agent, and the guests that the agent has started. */
final class LabHost implements PowerPanel.Power, AutoCloseable {

  private static final Duration GONE_WITHIN = Duration.ofSeconds(60);

  private final String name;
  private final Path directory;
  private final Supplier<List<String>> command;
  private Optional<Child> agent = Optional.empty();
  private boolean on;

  /**
   * A host that is off.
   *
   * @param directory of its agent; below it, each guest has one with its process id
   * @param command starts its agent
   */
  LabHost(String name, Path directory, Supplier<List<String>> command) {
    this.name = name;
    this.directory = directory;
    this.command = command;
  }

  String name() {
    return name;
  }

  /** Switches it on: its agent starts; its guests are started by order only. */
  synchronized void start() {
    agent =
        Optional.of(
            Child.start(
                "agent-" + name, directory.resolveSibling("logs"), Map.of(), command.get()));
    on = true;
  }

  synchronized boolean agentRuns() {
    return agent.filter(Child::isAlive).isPresent();
  }

  synchronized String lastWords() {
    return agent.map(Child::lastWords).orElse("");
  }

  /** {@code kill -9} of the agent; guests live on. */
  synchronized void killAgent() {
    agent.ifPresent(Child::kill);
  }

  /** The file that is the memory of one guest. */
  Path memoryOf(String vm) {
    return GuestHome.in(directory.resolve("guests").resolve(vm)).ram();
  }

  /** {@code kill -9} of one guest. */
  void killGuest(String vm) {
    guestPid(directory.resolve("guests").resolve(vm)).ifPresent(LabHost::kill);
  }

  @Override
  public synchronized boolean isOn() {
    return on;
  }

  /** Everything on it dies at once, as when its power fails. */
  @Override
  public synchronized void off() {
    on = false;
    agent.ifPresent(Child::kill);
    guests().forEach(LabHost::kill);
    watchdog().ifPresent(LabHost::kill);
    List<Long> more = strays();
    while (!more.isEmpty()) {
      more.forEach(LabHost::kill);
      more = strays();
    }
    forgetMemory();
  }

  /**
   * What the agent has started without having written down yet which process it is: QEMU's and our
   * own programs that were told of its directory.
   */
  private List<Long> strays() {
    return ProcessHandle.allProcesses()
        .filter(process -> isOurs(process.info()))
        .map(ProcessHandle::pid)
        .toList();
  }

  private boolean isOurs(ProcessHandle.Info process) {
    String program = process.command().orElse("");
    return (program.contains("/qemu-") || program.endsWith("/java"))
        && process.commandLine().orElse("").contains(directory + "/");
  }

  /** How the names of files begin that are the memory of guests below that directory. */
  static String memoryPrefix(Path directory) {
    return "penumbra-" + directory.toString().substring(1).replace('/', '-') + "-";
  }

  /** What its guests kept in memory goes with its power. */
  private void forgetMemory() {
    String mine = memoryPrefix(directory);
    try (Stream<Path> files = Files.list(Path.of("/dev/shm"))) {
      for (Path file :
          files.filter(path -> path.getFileName().toString().startsWith(mine)).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The processes of its guests that are alive. */
  private List<Long> guests() {
    List<Long> pids = new ArrayList<>();
    Path guests = directory.resolve("guests");
    if (Files.isDirectory(guests)) {
      try (Stream<Path> all = Files.list(guests)) {
        all.sorted().forEach(guest -> guestPid(guest).ifPresent(pids::add));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return pids;
  }

  private static Optional<Long> guestPid(Path guest) {
    return pid(guest.resolve("pid"), guest.toString());
  }

  private Optional<Long> watchdog() {
    return pid(directory.resolve("watchdog.pid"), directory.toString());
  }

  /** Process ids are used again: the one that is meant has the directory in its command line. */
  private static Optional<Long> pid(Path file, String mark) {
    try {
      long pid = Long.parseLong(Files.readString(file).strip().split(" ", -1)[0]);
      String words = Files.readString(Path.of("/proc/%d/cmdline".formatted(pid)));
      return words.contains(mark) ? Optional.of(pid) : Optional.empty();
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static void kill(long pid) {
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    try {
      long end = System.nanoTime() + GONE_WITHIN.toNanos();
      while (!isGone(pid) && System.nanoTime() < end) {
        Thread.sleep(1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Also when nobody has collected it yet: its parent died with it, and process 1 takes its time.
   */
  private static boolean isGone(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc/%d/stat".formatted(pid)));
      return stat.startsWith("Z", stat.lastIndexOf(')') + 2);
    } catch (IOException e) {
      return true;
    }
  }

  @Override
  public void close() {
    off();
  }
}
