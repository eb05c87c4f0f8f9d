package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.Reply;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Groups of processes among which the kernel shares CPU and disks: cgroup v2 (Linux
 * admin-guide/cgroup-v2.rst), at its root or in the part of it that is delegated to this process,
 * or v1 where a machine still has that. Every group is called {@code penumbra-...}.
 */
public final class ControlGroups {

  private static final String PREFIX = "penumbra-";
  private static final int PERIOD_MICROS = 100_000;
  private static final int SHARES_PER_WEIGHT = 1024;
  private static final int NORMAL = 100;

  private enum Version {
    V2,
    V1,
    NONE
  }

  private final Version version;
  private final Path base;
  private final String words;

  private ControlGroups(Version version, Path base, String words) {
    this.version = version;
    this.base = base;
    this.words = words;
  }

  /** Those of this machine. */
  public static ControlGroups ofMachine() {
    return at(Path.of("/sys/fs/cgroup"), Path.of("/proc/self/cgroup"));
  }

  /**
   * Those below a directory.
   *
   * @param own the file that says in which group this process is
   */
  static ControlGroups at(Path mount, Path own) {
    if (hasCpu(mount) && Files.isWritable(mount)) {
      return new ControlGroups(Version.V2, mount, "cgroup v2");
    }
    Optional<Path> delegated = ownGroup(mount, own).filter(ControlGroups::hasCpu);
    if (delegated.isPresent() && Files.isWritable(delegated.get())) {
      return new ControlGroups(
          Version.V2, delegated.get(), "cgroup v2, delegated at " + delegated.get());
    }
    Path first = mount.resolve("cpu");
    if (Files.exists(first.resolve("cgroup.procs")) && Files.isWritable(first)) {
      return new ControlGroups(Version.V1, mount, "cgroup v1");
    }
    return new ControlGroups(
        Version.NONE,
        mount,
        hasCpu(mount)
            ? "cgroup v2 is there, but this process may not make groups (systemd: Delegate=yes)"
            : "no cgroup with a CPU controller in " + mount);
  }

  private static boolean hasCpu(Path group) {
    try {
      return List.of(Files.readString(group.resolve("cgroup.controllers")).strip().split(" ", -1))
          .contains("cpu");
    } catch (IOException none) {
      return false;
    }
  }

  private static Optional<Path> ownGroup(Path mount, Path own) {
    try {
      return Files.readAllLines(own).stream()
          .filter(line -> line.startsWith("0::/"))
          .map(line -> mount.resolve(line.substring("0::/".length())))
          .findFirst();
    } catch (IOException none) {
      return Optional.empty();
    }
  }

  /** Whether there are any that may be used. */
  public boolean usable() {
    return version != Version.NONE;
  }

  /** What there is, or why there is nothing; for people. */
  public String words() {
    return words;
  }

  /** Gives a process more or less of the CPU than others: 100 is normal, 1 to 10,000. */
  Reply<String> weigh(String name, long pid, int weight) {
    return switch (version) {
      case V2 -> group(base, name, pid, "cpu.weight", String.valueOf(weight));
      case V1 ->
          group(
              base.resolve("cpu"),
              name,
              pid,
              "cpu.shares",
              String.valueOf(Math.max(2, (long) weight * SHARES_PER_WEIGHT / NORMAL)));
      case NONE -> Reply.refused(words);
    };
  }

  /** Lets a process have no more of the CPU than so many cores, however much is idle. */
  Reply<String> cap(String name, long pid, double cores) {
    long quota = Math.max(1_000, (long) (cores * PERIOD_MICROS));
    return switch (version) {
      case V2 -> group(base, name, pid, "cpu.max", quota + " " + PERIOD_MICROS);
      case V1 -> group(base.resolve("cpu"), name, pid, "cpu.cfs_quota_us", String.valueOf(quota));
      case NONE -> Reply.refused(words);
    };
  }

  /** Gives a process less of the disks than others; 100 is normal. */
  Reply<String> weighDisks(String name, long pid, int weight) {
    return switch (version) {
      case V2 -> group(base, name, pid, "io.weight", String.valueOf(weight));
      case V1 ->
          group(base.resolve("blkio"), name, pid, "blkio.bfq.weight", String.valueOf(weight));
      case NONE -> Reply.refused(words);
    };
  }

  /** Removes groups in which nobody is any more. */
  void sweep() {
    List<Path> hierarchies =
        version == Version.V1 ? List.of(base.resolve("cpu"), base.resolve("blkio")) : List.of(base);
    for (Path hierarchy : hierarchies) {
      try (DirectoryStream<Path> groups = Files.newDirectoryStream(hierarchy, PREFIX + "*")) {
        for (Path group : groups) {
          removeIfEmpty(group);
        }
      } catch (IOException none) {
        // Nothing there to be removed.
      }
    }
  }

  private static void removeIfEmpty(Path group) {
    try {
      // The kernel refuses for as long as somebody is in it.
      Files.delete(group);
    } catch (IOException inUse) {
      // Then it is not swept.
    }
  }

  private Reply<String> group(Path hierarchy, String name, long pid, String key, String value) {
    Path group = hierarchy.resolve(PREFIX + name);
    try {
      if (version == Version.V2) {
        allowControllers(key);
      }
      Files.createDirectories(group);
      Path setting = group.resolve(key);
      if (!Files.exists(setting)) {
        return Reply.refused("%s has no %s".formatted(group, key));
      }
      Files.writeString(setting, value);
      Files.writeString(group.resolve("cgroup.procs"), String.valueOf(pid));
      return Reply.done("%s %s".formatted(key, Files.readString(setting).strip()));
    } catch (IOException e) {
      return Reply.refused("%s: %s".formatted(group, e.getMessage()));
    }
  }

  /** Controllers are handed down only by a group in which no process is itself. */
  private void allowControllers(String key) throws IOException {
    String controller = key.substring(0, key.indexOf('.'));
    Path control = base.resolve("cgroup.subtree_control");
    if (List.of(Files.readString(control).strip().split(" ", -1)).contains(controller)) {
      return;
    }
    try {
      Files.writeString(control, "+" + controller);
    } catch (IOException busy) {
      Path rest = base.resolve(PREFIX + "rest");
      Files.createDirectories(rest);
      for (String pid : Files.readAllLines(base.resolve("cgroup.procs"))) {
        Files.writeString(rest.resolve("cgroup.procs"), pid);
      }
      Files.writeString(control, "+" + controller);
    }
  }
}
