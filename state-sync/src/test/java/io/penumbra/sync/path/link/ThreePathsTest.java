package io.penumbra.sync.path.link;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.sync.path.relay.FaultRelay;
import io.penumbra.sync.path.tcp.TcpPath;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two processes and three paths of 200, 100 and 50 Mbit/s in network namespaces, one of which goes
 * silent in the middle of an epoch. Without the right to make namespaces relays stand in for them,
 * but where everything is to be tested that is a failure.
 */
@Timeout(420)
class ThreePathsTest {

  private static final int MESSAGES = 40;
  private static final int MESSAGE_BYTES = 400_000;
  private static final int[] MEGABITS = {200, 100, 50};

  @Test
  void anyOnePathIsCutInTheMiddleOfAnEpochAndTheEpochDoesNotNotice() throws Exception {
    boolean possible = PathNamespace.possible();
    if ("true".equals(System.getenv("CI"))) {
      assertThat(possible).as("network namespaces can be made (run as root)").isTrue();
    }
    for (int path = 0; path < MEGABITS.length; path++) {
      int victim = path;
      Undisturbed.tried(() -> {
        Outcome outcome = possible ? throughNamespaces(victim) : throughRelays(victim);
        assertThat(outcome.digest()).as("path %d cut", victim).isEqualTo(outcome.sentDigest());
        return Undisturbed.late(() -> doesNotNotice(outcome, victim));
      });
    }
  }

  private static void doesNotNotice(Outcome outcome, int victim) {
    assertThat(outcome.longestPause())
        .as("path %d cut: longest pause between two messages", victim)
        .isLessThan(PauseBound.of(Duration.ofMillis(500), outcome.pauseBefore()));
    assertThat(outcome.resent())
        .as("path %d cut: shards sent again, of %d", victim, outcome.sent())
        .isLessThan(outcome.sent() / 20);
  }

  private static Outcome throughNamespaces(int victim) throws Exception {
    try (PathNamespace namespace = PathNamespace.open(MEGABITS)) {
      List<String> addresses = new ArrayList<>();
      for (int path = 0; path < MEGABITS.length; path++) {
        addresses.add(namespace.address(path));
      }
      Process far = namespace.start(farEnd(addresses));
      return transfer(far, addresses, FarEnd.PORT, () -> namespace.cut(victim));
    }
  }

  private static Outcome throughRelays(int victim) throws Exception {
    Process far = new ProcessBuilder(farEnd(List.of("127.0.0.1"))).start();
    List<FaultRelay> relays = new ArrayList<>();
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (int megabit : MEGABITS) {
      FaultRelay relay =
          FaultRelay.to(new InetSocketAddress(InetAddress.getLoopbackAddress(), FarEnd.PORT));
      relay.bytesPerSecond(megabit * 125_000.0);
      relays.add(relay);
      addresses.add(relay.address());
    }
    try {
      return transfer(far, addresses, () -> relays.get(victim).swallow());
    } finally {
      relays.forEach(FaultRelay::close);
    }
  }

  private static List<String> farEnd(List<String> addresses) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                FarEnd.class.getName(),
                Integer.toString(MESSAGES)));
    command.addAll(addresses);
    return command;
  }

  private static Outcome transfer(Process far, List<String> hosts, int port, Runnable cut)
      throws Exception {
    List<InetSocketAddress> addresses =
        hosts.stream().map(host -> new InetSocketAddress(host, port)).toList();
    return transfer(far, addresses, cut);
  }

  private static Outcome transfer(Process far, List<InetSocketAddress> addresses, Runnable cut)
      throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (BufferedReader says = far.inputReader(UTF_8)) {
      assertThat(says.readLine()).isEqualTo("ready");
      try (MultiPathLink link =
          MultiPathLink.dial(
              LinkSettings.standard(42, 1),
              addresses.stream().map(TcpPath::to).toList(),
              message -> {},
              System::nanoTime)) {
        awaitPaths(link, addresses.size());
        send(link, digest, cut);
        assertThat(link.flush(Duration.ofSeconds(90))).isTrue();
        DispatchCounts counts = counts(link);
        far.getOutputStream().close(); // nothing more is wanted of it
        byte[] got = HexFormat.of().parseHex(says.readLine());
        Duration before = Duration.ofMillis(Long.parseLong(says.readLine()));
        Duration pause = Duration.ofMillis(Long.parseLong(says.readLine()));
        return new Outcome(
            Arrays.toString(digest.digest()),
            Arrays.toString(got),
            before,
            pause,
            counts.sent(),
            counts.resent());
      }
    } finally {
      far.destroyForcibly().waitFor();
    }
  }

  private static void send(MultiPathLink link, MessageDigest digest, Runnable cut)
      throws IOException, InterruptedException {
    Random random = new Random(1);
    for (int i = 0; i < MESSAGES; i++) {
      byte[] message = new byte[MESSAGE_BYTES];
      random.nextBytes(message);
      digest.update(message);
      link.send(ByteBuffer.wrap(message));
      if (i == MESSAGES / 2) {
        Thread.sleep(5);
        cut.run();
      }
      Thread.sleep(20);
    }
  }

  private static void awaitPaths(MultiPathLink link, int paths) throws InterruptedException {
    while (link.state().sending().paths().stream().filter(path -> path.usable()).count() < paths) {
      Thread.sleep(10);
    }
  }

  private static DispatchCounts counts(MultiPathLink link) {
    var state = link.state().sending();
    return new DispatchCounts(state.shardsSent(), state.shardsResent());
  }

  private record DispatchCounts(long sent, long resent) {}

  private record Outcome(
      String sentDigest,
      String digest,
      Duration pauseBefore,
      Duration longestPause,
      long sent,
      long resent) {}
}
