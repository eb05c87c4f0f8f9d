package io.penumbra.adapter.qemu.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Gives processes more or less of the CPU than others: by {@code cpu.weight} in cgroup v2 where the
 * process has a group of its own below {@code penumbra}, else by {@code renice}.
 */
final class CpuShares {

  private static final Path CGROUPS = Path.of("/sys/fs/cgroup");
  private static final int NORMAL = 100;

  private CpuShares() {}

  /** Whether this machine has cgroup v2 with a CPU controller. */
  static boolean hasGroups() {
    try {
      return List.of(Files.readString(CGROUPS.resolve("cgroup.controllers")).strip().split(" ", -1))
          .contains("cpu");
    } catch (IOException none) {
      return false;
    }
  }

  /** Returns what was done, for people. */
  static String set(long pid, int weight) {
    if (hasGroups()) {
      try {
        Path group = CGROUPS.resolve("penumbra").resolve("guest-" + pid);
        Files.createDirectories(group);
        Files.writeString(CGROUPS.resolve("penumbra/cgroup.subtree_control"), "+cpu");
        Files.writeString(group.resolve("cpu.weight"), String.valueOf(weight));
        Files.writeString(group.resolve("cgroup.procs"), String.valueOf(pid));
        return "cpu.weight %d".formatted(weight);
      } catch (IOException refused) {
        // Without the right to make groups, niceness is what is left.
      }
    }
    return renice(pid, niceness(weight));
  }

  /** The kernel gives 1.25 times as much per step (sched(7)). */
  static int niceness(int weight) {
    long steps = Math.round(Math.log((double) NORMAL / weight) / Math.log(1.25));
    return Math.clamp(steps, -20, 19);
  }

  private static String renice(long pid, int nice) {
    try {
      int exit =
          new ProcessBuilder("renice", "-n", String.valueOf(nice), "-p", String.valueOf(pid))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor();
      return exit == 0 ? "nice %d".formatted(nice) : "nothing: renice was refused";
    } catch (IOException e) {
      return "nothing: " + e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "nothing: interrupted";
    }
  }
}
