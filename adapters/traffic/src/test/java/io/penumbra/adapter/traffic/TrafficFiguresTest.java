package io.penumbra.adapter.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.traffic.change.Change;
import io.penumbra.adapter.traffic.dns.DnsRecord;
import io.penumbra.adapter.traffic.dns.DnsRecord.AddressType;
import io.penumbra.adapter.traffic.dns.ZoneEditor;
import io.penumbra.adapter.traffic.haproxy.Haproxy;
import io.penumbra.adapter.traffic.haproxy.ServerName;
import io.penumbra.adapter.traffic.haproxy.Slot;
import io.penumbra.adapter.traffic.server.NameServers;
import io.penumbra.adapter.traffic.server.NamedBackend;
import io.penumbra.adapter.traffic.server.RealHaproxy;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** From the order to the proof, 100 times each, on this machine as it is. */
@Timeout(300)
class TrafficFiguresTest {

  private static final int CHANGES = 100;
  private static final int WARM_UP = 20;
  private static final List<InetAddress> AT =
      List.of(InetAddress.ofLiteral("127.0.0.1"), InetAddress.ofLiteral("127.0.0.2"));

  @TempDir private Path directory;

  /** One change, the one of this number. */
  @FunctionalInterface
  private interface Order {
    Change carryOut(int number) throws InterruptedException;
  }

  @Test
  void aLoadBalancerShowsAChangeWithinMilliseconds() throws Exception {
    try (NamedBackend backend = new NamedBackend("a", "127.0.0.1", 0);
        RealHaproxy real = haproxy(backend.port())) {
      Haproxy haproxy = new Haproxy(real.settings(false));
      List<Slot> slots = List.of(new Slot.Readdressed(new ServerName("app", "vm"), backend.port()));

      measure(
          "HAProxy: addr, shutdown sessions, read back",
          i -> haproxy.point(VmId.of("vm"), slots, HostId.of("host-" + i % 2), AT.get(i % 2)));
    }
  }

  private RealHaproxy haproxy(int port) throws Exception {
    String at = "127.0.0.1:" + port;
    return new RealHaproxy(directory, at, at, at, false);
  }

  @Test
  void bothNameServersShowAChange() throws Exception {
    try (NameServers servers = new NameServers(directory)) {
      ZoneEditor editor = new ZoneEditor(servers.zone(servers.key()));
      DnsRecord name = new DnsRecord("redis.apps.example", AddressType.A, Duration.ofSeconds(30));

      measure(
          "DNS: signed update at BIND, read at BIND and at Knot",
          i -> editor.point(List.of(name), List.of(AT.get(i % 2))));
    }
  }

  private static void measure(String what, Order order) throws InterruptedException {
    long[] nanos = new long[CHANGES];
    for (int i = -WARM_UP; i < CHANGES; i++) {
      long begun = System.nanoTime();
      Change change = order.carryOut(Math.floorMod(i, 2));
      long took = System.nanoTime() - begun;
      assertThat(change).as("change %d", i).isInstanceOf(Change.Verified.class);
      if (i >= 0) {
        nanos[i] = took;
      }
    }
    Arrays.sort(nanos);
    System.out.printf(
        "%s: p50 %.1f ms, p99 %.1f ms, of %d%n",
        what, nanos[CHANGES / 2] / 1e6, nanos[CHANGES * 99 / 100 - 1] / 1e6, CHANGES);
    assertThat(nanos[CHANGES / 2]).as("p50, in ns").isLessThan(2_000_000_000L);
  }
}
