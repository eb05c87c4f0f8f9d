package io.penumbra.app.lab;

import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The lab's hosts on the network: a namespace each, joined by two bridges. Hosts and control plane
 * speak over one of them, clients reach guests over the other, so that a host can be cut off from
 * everybody, or from its peers alone, while everything on it runs. Without root, or without
 * namespaces, all hosts share the loopback interface, with an address each, and none can be cut
 * off.
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

  /** Where clients reach what runs on a host. */
  String service(int host) {
    return namespaces ? "10.198.%d.%d".formatted(hosts.get(host), 10 + host) : address(host);
  }

  /** The interface at which everything passes that a host says to clients. */
  String clientSide(int host) {
    require(host);
    return "pm%s%d".formatted(id, host);
  }

  /** Words before a command that make it run on a host. */
  List<String> on(int host) {
    return namespaces ? List.of("ip", "netns", "exec", space(host)) : List.of();
  }

  /** No packet leaves the host or reaches it from now on; what runs on it runs on. */
  void cut(int host) {
    split(host);
    run("ip", "link", "set", "dev", clientSide(host), "down");
  }

  /** Neither its peers nor the control plane hear of it from now on; clients of its guests do. */
  void split(int host) {
    require(host);
    run("ip", "link", "set", "dev", outside(host), "down");
  }

  /** It is reached again. */
  void mend(int host) {
    require(host);
    run("ip", "link", "set", "dev", outside(host), "up");
    run("ip", "link", "set", "dev", clientSide(host), "up");
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

  private String clientBridge() {
    return "pm%sb".formatted(id);
  }

  private void build() {
    bridge(bridge(), controller());
    bridge(clientBridge(), "10.198.%d.1".formatted(hosts.getFirst()));
    for (int i = 0; i < hosts.size(); i++) {
      run("ip", "netns", "add", space(i));
      inside(i, "ip", "link", "set", "lo", "up");
      join(i, outside(i), "eth0", bridge(), address(i));
      join(i, clientSide(i), "eth1", clientBridge(), service(i));
    }
  }

  private static void bridge(String name, String address) {
    run("ip", "link", "add", name, "type", "bridge");
    run("ip", "addr", "add", address + "/24", "dev", name);
    run("ip", "link", "set", name, "up");
  }

  private void join(int host, String outside, String name, String bridge, String address) {
    run("ip", "link", "add", outside, "type", "veth", "peer", "name", name, "netns", space(host));
    // No IPv6, so that nothing is said there but what the guest says.
    inside(host, "ip", "link", "set", name, "addrgenmode", "none");
    run("ip", "link", "set", outside, "addrgenmode", "none");
    run("ip", "link", "set", outside, "master", bridge, "up");
    inside(host, "ip", "addr", "add", address + "/24", "dev", name);
    inside(host, "ip", "link", "set", name, "up");
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
      attempt("ip", "link", "del", clientSide(i));
      attempt("ip", "netns", "del", space(i));
    }
    attempt("ip", "link", "del", bridge());
    attempt("ip", "link", "del", clientBridge());
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
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
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
