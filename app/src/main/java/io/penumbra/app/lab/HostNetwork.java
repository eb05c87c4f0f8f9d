package io.penumbra.app.lab;

import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The lab's hosts on the network: a namespace each, joined by a bridge, so that one can be cut off
 * while everything on it runs. Without root, or without namespaces, all hosts share the loopback
 * interface, with an address each, and none can be cut off.
 */
final class HostNetwork implements AutoCloseable {

  private final String id;
  private final boolean namespaces;
  private final List<Integer> hosts = new ArrayList<>();

  private HostNetwork(String id, boolean namespaces) {
    this.id = id;
    this.namespaces = namespaces;
  }

  /**
   * Makes the network.
   *
   * @param id short, and not used by another lab that runs: it names what is made
   * @param number 1 to 250, another one for another lab: the third byte of its addresses
   */
  static HostNetwork make(String id, boolean apart, int number, int hosts) {
    HostNetwork network = new HostNetwork(id, apart);
    for (int i = 0; i < hosts; i++) {
      network.hosts.add(number);
    }
    if (apart) {
      try {
        network.build();
      } catch (BadInputException e) {
        network.close();
        throw e;
      }
    }
    return network;
  }

  boolean apart() {
    return namespaces;
  }

  /** Where somebody outside the hosts listens so that they reach it. */
  String controller() {
    return namespaces ? "10.197.%d.1".formatted(hosts.getFirst()) : "127.0.0.1";
  }

  /** Where a host listens. */
  String address(int host) {
    return namespaces
        ? "10.197.%d.%d".formatted(hosts.get(host), 10 + host)
        : "127.0.0.%d".formatted(10 + host);
  }

  /** Words before a command that make it run on a host. */
  List<String> on(int host) {
    return namespaces ? List.of("ip", "netns", "exec", space(host)) : List.of();
  }

  /** No packet leaves the host or reaches it from now on; what runs on it runs on. */
  void cut(int host) {
    require(host);
    run("ip", "link", "set", "dev", outside(host), "down");
  }

  /** It is reached again. */
  void mend(int host) {
    require(host);
    run("ip", "link", "set", "dev", outside(host), "up");
  }

  private void require(int host) {
    if (!namespaces) {
      throw new BadInputException(
          "host " + host,
          "can't be cut off: all hosts share the loopback interface",
          "run the lab as root, so that each gets a network namespace");
    }
  }

  private String space(int host) {
    return "pen-%s-%d".formatted(id, host);
  }

  private String outside(int host) {
    return "pn%s%d".formatted(id, host);
  }

  private String bridge() {
    return "pn%sb".formatted(id);
  }

  private void build() {
    run("ip", "link", "add", bridge(), "type", "bridge");
    run("ip", "addr", "add", controller() + "/24", "dev", bridge());
    run("ip", "link", "set", bridge(), "up");
    for (int i = 0; i < hosts.size(); i++) {
      run("ip", "netns", "add", space(i));
      run(
          "ip",
          "link",
          "add",
          outside(i),
          "type",
          "veth",
          "peer",
          "name",
          "eth0",
          "netns",
          space(i));
      run("ip", "link", "set", outside(i), "master", bridge(), "up");
      inside(i, "ip", "addr", "add", address(i) + "/24", "dev", "eth0");
      inside(i, "ip", "link", "set", "eth0", "up");
      inside(i, "ip", "link", "set", "lo", "up");
    }
  }

  private void inside(int host, String... words) {
    List<String> all = new ArrayList<>(on(host));
    all.addAll(List.of(words));
    run(all.toArray(new String[0]));
  }

  @Override
  public void close() {
    if (!namespaces) {
      return;
    }
    for (int i = 0; i < hosts.size(); i++) {
      attempt("ip", "link", "del", outside(i));
      attempt("ip", "netns", "del", space(i));
    }
    attempt("ip", "link", "del", bridge());
  }

  private static void attempt(String... words) {
    try {
      run(words);
    } catch (BadInputException e) {
      // it was not made, or is gone already
    }
  }

  private static void run(String... words) {
    try {
      Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
      String said =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new BadInputException(
            String.join(" ", words),
            "failed: " + said,
            "network namespaces need root and iproute2");
      }
    } catch (IOException e) {
      throw new BadInputException(
          words[0], "can't be run: " + e.getMessage(), "apt-get install iproute2", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BadInputException(words[0], "was interrupted", "", e);
    }
  }
}
