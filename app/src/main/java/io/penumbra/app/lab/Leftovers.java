package io.penumbra.app.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What a lab that has ended left on the machine. Another one may run beside it. */
final class Leftovers {

  private Leftovers() {}

  /**
   * Processes, memory files, network namespaces and links of this process's lab; with them the
   * ports go that processes listened on.
   *
   * @param directory where it ran
   */
  static Set<String> of(Path directory) throws IOException {
    Set<String> left = new TreeSet<>();
    list(Path.of("/dev/shm"), LabHost.memoryPrefix(directory), left, path -> true);
    String space = "pen-" + Lab.networkName() + "-";
    list(Path.of("/run/netns"), space, left, path -> true);
    for (String network : List.of("pn", "pm")) {
      list(Path.of("/sys/class/net"), network + Lab.networkName(), left, Leftovers::isOurLink);
    }
    long self = ProcessHandle.current().pid();
    ProcessHandle.allProcesses()
        .filter(process -> process.pid() != self && !isDying(process.pid()))
        .flatMap(process -> process.info().commandLine().stream())
        .filter(line -> line.contains(directory + "/"))
        .forEach(left::add);
    return left;
  }

  private static boolean isDying(long pid) {
    try {
      return ServingWatch.isKilled(pid);
    } catch (IOException e) {
      return true;
    }
  }

  /** A bridge, or the outer end of a host's link. */
  private static boolean isOurLink(String path) {
    String suffix = path.substring(path.lastIndexOf('/') + 1 + 2 + Lab.networkName().length());
    return suffix.equals("b") || suffix.matches("\\d");
  }

  private interface Test {
    boolean ours(String path);
  }

  private static void list(Path directory, String prefix, Set<String> left, Test test)
      throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> all = Files.list(directory)) {
      all.filter(path -> String.valueOf(path.getFileName()).startsWith(prefix))
          .map(Path::toString)
          .filter(test::ours)
          .forEach(left::add);
    }
  }
}
