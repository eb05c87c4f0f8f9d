package io.penumbra.adapter.qemu.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Holds this process to a share of the machine, so that guests don't notice it: a group of its own
 * in cgroup v2 where that is allowed, else niceness for CPU and disk.
 */
public final class OwnCaps {

  private static final Path CGROUPS = Path.of("/sys/fs/cgroup");
  private static final int PERIOD_MICROS = 100_000;

  private OwnCaps() {}

  /** Whether caps can be set, and how; for people. */
  public static String available() {
    return CpuShares.hasGroups() && Files.isWritable(CGROUPS)
        ? "cgroup v2: cpu.max, memory.max and io.weight hold the agent"
        : "no cgroup v2 that may be written; nice and ionice hold the agent";
  }

  /**
   * Sets them.
   *
   * @param cores of the machine
   * @param memoryMib beyond which the kernel takes memory back from it
   * @return what was done, for people
   */
  public static String apply(double cores, long memoryMib) {
    long pid = ProcessHandle.current().pid();
    if (CpuShares.hasGroups()) {
      try {
        Path group = CGROUPS.resolve("penumbra-agent-" + pid);
        Files.createDirectories(group);
        Files.writeString(
            group.resolve("cpu.max"),
            "%d %d".formatted((long) (cores * PERIOD_MICROS), PERIOD_MICROS));
        Files.writeString(group.resolve("memory.high"), String.valueOf(memoryMib << 20));
        Files.writeString(group.resolve("cgroup.procs"), String.valueOf(pid));
        return "capped by cgroup v2: %.2f cores, %d MiB".formatted(cores, memoryMib);
      } catch (IOException refused) {
        // Without the right to make groups, niceness is what is left.
      }
    }
    boolean nice = run("renice", "-n", "5", "-p", String.valueOf(pid));
    boolean idle = run("ionice", "-c", "2", "-n", "7", "-p", String.valueOf(pid));
    return "no cgroup v2 that may be written: %s, %s"
        .formatted(nice ? "nice 5" : "renice was refused", idle ? "ionice 2/7" : "no ionice");
  }

  private static boolean run(String... words) {
    try {
      return new ProcessBuilder(words)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException notThere) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
