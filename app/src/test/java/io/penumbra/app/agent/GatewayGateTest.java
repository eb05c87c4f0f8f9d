package io.penumbra.app.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.qemu.agent.ServiceGate.Arrival;
import io.penumbra.adapter.qemu.agent.ServiceGate.Presence;
import io.penumbra.adapter.qemu.agent.ServiceGate.Promotion;
import io.penumbra.adapter.traffic.gateway.Cut;
import io.penumbra.adapter.traffic.gateway.GatewayControl;
import io.penumbra.adapter.traffic.gateway.GatewayMetrics;
import io.penumbra.adapter.traffic.gateway.Hold;
import io.penumbra.adapter.traffic.gateway.TakeoverOutcome;
import io.penumbra.domain.VmId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class GatewayGateTest {

  private static final VmId VM = VmId.of("db");
  private static final VmId ANOTHER = VmId.of("web");
  private static final InetSocketAddress NEW_HOME =
      new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 6_379);
  private static final Promotion FROM_SEVEN = new Promotion(2, 7, 0);
  private static final TakeoverOutcome DONE =
      new TakeoverOutcome.Done(3, 1, 0, 0, 0, 0, true, 1_500);

  private final Fake gateway = new Fake();
  private final BlockingQueue<String> log = new LinkedBlockingQueue<>();
  private final GatewayGate gate = new GatewayGate(Map.of(VM, gateway), log::add);

  /** Writes down what it is told, and answers takeovers as the test has laid down. */
  private static final class Fake implements GatewayControl {
    private final List<String> told = new CopyOnWriteArrayList<>();
    private final Deque<TakeoverOutcome> outcomes = new ArrayDeque<>();
    private final Deque<Cut> cuts = new ArrayDeque<>();
    private volatile boolean away;
    private volatile int awayFor;

    private synchronized void hear(String word) {
      told.add(word);
      if (away || awayFor-- > 0) {
        throw new IllegalStateException("nobody listens at gw.sock");
      }
    }

    @Override
    public Hold beginCut(Duration wait) {
      hear("begin " + wait.toMillis());
      return new Hold.Held(0, 0);
    }

    @Override
    public Cut cut(long epoch) {
      hear("cut " + epoch);
      return cuts.isEmpty() ? new Cut.Taken(1, 0, true) : cuts.remove();
    }

    @Override
    public void cancelCut() {
      hear("cancel");
    }

    @Override
    public int acked(long epoch) {
      hear("acked " + epoch);
      return 0;
    }

    @Override
    public TakeoverOutcome takeOver(InetSocketAddress backend, long epoch) {
      hear("take over " + epoch);
      return outcomes.size() > 1 ? outcomes.remove() : outcomes.element();
    }

    @Override
    public TakeoverOutcome redirect(InetSocketAddress backend) {
      hear("redirect");
      return DONE;
    }

    @Override
    public void unprotect(String why) {
      hear("unprotect");
    }

    @Override
    public GatewayMetrics metrics() {
      throw new UnsupportedOperationException("the gate asks for no figures");
    }
  }

  private String said() throws InterruptedException {
    String line = log.poll(60, TimeUnit.SECONDS);
    return line == null ? "nothing within 60 s" : line;
  }

  /** Waits until so much was told; what it was is for the test to look at. */
  private void awaitTold(int words) throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (gateway.told.size() < words && System.nanoTime() < until) {
      Thread.sleep(1);
    }
  }

  @Test
  void theGatewayHearsOfAnEpochInTheOrderThatItNeeds() {
    assertThat(gate.cutting(VM, 7, Duration.ofMillis(100))).isZero();
    gate.cut(VM, 7);
    gate.acked(VM, 7);

    assertThat(gateway.told).containsExactly("begin 400", "cut 7", "acked 7");
  }

  @Test
  void whatClientsAreToldIsGuardedFromTheFirstQuietCutThatIsAcked() {
    gateway.cuts.add(new Cut.Taken(1, 3, false));
    gateway.cuts.add(new Cut.Lapsed("it took too long"));
    for (long epoch = 1; epoch <= 3; epoch++) {
      assertThat(gate.guards(VM, epoch - 1)).isFalse();
      gate.cutting(VM, epoch, Duration.ofMillis(100));
      gate.cut(VM, epoch);
    }
    assertThat(gate.guards(VM, 2)).as("what was told since may be lost").isFalse();
    assertThat(gate.guards(VM, 3)).isTrue();
    gate.cutting(VM, 4, Duration.ofMillis(100));
    assertThat(gateway.told).endsWith("begin 400", "cut 3", "begin 100");
    assertThat(gate.guards(ANOTHER, 0)).as("nobody was to guard it").isTrue();
  }

  @Test
  void aTakeoverEndsWhatWasGuarded() throws Exception {
    gateway.outcomes.add(DONE);
    gate.cutting(VM, 1, Duration.ofMillis(100));
    gate.cut(VM, 1);
    assertThat(gate.guards(VM, 1)).isTrue();
    gate.promoted(VM, FROM_SEVEN, NEW_HOME, () -> Presence.SERVES);
    assertThat(gate.guards(VM, 1)).isFalse();
    assertThat(said()).contains("follows to");
  }

  @Test
  void aVmWithoutAGatewayIsCutWithoutOne() {
    gate.cutting(ANOTHER, 1, Duration.ofMillis(100));
    gate.cut(ANOTHER, 1);
    gate.promoted(ANOTHER, FROM_SEVEN, NEW_HOME, () -> Presence.SERVES);

    assertThat(gateway.told).isEmpty();
    assertThat(log).isEmpty();
  }

  @Test
  void aGatewayThatIsAwayHoldsUpNoCutAndIsToldOf() throws Exception {
    gateway.away = true;

    gate.cutting(VM, 7, Duration.ofMillis(100));
    gate.cut(VM, 7);
    gate.acked(VM, 7);

    assertThat(said()).contains("db", "the quiet before epoch 7", "nobody listens");
    assertThat(said()).contains("the ack of epoch 7");
  }

  @Test
  void aGatewayThatHasNotSaidThatItHoldsRequestsBackIsToldOfNoCut() {
    gateway.awayFor = 1;

    gate.cutting(VM, 7, Duration.ofMillis(100));
    gate.cut(VM, 7);
    gate.cutting(VM, 8, Duration.ofMillis(100));
    gate.cut(VM, 8);

    assertThat(gateway.told).containsExactly("begin 400", "begin 400", "cut 8");
  }

  @Test
  void clientsAreLedToAGuestThatHasJustBeenStarted() throws Exception {
    gateway.awayFor = 1;

    gate.booted(ANOTHER, NEW_HOME, () -> Presence.SERVES);
    gate.booted(VM, NEW_HOME, () -> Presence.SERVES);

    assertThat(said()).contains("attempt 1", "nobody listens");
    awaitTold(2);
    assertThat(gateway.told).containsExactly("redirect", "redirect");
  }

  @Test
  void clientsFollowToTheEpochThatWasPromoted() throws Exception {
    gateway.outcomes.add(DONE);

    gate.promoted(VM, FROM_SEVEN, NEW_HOME, () -> Presence.SERVES);

    assertThat(said()).contains("follows to", "6379", "replayed=3");
    assertThat(gateway.told).containsExactly("take over 7");
  }

  @Test
  void aNewHomeThatFailsAtFirstIsTriedAgain() throws Exception {
    gateway.outcomes.add(new TakeoverOutcome.Failed("connection refused"));
    gateway.outcomes.add(DONE);

    gate.promoted(VM, FROM_SEVEN, NEW_HOME, () -> Presence.SERVES);

    assertThat(said()).contains("attempt 1", "connection refused");
    assertThat(said()).contains("follows to");
  }

  @Test
  void aGatewayThatIsBackSoonIsNotGivenUp() throws Exception {
    gateway.outcomes.add(DONE);
    gateway.awayFor = 3;
    long began = System.nanoTime();

    gate.promoted(VM, FROM_SEVEN, NEW_HOME, () -> Presence.SERVES);

    for (int attempt = 1; attempt <= 3; attempt++) {
      assertThat(said()).contains("attempt " + attempt, "nobody listens");
    }
    assertThat(said()).contains("follows to");
    assertThat(Duration.ofNanos(System.nanoTime() - began))
        .as("the attempts are not spent within a millisecond")
        .isGreaterThan(Duration.ofMillis(140));
  }

  @Test
  void clientsAreLedThereWithoutReplayWhenTheLogCannotDoIt() throws Exception {
    gateway.outcomes.add(new TakeoverOutcome.Refused("epoch 7 has no place in the log"));

    gate.promoted(VM, FROM_SEVEN, NEW_HOME, () -> Presence.SERVES);

    assertThat(said()).contains("can't replay from epoch 7", "no place in the log");
    awaitTold(2);
    assertThat(gateway.told).containsExactly("take over 7", "redirect");
  }

  @Test
  void aGuestThatTakesItsTimeIsNotGivenUp() throws Exception {
    for (int i = 0; i < 21; i++) {
      gateway.outcomes.add(new TakeoverOutcome.Failed("connection reset"));
    }
    gateway.outcomes.add(DONE);

    gate.promoted(VM, FROM_SEVEN, NEW_HOME, () -> Presence.SERVES);

    for (int attempt = 1; attempt <= 20; attempt++) {
      assertThat(said()).contains("attempt " + attempt, "connection reset");
    }
    assertThat(said()).contains("follows to");
  }

  @Test
  void noClientIsLedToAGuestThatStandsStillOrIsGone() throws Exception {
    gateway.outcomes.add(DONE);
    AtomicReference<Presence> presence = new AtomicReference<>(Presence.STANDS_STILL);

    gate.promoted(VM, FROM_SEVEN, NEW_HOME, () -> Objects.requireNonNull(presence.get()));
    assertThat(log.poll(200, TimeUnit.MILLISECONDS)).as("what is said meanwhile").isNull();
    presence.set(Presence.GONE);

    assertThat(said()).contains("gone from here");
    assertThat(gateway.told).isEmpty();
  }

  /** Serves, and writes down among what the gateway is told that clients are led to it. */
  private final class Serving implements Arrival {
    @Override
    public Presence presence() {
      return Presence.SERVES;
    }

    @Override
    public void led() {
      gateway.told.add("led");
    }
  }

  @Test
  void itsAgentHearsOnceThatClientsAreLedAndNotBefore() throws Exception {
    gateway.outcomes.add(new TakeoverOutcome.Failed("connection refused"));
    gateway.outcomes.add(DONE);

    gate.promoted(VM, FROM_SEVEN, NEW_HOME, new Serving());
    assertThat(said()).contains("attempt 1");
    assertThat(said()).contains("follows to");
    awaitTold(3);
    assertThat(gateway.told).containsExactly("take over 7", "take over 7", "led");
  }
}
