package io.penumbra.app.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.agent.Signals;
import io.penumbra.adapter.qemu.api.AgentClient;
import io.penumbra.adapter.qemu.api.AgentClient.ShadowProgress;
import io.penumbra.adapter.qemu.guest.FileTree;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.web.Reply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A guest that answers, and is not to be believed: the production control plane, with its journal,
 * takes its shadow back to an older epoch.
 */
@Timeout(900)
@SuppressWarnings("NullAway.Init") // JUnit calls start() before any test
class GoingBackTest {

  private static final VmId VM = VmId.of(Lab.VM);
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final int PAGE = 4096;
  private static final String COLD = "cold-".repeat(13_107);

  private static Path directory;
  private static Lab lab;

  @BeforeAll
  static void start() throws Exception {
    boolean root = "root".equals(System.getProperty("user.name"));
    if (!"true".equals(System.getenv("CI"))) {
      Assumptions.assumeTrue(root, "the lab's hosts are network namespaces, which need root");
    }
    // Sockets lie in it, and their paths have to be short.
    directory = Files.createTempDirectory("plab");
    lab =
        new Lab(
            new LabSettings(
                directory,
                Path.of(System.getProperty("user.home"), ".cache", "penumbra"),
                0,
                LabSettings.Kill.GUEST,
                ShadowMode.WARM,
                "replay",
                256,
                // So many of them are kept that the copy's is still among them at the end.
                Duration.ofMillis(400),
                1,
                Duration.ofMillis(500),
                true,
                1),
            GoingBackTest::say);
    lab.startGuest();
  }

  @AfterAll
  static void stop() throws Exception {
    if (lab != null) {
      lab.close();
      FileTree.remove(directory);
      assertThat(Leftovers.of(directory)).as("what the lab leaves behind").isEmpty();
    }
  }

  @Test
  void aVmThatIsWishedForAgainStaysTheOneInstance() throws Exception {
    lab.awaitProtected();
    String from = host();
    try (AgentClient shadow = lab.agent(other(from));
        RespTalk redis = new RespTalk(lab.clients())) {
      redis.set("instance", "first");
      for (int i = 0; i < 5; i++) {
        lab.wish();
      }
      awaitEpochs(shadow, 2);
      assertThat(ask("instance")).isEqualTo("first");
    }
    assertThat(host()).isEqualTo(from);
    assertThat(lab.watch().breaches()).isEmpty();
  }

  @Test
  void theShadowGoesBackAlthoughItsAgentIsKilledAfterItWasToldTo() throws Exception {
    lab.awaitProtected();
    String from = host();
    String to = other(from);
    try (AgentClient primary = lab.agent(from);
        AgentClient shadow = lab.agent(to);
        RespTalk redis = new RespTalk(lab.clients())) {
      redis.set("marker", "before");
      long epoch = awaitEpochs(shadow, 2);
      redis.set("marker", "after");
      awaitEpochs(shadow, 3);

      ok(shadow.rollBack(VM, Optional.of(epoch)));
      lab.host(to).killAgent();
      lab.host(to).start();
      until(
          "its agent is back",
          () -> progress(shadow).filter(at -> at.epoch() == epoch).isPresent());
      // Before serve has heard of it, the old primary is the better way back to life.
      lab.awaitProtected();
      Optional<LabApi.Failover> last = lab.api().lastFailover();
      ok(primary.doubt(VM, "a test doubts it"));

      LabApi.Failover done = awaitFailover(last);
      say(done.toString());
      assertThat(done.from()).isEqualTo(from);
      assertThat(done.to()).isEqualTo(to);
      assertThat(done.reason()).isEqualTo("GUEST_FAILED");
    }
    assertThat(ask("marker")).as("what the guest had at that epoch").isEqualTo("before");
    assertThat(lab.watch().breaches()).isEmpty();
  }

  @Test
  void anAgentThatIsKilledWhileItLeadsClientsLeadsThemWhenItIsBack() throws Exception {
    lab.awaitProtected();
    String from = host();
    String to = other(from);
    long gateway = lab.gateway().orElseThrow().pid();
    Optional<LabApi.Failover> last = lab.api().lastFailover();
    String guests = "led-" + from;
    try (RespTalk redis = new RespTalk(lab.clients());
        AgentClient shadow = lab.agent(to)) {
      redis.set("guest", guests);
      awaitEpochs(shadow, 3);
    }
    // The order to lead is given, and nobody takes it.
    Signals.send(gateway, Signals.STOP);
    try {
      lab.host(from).killGuest(Lab.VM);
      assertThat(awaitFailover(last).to()).isEqualTo(to);
      lab.host(to).killAgent();
      lab.host(to).start();
      try (AgentClient agent = lab.agent(to)) {
        until("its agent is back", () -> agent.health(SOON) instanceof Reply.Ok<?>);
      }
    } finally {
      Signals.send(gateway, Signals.CONT);
    }

    assertThat(ask("guest")).isEqualTo(guests);
    assertThat(lab.watch().breaches()).isEmpty();
  }

  @Test
  void aCopyThatIsAskedTheSameFindsAFlippedBitAndTheGuestGoesBack() throws Exception {
    lab.awaitProtected();
    String from = host();
    try (RespTalk redis = new RespTalk(lab.clients());
        RedisWriter writer = lab.writer()) {
      redis.set("cold", COLD);
      writer.start();
      JsonNode well = verifyWhileAsking(redis, 21, false);
      say(well.toString());
      assertThat(well.path("compared").asLong()).isGreaterThan(20);
      assertThat(well.path("differing").asLong()).as(well.toString()).isZero();

      flipABitOfTheColdValue(lab.host(from).memoryOf(Lab.VM), redis);
      Optional<LabApi.Failover> last = lab.api().lastFailover();
      JsonNode ill = verifyWhileAsking(redis, 1, true);
      say(ill.toString());
      assertThat(ill.path("differing").asLong()).isPositive();
      assertThat(ill.path("differences").get(0).path("command").asText()).isEqualTo("GET");
      assertThat(ill.path("differences").get(0).path("differing").asLong()).isEqualTo(1);

      LabApi.Failover done = awaitFailover(last);
      assertThat(done.from()).isEqualTo(from);
    }
    assertThat(ask("cold").equals(COLD)).as("the value is whole again").isTrue();
    assertThat(lab.watch().breaches()).isEmpty();
  }

