package io.penumbra.sync.path.link;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A network namespace that can be reached over several links, each with a rate of its own: another
 * host, as far as the kernel is concerned. Needs root.
 */
public final class PathNamespace implements AutoCloseable {

  private final String name;
  private final int paths;

  private PathNamespace(String name, int paths) {
    this.name = name;
    this.paths = paths;
  }

  /** Whether this process may make one. */
  public static boolean possible() {
    return "root".equals(System.getProperty("user.name"))
        && run(List.of("ip", "netns", "list")).code() == 0;
  }

  /**
   * Makes one.
   *
   * @param megabits rate of each link, both ways
   */
  public static PathNamespace open(int... megabits) {
    String name = "pnpaths" + ProcessHandle.current().pid();
    PathNamespace namespace = new PathNamespace(name, megabits.length);
    namespace.close();
    must("ip netns add " + name);
    must("ip -n " + name + " link set lo up");
    for (int path = 0; path < megabits.length; path++) {
      namespace.link(path, megabits[path]);
    }
    return namespace;
  }

  private void link(int path, int megabits) {
    String near = near(path);
    String far = near + "f";
    must("ip link add " + near + " type veth peer name " + far + " netns " + name);
    must("ip addr add " + address(path, 1) + "/30 dev " + near);
    must("ip -n " + name + " addr add " + address(path, 2) + "/30 dev " + far);
    must("ip link set " + near + " up");
    must("ip -n " + name + " link set " + far + " up");
    String shape = " root tbf rate " + megabits + "mbit burst 64kb latency 50ms";
    must("tc qdisc add dev " + near + shape);
    must("tc -n " + name + " qdisc add dev " + far + shape);
  }

  private static String near(int path) {
    // Interface names have at most 15 characters.
    return "pnp" + ProcessHandle.current().pid() + "p" + path;
  }

  /** The address by which the namespace is reached over a link. */
  public String address(int path) {
    return address(path, 2);
  }

  private static String address(int path, int end) {
    long pid = ProcessHandle.current().pid();
    return "10.%d.%d.%d".formatted(64 + pid / 64 % 64, pid % 64 * 4 + path, end);
  }

  /** Makes a link a black hole both ways: no end is told, as when a switch in between dies. */
  public void cut(int path) {
    String hole = " root pfifo limit 0";
    must("tc qdisc replace dev " + near(path) + hole);
    must("tc -n " + name + " qdisc replace dev " + near(path) + "f" + hole);
  }

  /** Starts a program in the namespace. */
  public Process start(List<String> command) throws IOException {
    List<String> whole = new ArrayList<>(List.of("ip", "netns", "exec", name));
    whole.addAll(command);
    return new ProcessBuilder(whole).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  @Override
  public void close() {
    for (int path = 0; path < paths; path++) {
      run(words("ip link del " + near(path)));
    }
    run(words("ip netns del " + name));
  }

  private static void must(String command) {
    Outcome outcome = run(words(command));
    if (outcome.code() != 0) {
      throw new IllegalStateException(command + ": " + outcome.output());
    }
  }

  private static List<String> words(String command) {
    return List.of(command.split(" ", -1));
  }

  private static Outcome run(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Outcome(process.waitFor(), output);
    } catch (IOException failed) {
      return new Outcome(127, failed.toString());
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new UncheckedIOException(new IOException("interrupted: " + command, stopped));
    }
  }

  private record Outcome(int code, String output) {}
}
