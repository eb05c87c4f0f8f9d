package io.penumbra.adapter.traffic.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.sync.requestlog.RequestLogBounds;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A real Redis is killed, and one with the state of the last acked epoch takes over. */
@Timeout(300)
class RedisTakeoverTest {

  private static final Duration WAIT = Duration.ofSeconds(30);

  /** {@code -Dpenumbra.gateway.kills=200} for a soak. */
  private static final int KILLS = Integer.getInteger("penumbra.gateway.kills", 6);

  @TempDir private Path dir;

  private final List<AutoCloseable> open = new ArrayList<>();
  private Optional<RedisServer> primary = Optional.empty();
  private Optional<Path> ackedState = Optional.empty();
  private Optional<Path> cutState = Optional.empty();
  private long cutEpoch;
  private long ackedEpoch;

  @BeforeEach
  void startPrimary() throws IOException {
    RedisServer.orSkip();
    replacePrimary(Optional.empty());
  }

  @AfterEach
  void endEverything() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLAY", "OUTPUT_COMMIT"})
  void everyIncrementIsDoneOnceAndEveryAnswerComesOnceThroughRandomKills(GatewayMode mode)
      throws Exception {
    long seed = Long.getLong("penumbra.seed", 41);
    SplittableRandom random = new SplittableRandom(seed);
    Gateway gateway = gateway(mode);
    epoch(gateway);
    AtomicBoolean go = new AtomicBoolean(true);
    List<Future<Long>> counts = new ArrayList<>();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 4; i++) {
        String key = "counter" + i;
        SplittableRandom own = random.split();
        counts.add(clients.submit(() -> count(gateway.address(), key, own, go)));
      }
      for (int kill = 0; kill < KILLS; kill++) {
        for (int cut = 0; cut < 1 + random.nextInt(4); cut++) {
          Thread.sleep(random.nextInt(25));
          cut(gateway);
          Thread.sleep(random.nextInt(10));
          if (random.nextInt(3) > 0) {
            ack(gateway);
          }
        }
        Thread.sleep(random.nextInt(25));
        failOver(gateway, "seed %d, kill %d".formatted(seed, kill));
      }
      go.set(false);
      while (counts.stream().anyMatch(count -> !count.isDone())) {
        epoch(gateway);
      }
    }
    GatewayMetrics metrics = gateway.metrics();
    assertThat(metrics.defects()).as(metrics.toString()).isZero();
    assertThat(metrics.differed()).as(metrics.toString()).isZero();
    assertThat(metrics.outstanding()).as(metrics.toString()).isZero();
    try (RespClient direct = new RespClient(primary())) {
      for (int i = 0; i < counts.size(); i++) {
        assertThat(direct.ask("GET", "counter" + i))
            .as("seed " + seed)
            .isEqualTo(String.valueOf(counts.get(i).get()));
      }
    }
  }

  /** Increments in pipelines, written in random pieces; every answer must be the next number. */
  private static long count(
      InetSocketAddress to, String key, SplittableRandom random, AtomicBoolean go)
      throws IOException {
    long done = 0;
    try (RespClient client = new RespClient(to)) {
      while (go.get()) {
        int depth = 1 + random.nextInt(16);
        String requests = RespClient.command("INCR", key).repeat(depth);
        int split = random.nextInt(requests.length());
        client.send(requests.substring(0, split));
        client.send(requests.substring(split));
        for (int i = 0; i < depth; i++) {
          assertThat(client.answer()).as(key).isEqualTo(String.valueOf(++done));
        }
      }
    }
    return done;
  }

  @Test
  void whenAsynchronousWhatCameAfterTheEpochIsLostAndConnectionsBreak() throws Exception {
    Gateway gateway = gateway(GatewayMode.ASYNC);
    RespClient client = client(gateway);
    client.ask("SET", "a", "1");
    epoch(gateway);
    client.ask("SET", "a", "2");
    primary.orElseThrow().kill();
    replacePrimary(ackedState);

    assertThat(gateway.takeOver(primary(), ackedEpoch)).isInstanceOf(TakeoverOutcome.Refused.class);
    assertThat(gateway.redirect(primary())).isInstanceOf(TakeoverOutcome.Done.class);
    assertThatThrownBy(() -> client.ask("GET", "a")).isInstanceOf(IOException.class);
    assertThat(client(gateway).ask("GET", "a")).isEqualTo("1");
  }

  @Test
  void withOutputCommitNoAnswerLeavesBeforeItsEpochIsAcked() throws Exception {
    Gateway gateway = gateway(GatewayMode.OUTPUT_COMMIT);
    epoch(gateway);
    RespClient client = client(gateway);
    client.send(RespClient.command("INCR", "a"));
    while (gateway.metrics().heldResponses() == 0) {
      Thread.sleep(1);
    }
    cut(gateway);
    assertThat(gateway.metrics().released()).isZero();
    ack(gateway);
    assertThat(client.answer()).isEqualTo("1");
    assertThat(gateway.metrics().released()).isEqualTo(1);
  }

  @Test
  void databaseNameAndOpenTransactionAreCarriedOver() throws Exception {
    Gateway gateway = gateway(GatewayMode.REPLAY);
    RespClient client = client(gateway);
    client.ask("SELECT", "3");
    client.ask("CLIENT", "SETNAME", "ann");
    assertThat(client.ask("MULTI")).isEqualTo("OK");
    assertThat(client.ask("INCR", "a")).isEqualTo("QUEUED");
    epoch(gateway);
    assertThat(client.ask("INCR", "a")).isEqualTo("QUEUED");
    RespClient late = client(gateway);
    late.ask("SELECT", "4");
    late.ask("SET", "b", "4");
    failOver(gateway, "");

    assertThat(client.ask("EXEC")).isEqualTo("1 2");
    assertThat(client.ask("CLIENT", "GETNAME")).isEqualTo("ann");
    assertThat(late.ask("GET", "b")).isEqualTo("4");
    failOver(gateway, "a second one from the same epoch");
    assertThat(client.ask("GET", "a")).isEqualTo("2");
  }

  @Test
  void aBlockedPopWaitsOnAndAServedOneIsServedOnce() throws Exception {
    Gateway gateway = gateway(GatewayMode.REPLAY);
    RespClient waiter = client(gateway);
    RespClient pusher = client(gateway);
    epoch(gateway);
    waiter.send(RespClient.command("BLPOP", "queue", "0"));
    epoch(gateway);
    pusher.ask("RPUSH", "queue", "first");
    assertThat(waiter.answer()).isEqualTo("queue first");
    waiter.send(RespClient.command("BLPOP", "queue", "0"));
    Thread.sleep(20);
    failOver(gateway, "");

    assertThat(pusher.ask("LLEN", "queue")).isEqualTo("0");
    pusher.ask("RPUSH", "queue", "second");
    assertThat(waiter.answer()).isEqualTo("queue second");
  }

  @Test
  void aSubscriberIsToldTheTruthAndClosed() throws Exception {
    Gateway gateway = gateway(GatewayMode.REPLAY);
    epoch(gateway);
    RespClient subscriber = client(gateway);
    assertThat(subscriber.ask("SUBSCRIBE", "news")).contains("subscribe news");
    client(gateway).ask("PUBLISH", "news", "hello");
    assertThat(subscriber.answer()).contains("hello");
    assertThat(gateway.metrics().opaque()).isEqualTo(1);
    failOver(gateway, "");
    assertThatThrownBy(subscriber::answer).isInstanceOf(IOException.class);
  }

  @Test
  void afterALoudCutWhatMayBeDoneTwiceIsAndTheRestIsReported() throws Exception {
    Gateway gateway = gateway(GatewayMode.REPLAY);
    epoch(gateway);
    RespClient once = client(gateway);
    RespClient twice = client(gateway);
    once.ask("PING");
    twice.ask("PING");
    try (RespClient direct = new RespClient(primary())) {
      direct.ask("CLIENT", "PAUSE", "600000", "ALL");
    }
    once.send(RespClient.command("INCR", "a"));
    twice.send(RespClient.command("SET", "b", "1"));
    while (gateway.metrics().outstanding() < 2) {
      Thread.sleep(1);
    }
    Hold.Held held = (Hold.Held) gateway.beginCut(Duration.ofMillis(30));
    assertThat(held.outstanding()).isEqualTo(2);
    Cut.Taken taken = (Cut.Taken) gateway.cut(++cutEpoch);
    assertThat(taken.inDoubt()).isEqualTo(2);
    gateway.acked(cutEpoch);
    ackedEpoch = cutEpoch;

    TakeoverOutcome.Done done = failOver(gateway, "");
    assertThat(done.inDoubt()).isEqualTo(2);
    assertThat(done.givenUp()).isEqualTo(1);
    assertThat(twice.answer()).isEqualTo("OK");
    assertThatThrownBy(once::answer).isInstanceOf(IOException.class);
  }

  /** Found by the lab's soak: the takeover looked for the client and never ended. */
  @Test
  void whatWasInDoubtIsToldAgainAlsoForAClientThatHasGoneSince() throws Exception {
    Gateway gateway = gateway(GatewayMode.REPLAY);
    epoch(gateway);
    RespClient gone = client(gateway);
    RespClient stays = client(gateway);
    gone.ask("PING");
    stays.ask("PING");
    try (RespClient direct = new RespClient(primary())) {
      direct.ask("CLIENT", "PAUSE", "600000", "ALL");
    }
    gone.send(RespClient.command("SET", "b", "1"));
    while (gateway.metrics().outstanding() < 1) {
      Thread.sleep(1);
    }
    assertThat(gateway.beginCut(Duration.ofMillis(30))).isInstanceOf(Hold.Held.class);
    assertThat(((Cut.Taken) gateway.cut(++cutEpoch)).inDoubt()).isEqualTo(1);
    gateway.acked(cutEpoch);
    ackedEpoch = cutEpoch;
    gone.close();
    Thread.sleep(50);

    TakeoverOutcome.Done done = failOver(gateway, "");
    assertThat(done.replayed()).isEqualTo(1);
    assertThat(stays.ask("GET", "b")).isEqualTo("1");
  }

  @Test
  void aFullLogHoldsClientsBackUntilAnEpochIsAcked() throws Exception {
    Gateway gateway =
        open(Gateway.open(settings(GatewayMode.REPLAY).with(new RequestLogBounds(10, 1 << 20, 0))));
    epoch(gateway);
    RespClient client = client(gateway);
    client.send(RespClient.command("INCR", "a").repeat(25));
    for (int i = 1; i <= 10; i++) {
      assertThat(client.answer()).isEqualTo(String.valueOf(i));
    }
    while (gateway.metrics().stalls() == 0) {
      Thread.sleep(1);
    }
    assertThat(gateway.metrics().logged()).isEqualTo(10);
    assertThat(gateway.metrics().lastComplaint()).contains("full", "10 requests");
    epoch(gateway);
    epoch(gateway);
    for (int i = 11; i <= 25; i++) {
      assertThat(client.answer()).isEqualTo(String.valueOf(i));
    }
  }

  @Test
  void whenTheAgentDiesInACutRequestsGoOnAndTheCutDoesNotCount() throws Exception {
    Gateway gateway =
        open(
            Gateway.open(
                settings(GatewayMode.REPLAY)
                    .with(Duration.ofMillis(50), Duration.ofSeconds(5), Optional.empty())));
    while (ackedEpoch == 0) { // this one, too, may lapse where the machine is busy
      epoch(gateway);
    }
    long before = gateway.metrics().lapsedCuts();
    assertThat(gateway.beginCut(WAIT)).isInstanceOf(Hold.Held.class);
    assertThat(client(gateway).ask("INCR", "a")).isEqualTo("1");
    assertThat(gateway.cut(99)).isInstanceOf(Cut.Lapsed.class);
    assertThat(gateway.takeOver(primary(), 99)).isInstanceOf(TakeoverOutcome.Refused.class);
    assertThat(gateway.metrics().lapsedCuts()).isEqualTo(before + 1);
  }

  @Test
  void aConnectionThatTheServiceClosesIsClosed() throws Exception {
    Gateway gateway = gateway(GatewayMode.REPLAY);
    epoch(gateway);
    RespClient quits = client(gateway);
    assertThat(quits.ask("QUIT")).isEqualTo("OK");
    assertThatThrownBy(quits::answer).isInstanceOf(IOException.class);

    RespClient killed = client(gateway);
    killed.ask("PING");
    try (RespClient direct = new RespClient(primary())) {
      direct.ask("CLIENT", "KILL", "TYPE", "normal");
    }
    assertThatThrownBy(killed::answer).isInstanceOf(IOException.class);
    RespClient wrong = client(gateway);
    wrong.send("*1\r\n+PING\r\n");
    assertThat(wrong.answer()).startsWith("-ERR Protocol error");
    assertThatThrownBy(wrong::answer).isInstanceOf(IOException.class);
  }

  // ---- the agent's part

  private void epoch(Gateway gateway) throws IOException {
    cut(gateway);
    ack(gateway);
  }

  private void cut(Gateway gateway) throws IOException {
    Hold hold = gateway.beginCut(WAIT);
    assertThat(hold).isInstanceOf(Hold.Held.class);
    if (!((Hold.Held) hold).quiet()) {
      gateway.cancelCut();
      return;
    }
    Path state = primary.orElseThrow().epoch(cutEpoch + 1);
    Cut cut = gateway.cut(cutEpoch + 1);
    if (cut instanceof Cut.Taken(_, int inDoubt, _)) {
      assertThat(inDoubt).isZero();
      cutEpoch++;
      cutState = Optional.of(state);
    }
  }

  private void ack(Gateway gateway) {
    gateway.acked(cutEpoch);
    ackedEpoch = cutEpoch;
    ackedState = cutState;
  }

  private TakeoverOutcome.Done failOver(Gateway gateway, String story) throws IOException {
    primary.orElseThrow().kill();
    replacePrimary(ackedState);
    TakeoverOutcome outcome = gateway.takeOver(primary(), ackedEpoch);
    assertThat(outcome).as(story).isInstanceOf(TakeoverOutcome.Done.class);
    cutState = ackedState;
    cutEpoch = ackedEpoch;
    if (gateway.metrics().protection().startsWith("off")) {
      // As after every failover: the machine is protected again from its first new epoch on.
      epoch(gateway);
    }
    return (TakeoverOutcome.Done) outcome;
  }

  private void replacePrimary(Optional<Path> state) throws IOException {
    RedisServer server = open(RedisServer.start(dir, state));
    primary = Optional.of(server);
  }

  private InetSocketAddress primary() {
    return primary.orElseThrow().address();
  }

  private GatewaySettings settings(GatewayMode mode) {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return Unhurried.settings(GatewaySettings.of(any, primary(), mode, Protocol.RESP));
  }

  private Gateway gateway(GatewayMode mode) throws IOException {
    return open(Gateway.open(settings(mode)));
  }

  private RespClient client(Gateway gateway) throws IOException {
    return open(new RespClient(gateway.address()));
  }

  private <T extends AutoCloseable> T open(T one) {
    open.add(one);
    return one;
  }
}
