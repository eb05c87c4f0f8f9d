package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.Reply;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Holds this process to a share of the machine, so that guests don't notice it: a group of its own
 * where control groups may be used, else niceness for CPU and disks. What it starts would inherit
 * that, so guests are let out again. Its memory is bounded by its heap: a group's bound would count
 * the shadows' memory, which it fills, as its own.
 */
public final class OwnCaps {

  /** Nothing is capped. */
  public static final OwnCaps NONE = new OwnCaps(ControlGroups.ofMachine(), 0);

  private static final int DISKS = 50;
  private static final int NICE = 5;
  private static final int NORMAL = 100;

  private final ControlGroups groups;
  private final double cores;
  private volatile boolean grouped;
  private volatile boolean nice;

  /**
   * Caps that are not in force yet.
   *
   * @param cores of the machine that this process may have at most; 0 for as many as there are
   */
  public OwnCaps(ControlGroups groups, double cores) {
    this.groups = groups;
    this.cores = cores;
  }

  /** Whether caps can be set here, and how; for people. */
  public static String available() {
    return available(ControlGroups.ofMachine(), isRoot());
  }

  static String available(ControlGroups groups, boolean root) {
    if (groups.usable()) {
      return groups.words() + " holds the agent, and weighs guests";
    }
    return root
        ? "%s; nice and ionice hold the agent, guests can't be weighed".formatted(groups.words())
        : "%s; the agent is not held: guests would inherit its niceness, and only root may undo it"
            .formatted(groups.words());
  }

  /** Puts them in force; returns what was done, for people. */
  public String apply() {
    if (cores <= 0) {
      return "not capped, heap %d MiB".formatted(Runtime.getRuntime().maxMemory() >> 20);
    }
    long pid = ProcessHandle.current().pid();
    String name = "agent-" + pid;
    groups.sweep();
    Reply<String> capped = groups.cap(name, pid, cores);
    if (capped instanceof Reply.Done<String>(String cpu)) {
      grouped = true;
      String disks = groups.weighDisks(name, pid, DISKS).found().orElse("disks not weighed");
      return "capped by %s: %s, %s, heap %d MiB"
          .formatted(groups.words(), cpu, disks, Runtime.getRuntime().maxMemory() >> 20);
    }
    if (!isRoot()) {
      return "not capped: " + available(groups, false);
    }
    nice = true;
    String each = String.valueOf(NICE);
    boolean reniced = onThreads(pid, List.of("renice", "-n", each, "-p"));
    boolean idle = onThreads(pid, List.of("ionice", "-c", "2", "-n", "7", "-p"));
    return "%s: %s, %s, heap %d MiB"
        .formatted(
            capped.refusal().orElse(""),
            reniced ? "nice " + each : "renice was refused",
            idle ? "ionice 2/7" : "no ionice",
            Runtime.getRuntime().maxMemory() >> 20);
  }

  /** A process that this one has started does not share its caps. */
  void letOut(long pid) {
    if (grouped) {
      // Its weight is changed later, if ever; what counts is that it is not in the agent's group.
      String name = "guest-" + pid;
      groups.weigh(name, pid, NORMAL);
      groups.weighDisks(name, pid, NORMAL);
    } else if (nice) {
      onThreads(pid, List.of("renice", "-n", "0", "-p"));
      onThreads(pid, List.of("ionice", "-c", "2", "-n", "4", "-p"));
    }
  }

  /** Gives a guest more or less of the CPU than others; says what was done, or why it can't be. */
  Reply<String> weigh(long pid, int weight) {
    return groups.weigh("guest-" + pid, pid, weight);
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  /** Niceness belongs to threads; those that come later inherit it from one of these. */
  private static boolean onThreads(long pid, List<String> words) {
    List<String> command = new ArrayList<>(words);
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(Path.of("/proc/%d/task".formatted(pid)))) {
      threads.forEach(thread -> command.add(thread.getFileName().toString()));
      return new ProcessBuilder(command)
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
