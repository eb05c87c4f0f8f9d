package io.penumbra.app.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabPartsTest {

  @TempDir private Path dir = Path.of("replaced by JUnit");

  @Test
  void aWriterKeepsWritingThroughHaproxyWhileItsServerIsKilledAndKnowsWhatIsGone()
      throws Exception {
    int port = HaproxyProcess.freePort();
    InetSocketAddress at = new InetSocketAddress(java.net.InetAddress.ofLiteral("127.0.0.1"), port);
    try (HaproxyProcess balancer = HaproxyProcess.start(dir, at);
        RedisWriter writer = new RedisWriter(balancer.address(), "k", 2)) {
      Child first = redis("first", port);
      writer.start();
      waitFor(() -> writer.acked() > 100);
      first.kill();
      long killed = System.nanoTime();
      long before = writer.acked();
      try (Child second = redis("second", port)) {
        waitFor(() -> writer.acked() > before + 100);
        writer.rest(true);
        Thread.sleep(50);

        assertThat(second.isAlive()).isTrue();
        assertThat(writer.firstAckAfter(killed)).isGreaterThan(killed);
        assertThat(writer.missing(at).count()).isBetween(before - 2, before + 2);
        assertThat(writer.missing(at).examples()).contains("k:0:1");
      }
    }
  }

  @Test
  void aNameServerStartsAndAnswers() throws Exception {
    try (NamedProcess named = NamedProcess.start(dir, "c2VjcmV0IG9mIHRoZSBsYWIncyBvd24=")) {
      assertThat(named.address().getPort()).isPositive();
    }
  }

  @Test
  void quantilesAreNumbersThatWereMeasured() {
    assertThat(Quantiles.of(3, 1, 2)).isEqualTo(new Quantiles(2, 3, 3, 3));
    assertThat(Quantiles.of()).isEqualTo(new Quantiles(0, 0, 0, 0));
  }

  private Child redis(String name, int port) {
    return Child.start(
        name,
        dir,
        Map.of(),
        List.of(
            "redis-server",
            "--port",
            Integer.toString(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no"));
  }

  private interface Condition {
    boolean holds();
  }

  private static void waitFor(Condition condition) throws InterruptedException {
    long end = System.nanoTime() + 60_000_000_000L;
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("not within 60 s").isLessThan(end);
      Thread.sleep(5);
    }
  }
}
