package io.penumbra.adapter.traffic.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A Redis with the state of an epoch is told what the first one was told since. */
@Timeout(240)
class RehearingTest {

  private static final Duration WAIT = Duration.ofSeconds(30);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir private Path dir;

  private final List<AutoCloseable> open = new ArrayList<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  @BeforeEach
  void needsRedis() {
    RedisServer.orSkip();
  }

  @AfterEach
  void endEverything() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
    threads.close();
  }

  private <T extends AutoCloseable> T keep(T one) {
    open.add(one);
    return one;
  }

  private Gateway gateway(RedisServer primary) throws IOException {
    return keep(
        Gateway.open(
            Unhurried.settings(
                GatewaySettings.of(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                    primary.address(),
                    GatewayMode.REPLAY,
                    Protocol.RESP))));
  }

  /** Makes an epoch, from which requests are kept, and a Redis that goes on from it. */
  private RedisServer copy(Gateway gateway, RedisServer primary) throws Exception {
    Future<Listening> listening = threads.submit(() -> gateway.listen(PATIENCE));
    TreeMap<Long, Path> states = new TreeMap<>();
    for (long epoch = 2; !listening.isDone(); epoch++) {
      Thread.sleep(50); // on a busy machine it may take longer until somebody listens
      assertThat(gateway.beginCut(WAIT)).isInstanceOf(Hold.Held.class);
      states.put(epoch, primary.epoch(epoch));
      gateway.cut(epoch);
      gateway.acked(epoch);
    }
    assertThat(listening.get()).isInstanceOf(Listening.Since.class);
    long since = ((Listening.Since) listening.get()).epoch();
    return keep(RedisServer.start(dir, Optional.ofNullable(states.get(since))));
  }

  private static void firstEpoch(Gateway gateway) {
    assertThat(gateway.beginCut(WAIT)).isInstanceOf(Hold.Held.class);
    gateway.cut(1);
    gateway.acked(1);
  }

  @Test
  void aCopyAnswersTheSameExceptForTimeAndChance() throws Exception {
    RedisServer primary = keep(RedisServer.start(dir, Optional.empty()));
    Gateway gateway = gateway(primary);
    firstEpoch(gateway);
    RespClient one = keep(new RespClient(gateway.address()));
    RespClient other = keep(new RespClient(gateway.address()));
    one.ask("SELECT", "3");
    one.ask("SET", "a", "1");
    one.ask("MULTI");
    one.ask("INCR", "a");
    RedisServer copy = copy(gateway, primary);

    one.ask("INCR", "a");
    assertThat(one.ask("EXEC")).isEqualTo("2 3");
    assertThat(one.ask("INCR", "a")).isEqualTo("4");
    other.ask("TIME");
    other.ask("SADD", "set", "x", "y", "z");
    String popped = other.ask("SPOP", "set");
    other.ask("SISMEMBER", "set", popped);
    for (int i = 0; i < 200; i++) {
      one.ask("RPUSH", "list", "value-" + i);
      other.ask("SET", "own-" + i, "value");
    }
    one.ask("LRANGE", "list", "0", "-1");

    Comparison.Done done = (Comparison.Done) gateway.compare(copy.address(), PATIENCE);
    assertThat(done.epoch()).isGreaterThanOrEqualTo(2);
    assertThat(done.compared()).isEqualTo(done.told()).isEqualTo(408);
    assertThat(done.differing()).as(done.toString()).isZero();
    assertThat(done.unstable()).isBetween(1L, 3L);
    assertThat(done.cutShort()).isEmpty();
    assertThat(gateway.compare(copy.address(), PATIENCE))
        .isEqualTo(new Comparison.Refused("nobody has listened"));
  }

  @Test
  void whatThePrimaryAnswersWrongIsNamedAndNotTold() throws Exception {
    RedisServer primary = keep(RedisServer.start(dir, Optional.empty()));
    Gateway gateway = gateway(primary);
    firstEpoch(gateway);
    RespClient client = keep(new RespClient(gateway.address()));
    client.ask("SET", "key", "a secret that nobody may log");
    RedisServer copy = copy(gateway, primary);
    try (RespClient pastTheGateway = new RespClient(primary.address())) {
      pastTheGateway.ask("SETRANGE", "key", "2", "S");
    }

    client.ask("SET", "else", "1");
    client.ask("GET", "key");
    client.ask("GET", "else");

    Comparison.Done done = (Comparison.Done) gateway.compare(copy.address(), PATIENCE);
    // $28, a line end, and two bytes of the value come before.
    assertThat(done.differences())
        .containsExactly(new Comparison.Difference(2, "GET", 35, 35, 7, 1));
    assertThat(done.differing()).isEqualTo(1);
    assertThat(done.toString()).doesNotContain("secret");
  }

  @Test
  void aRequestThatWaitsEndsWhatCanBeToldInOrder() throws Exception {
    RedisServer primary = keep(RedisServer.start(dir, Optional.empty()));
    Gateway gateway = gateway(primary);
    firstEpoch(gateway);
    RespClient client = keep(new RespClient(gateway.address()));
    client.ask("RPUSH", "queue", "1");
    RedisServer copy = copy(gateway, primary);

    client.ask("GET", "a");
    client.ask("BLPOP", "queue", "1");
    client.ask("LLEN", "queue");

    Comparison.Done done = (Comparison.Done) gateway.compare(copy.address(), PATIENCE);
    assertThat(done.told()).isEqualTo(1);
    assertThat(done.cutShort()).contains("BLPOP");
  }

  @Test
  void withoutALogThereIsNothingToListenTo() throws Exception {
    RedisServer primary = keep(RedisServer.start(dir, Optional.empty()));
    Gateway gateway = gateway(primary);

    assertThat(gateway.listen(Duration.ofMillis(10)))
        .isInstanceOfSatisfying(
            Listening.Refused.class,
            refused -> assertThat(refused.why()).contains("no epoch was cut yet"));
  }
}
