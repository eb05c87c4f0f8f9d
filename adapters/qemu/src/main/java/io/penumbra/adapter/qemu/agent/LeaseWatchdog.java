package io.penumbra.adapter.qemu.agent;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;

/**
 * Freezes guests whose lease has passed, whatever has become of the agent: a process of its own
 * that reads the {@link LeasePage} and sends {@code SIGSTOP}. It never lets a guest go on; only an
 * agent does that, by order. It ends when the agent and all guests in the page are gone.
 */
public final class LeaseWatchdog {

  /** Later than the agent's own look, so that the agent, if alive, acts and says so first. */
  static final Duration GRACE = Duration.ofMillis(60);

  private static final Duration LOOK = Duration.ofMillis(20);
  private static final int LINGER_LOOKS = 500;

  private LeaseWatchdog() {}

  /**
   * Watches the page named in the first argument.
   *
   * @throws IOException if there is none
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path file = Path.of(arguments[0]);
    try (LeasePage page = LeasePage.ofWatchdog(file)) {
      BootClock clock = new BootClock();
      int idle = 0;
      while (idle < LINGER_LOOKS && Files.exists(file)) {
        boolean needed = look(page, clock.getAsLong()) || page.agentIsAlive();
        idle = needed ? 0 : idle + 1;
        Thread.sleep(LOOK);
      }
    }
  }

  /** Freezes whoever is due; says whether any guest is there to be watched. */
  static boolean look(LeasePage page, long nowNanos) {
    boolean any = false;
    for (int slot = 0; slot < LeasePage.SLOTS; slot++) {
      LeasePage.Entry entry = page.read(slot);
      if (entry.pid() > 1 && LeasePage.isAlive(entry)) {
        any = true;
        boolean due = entry.deadline() != 0 && nowNanos - entry.deadline() >= GRACE.toNanos();
        if (due && !Signals.stat(entry.pid()).frozen()) {
          Signals.send(entry.pid(), Signals.STOP);
        }
      }
    }
    return any;
  }

  /**
   * Sees to it that a watchdog runs beside this page.
   *
   * @param pidFile where its process id is kept, so that the next agent finds it
   */
  static long ensure(Path page, Path pidFile) throws IOException {
    OptionalLong there = known(pidFile);
    if (there.isPresent()) {
      return there.getAsLong();
    }
    Process process =
        new ProcessBuilder(command(page))
            .redirectErrorStream(true)
            .redirectOutput(pidFile.resolveSibling("watchdog.log").toFile())
            .redirectInput(new File("/dev/null"))
            .start();
    long pid = process.pid();
    String line = "%d %d%n".formatted(pid, Signals.stat(pid).startTicks());
    DurableFile.replace(pidFile, line.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    return pid;
  }

  private static OptionalLong known(Path pidFile) throws IOException {
    if (!Files.exists(pidFile)) {
      return OptionalLong.empty();
    }
    String line = Files.readString(pidFile).strip();
    if (!line.matches("\\d{1,9} \\d{1,18}")) {
      // What a machine that lost its power left of it; whatever it named has gone with it.
      return OptionalLong.empty();
    }
    int space = line.indexOf(' ');
    long pid = Long.parseLong(line.substring(0, space));
    Signals.Stat stat = Signals.stat(pid);
    return stat.alive() && stat.startTicks() == Long.parseLong(line.substring(space + 1))
        ? OptionalLong.of(pid)
        : OptionalLong.empty();
  }

  /** A session of its own: what ends the agent must not end it. */
  private static List<String> command(Path page) {
    return List.of(
        "setsid",
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xshare:auto",
        "-Xmx24m",
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        System.getProperty("java.class.path"),
        LeaseWatchdog.class.getName(),
        page.toAbsolutePath().toString());
  }
}