  // --- asking

  /**
   * Has answers compared while the cold value is asked for; for longer where so many answers did
   * not come in the usual time.
   */
  private static JsonNode verifyWhileAsking(RespTalk redis, int least, boolean rollBack)
      throws Exception {
    JsonNode verified = verify(redis, 1_500, rollBack);
    if (verified.path("report").path("compared").asLong() < least) {
      verified = verify(redis, 20_000, rollBack);
    }
    assertThat(verified.path("failover").asText())
        .as(verified.toString())
        .matches(rollBack ? ".*are not what a copy of it says.*" : "");
    return verified.path("report");
  }

  private static JsonNode verify(RespTalk redis, int listenMillis, boolean rollBack)
      throws Exception {
    Reply<?>[] reply = new Reply<?>[1];
    Thread verifying =
        Thread.ofPlatform()
            .start(() -> {
              try {
                reply[0] =
                    lab.api()
                        .order(
                            Lab.VM,
                            "verify",
                            Map.of("listenMillis", listenMillis, "rollBack", rollBack));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    try {
      while (verifying.isAlive()) {
        redis.get("cold");
        Thread.sleep(20);
      }
    } catch (IOException e) {
      // It goes back: who was asked something just then is cut off.
      assertThat(rollBack).as("the connection broke: " + e).isTrue();
    }
    verifying.join();
    assertThat(reply[0]).isInstanceOf(Reply.Ok.class);
    return (JsonNode) ((Reply.Ok<?>) reply[0]).value();
  }

  /** After a failover: a client that comes anew. */
  private static String ask(String key) throws Exception {
    String[] answer = {""};
    until(
        "Redis answers",
        () -> {
          try (RespTalk redis = new RespTalk(lab.clients())) {
            answer[0] = redis.get(key);
            return true;
          } catch (IOException e) {
            return false;
          }
        });
    return answer[0];
  }

  private static String host() throws InterruptedException {
    return lab.api().vm(Lab.VM).orElseThrow().host();
  }

  private static String other(String host) {
    return host.equals("a") ? "b" : "a";
  }

  private static void ok(Reply<?> reply) {
    assertThat(reply).isInstanceOf(Reply.Ok.class);
  }

  private static Optional<ShadowProgress> progress(AgentClient shadow) throws InterruptedException {
    return shadow.awaitComplete(VM, 0, Duration.ZERO) instanceof Reply.Ok<ShadowProgress>(var at)
        ? Optional.of(at)
        : Optional.empty();
  }

  /** Waits for so many more epochs, and names the newest. */
  private static long awaitEpochs(AgentClient shadow, int more) throws Exception {
    long newest = newest(shadow, 0);
    return newest(shadow, newest + more);
  }

  /** The newest there, once it is so new. */
  private static long newest(AgentClient shadow, long least) throws Exception {
    long[] newest = {0};
    until(
        "epoch " + least,
        () -> {
          Optional<ShadowProgress> now = progress(shadow);
          now.ifPresent(at -> newest[0] = at.epoch());
          return now.isPresent() && newest[0] >= least;
        });
    return newest[0];
  }

  private static LabApi.Failover awaitFailover(Optional<LabApi.Failover> last) throws Exception {
    until(
        "the failover is in the ledger",
        () ->
            lab.api()
                .lastFailover()
                .filter(done -> !last.map(LabApi.Failover::saga).equals(Optional.of(done.saga())))
                .isPresent());
    return lab.api().lastFailover().orElseThrow();
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void until(String what, Condition condition) throws Exception {
    long end = System.nanoTime() + 12 * SOON.toNanos();
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("never: " + what).isLessThan(end);
      Thread.sleep(10);
    }
  }

  private static void say(String line) {
    System.out.println(line);
  }

  // --- failing memory

  /** In the file that is the guest's memory, from outside. */
  private static void flipABitOfTheColdValue(Path ram, RespTalk redis) throws IOException {
    try (FileChannel file =
        FileChannel.open(ram, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      for (int page = 0; page < file.size() / PAGE; page++) {
        if (isOfTheColdValue(file, page)) {
          flip(file, page);
          if (!redis.get("cold").equals(COLD)) {
            return;
          }
          // A buffer that it went through.
          flip(file, page);
        }
      }
    }
    throw new AssertionError("the value is not in memory");
  }

  private static boolean isOfTheColdValue(FileChannel file, int page) throws IOException {
    ByteBuffer content = ByteBuffer.allocate(PAGE);
    file.read(content, (long) page * PAGE);
    int at = COLD.indexOf((char) content.get(0));
    for (int shift = at; at >= 0 && shift < 5; shift++) {
      boolean all = true;
      for (int i = 0; i < PAGE && all; i++) {
        all = content.get(i) == (byte) COLD.charAt(shift + i);
      }
      if (all) {
        return true;
      }
    }
    return false;
  }

  private static void flip(FileChannel file, int page) throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    long at = (long) page * PAGE + 1234;
    file.read(one, at);
    one.put(0, (byte) (one.get(0) ^ 1));
    file.write(one.flip(), at);
  }
}
