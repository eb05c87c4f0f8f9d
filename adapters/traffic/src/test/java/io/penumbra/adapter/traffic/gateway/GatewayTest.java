package io.penumbra.adapter.traffic.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a gateway does when the service does nothing, or when there is no epoch to go back to. */
@Timeout(240)
class GatewayTest {

  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  private static final Duration WAIT = Duration.ofSeconds(30);
  private static final Duration SOON = Duration.ofMillis(60);

  private final List<AutoCloseable> open = new ArrayList<>();
  private PuppetService service;

  @SuppressWarnings("NullAway.Init") // JUnit starts the service before each test
  GatewayTest() {}

  @BeforeEach
  void startService() throws IOException {
    service = open(new PuppetService(false));
  }

  @AfterEach
  void endEverything() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  @Test
  void aBootingGuestThatNeverAnswersClientsWhoLeftDoesNotKeepTheFirstCutFromBeingQuiet()
      throws Exception {
    service.mute(true);
    Gateway gateway = open(Gateway.open(settings(GatewayMode.REPLAY).withGoneMax(SOON)));
    long asked = 0;
    int early = 0;
    while (early < 2) { // or this took so long that the first is given up already
      askAndLeave(gateway, "INCR");
      askAndLeave(gateway, "GET");
      asked += 2;
      long all = asked;
      until(() -> come(gateway.metrics()) >= all);
      early = ((Hold.Held) gateway.beginCut(Duration.ZERO)).outstanding();
      gateway.cancelCut();
      until(() -> gateway.metrics().outstanding() == 0);
    }
    assertThat(early).isEqualTo(2);
    assertThat(quietCut(gateway, 1)).isEqualTo(new Cut.Taken(1, 0, true));
    GatewayMetrics metrics = gateway.metrics();
    assertThat(metrics.leftInDoubt()).isEqualTo(asked);
    assertThat(metrics.connections()).isZero();
    assertThat(metrics.lastComplaint()).contains("1 requests", "PT0.06S", "in doubt");
    until(() -> service.connections() == 0);
  }

  @Test
  void whatAnEpochCannotHoldIsToldAgainAlthoughItsClientWasGivenUp() throws Exception {
    Gateway gateway = open(Gateway.open(settings(GatewayMode.REPLAY).withGoneMax(SOON)));
    quietCut(gateway, 1);
    gateway.acked(1);
    service.mute(true);
    askAndLeave(gateway, "INCR");
    until(() -> gateway.metrics().leftInDoubt() == 1);

    PuppetService second = open(new PuppetService(false));
    assertThat(done(gateway.takeOver(second.address(), 1)).replayed()).isEqualTo(1);
    assertThat(String.join("", second.heard())).contains("INCR");

    second.mute(true);
    askAndLeave(gateway, "DECR");
    until(() -> gateway.metrics().leftInDoubt() == 2);
    quietCut(gateway, 2);
    gateway.acked(2);
    PuppetService third = open(new PuppetService(false));
    assertThat(done(gateway.takeOver(third.address(), 2)).replayed()).isZero();
    assertThat(String.join("", third.heard())).doesNotContain("DECR");
  }

  @Test
  void whatAPromotedGuestWasToldIsNotToldAgainToWhoeverMissedTheAnswer() throws Exception {
    Gateway gateway = open(Gateway.open(settings(GatewayMode.REPLAY)));
    quietCut(gateway, 1);
    gateway.acked(1);
    RespClient client = open(new RespClient(gateway.address()));
    assertThat(client.ask("INCR", "a")).isEqualTo("OK");
    PuppetService second = open(new PuppetService(false));

    assertThat(done(gateway.takeOver(second.address(), 1, 5)).replayed()).isEqualTo(1);
    assertThat(done(gateway.takeOver(second.address(), 1, 5)).replayed())
        .as("what came of it, said once more")
        .isEqualTo(1);
    assertThat(String.join("", second.heard())).containsOnlyOnce("INCR");
    assertThat(gateway.metrics().takeovers()).isEqualTo(1);

    done(gateway.takeOver(second.address(), 1, 6));
    assertThat(gateway.metrics().takeovers()).as("another promotion").isEqualTo(2);
    assertThat(String.join("", second.heard()).split("INCR", -1)).hasSize(3);
  }

  @Test
  void whoeverAsksAgainWhileItIsReplayedJoinsAndBreaksNothingOff() throws Exception {
    Gateway gateway = open(Gateway.open(settings(GatewayMode.REPLAY)));
    quietCut(gateway, 1);
    gateway.acked(1);
    RespClient client = open(new RespClient(gateway.address()));
    assertThat(client.ask("INCR", "a")).isEqualTo("OK");
    PuppetService second = open(new PuppetService(true));

    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<TakeoverOutcome> first =
          threads.submit(() -> gateway.takeOver(second.address(), 1, 5));
      until(() -> String.join("", second.heard()).contains("INCR"));
      Future<TakeoverOutcome> again =
          threads.submit(() -> gateway.takeOver(second.address(), 1, 5));
      Thread.sleep(30);
      second.answerAll();

      assertThat(done(first.get()).replayed()).isEqualTo(1);
      assertThat(done(again.get()).replayed()).isEqualTo(1);
    }
    assertThat(String.join("", second.heard())).containsOnlyOnce("INCR");
  }

  @Test
  void aTakeoverThatHasFailedIsTriedOnceMore() throws Exception {
    Gateway gateway = open(Gateway.open(settings(GatewayMode.REPLAY)));
    quietCut(gateway, 1);
    gateway.acked(1);
    RespClient client = open(new RespClient(gateway.address()));
    assertThat(client.ask("INCR", "a")).isEqualTo("OK");
    PuppetService second = open(new PuppetService(true));

    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<TakeoverOutcome> first =
          threads.submit(() -> gateway.takeOver(second.address(), 1, 5));
      until(() -> String.join("", second.heard()).contains("INCR"));
      second.hangUp();
      assertThat(first.get()).isInstanceOf(TakeoverOutcome.Failed.class);
    }
    second.mute(false);
    assertThat(done(gateway.takeOver(second.address(), 1, 5)).replayed()).isEqualTo(1);
    assertThat(client.ask("GET", "a")).isEqualTo("OK");
  }

  @Test
  void aPopThatWaitsForAClientWhoLeftIsEndedToo() throws Exception {
    service.mute(true);
    Gateway gateway = open(Gateway.open(settings(GatewayMode.REPLAY).withGoneMax(SOON)));
    askAndLeave(gateway, "BLPOP");
    until(() -> gateway.metrics().leftInDoubt() == 1 && service.connections() == 0);
    assertThat(gateway.metrics().connections()).isZero();
  }

  @Test
  void aClientThatSaysNoMoreAndListensGetsItsAnswerWithinTheBound() throws Exception {
    service.mute(true);
    Gateway gateway = open(Gateway.open(settings(GatewayMode.REPLAY)));
    RespClient client = open(new RespClient(gateway.address()));
    client.send(RespClient.command("INCR", "a"));
    client.finish();
    until(() -> !service.heard().isEmpty());
    Thread.sleep(30);
    service.answerAll();
    assertThat(client.answer()).isEqualTo("OK");
    assertThat(gateway.metrics().leftInDoubt()).isZero();
  }

  @Test
  void afterARefusedTakeoverOutputCommitCanBeRedirectedWithoutALog() throws Exception {
    Gateway gateway = open(Gateway.open(settings(GatewayMode.OUTPUT_COMMIT)));
    RespClient client = open(new RespClient(gateway.address()));
    assertThat(client.ask("SET", "a", "1")).isEqualTo("OK");
    PuppetService second = open(new PuppetService(false));

    assertThat(gateway.takeOver(second.address(), 3)).isInstanceOf(TakeoverOutcome.Refused.class);
    assertThat(done(gateway.redirect(second.address())).closed()).isZero();
    assertThat(client.ask("SET", "a", "2")).isEqualTo("OK");
    assertThat(String.join("", second.heard())).contains("SET");
    assertThat(gateway.metrics().defects()).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void anAnswerHeldForAnEpochThatIsLostNeverLeavesByARedirect(WithoutShadow choice)
      throws Exception {
    Gateway gateway = open(Gateway.open(settings(GatewayMode.OUTPUT_COMMIT).with(choice)));
    quietCut(gateway, 1);
    gateway.acked(1);
    RespClient client = open(new RespClient(gateway.address()));
    client.send(RespClient.command("SET", "a", "1"));
    until(() -> gateway.metrics().heldResponses() == 1);
    PuppetService second = open(new PuppetService(false));

    assertThat(gateway.takeOver(second.address(), 9)).isInstanceOf(TakeoverOutcome.Refused.class);
    assertThat(done(gateway.redirect(second.address())).closed()).isEqualTo(1);
    assertThatThrownBy(client::answer).isInstanceOf(IOException.class);
    assertThat(gateway.metrics().protection()).startsWith("off: ");
    assertThat(gateway.metrics().defects()).isZero();
  }

  @Test
  void withoutAShadowResponsesPassUnlessTheOperatorWantsThemToWait() throws Exception {
    Gateway gateway = open(Gateway.open(settings(GatewayMode.OUTPUT_COMMIT)));
    RespClient client = open(new RespClient(gateway.address()));
    assertThat(client.ask("SET", "a", "1")).isEqualTo("OK");
    quietCut(gateway, 1);
    gateway.acked(1);
    assertThat(gateway.metrics().protection()).isEqualTo("on");

    PuppetService second = open(new PuppetService(false));
    done(gateway.takeOver(second.address(), 1));
    assertThat(client.ask("SET", "a", "2")).isEqualTo("OK");
    assertThat(gateway.metrics().protection()).startsWith("off: no epoch was cut since");
  }

  @Test
  void whenToldToWaitNoResponseLeavesBeforeAnEpochIsAckedNeitherAtFirstNorAfterATakeover()
      throws Exception {
    Gateway gateway =
        open(Gateway.open(settings(GatewayMode.OUTPUT_COMMIT).with(WithoutShadow.WAIT)));
    RespClient client = open(new RespClient(gateway.address()));
    waitsFor(gateway, client, 1);
    assertThat(gateway.metrics().protection()).isEqualTo("on");

    client.send(RespClient.command("SET", "b", "1"));
    until(() -> gateway.metrics().heldResponses() == 1);
    PuppetService second = open(new PuppetService(false));
    assertThat(done(gateway.takeOver(second.address(), 1)).replayed()).isEqualTo(1);
    assertThat(gateway.metrics().heldResponses()).isEqualTo(1);
    assertThat(gateway.metrics().released()).isEqualTo(1);
    quietCut(gateway, 2);
    gateway.acked(2);
    assertThat(client.answer()).isEqualTo("OK");

    PuppetService third = open(new PuppetService(false));
    done(gateway.redirect(third.address()));
    waitsFor(gateway, client, 3);
    gateway.unprotect("the operator says so");
    assertThat(client.ask("SET", "c", "1")).isEqualTo("OK");
    assertThat(gateway.metrics().defects()).isZero();
  }

  private static void waitsFor(Gateway gateway, RespClient client, long epoch) throws IOException {
    long before = gateway.metrics().released();
    client.send(RespClient.command("SET", "a", String.valueOf(epoch)));
    until(() -> gateway.metrics().heldResponses() == 1);
    assertThat(gateway.metrics().protection()).startsWith("off: ");
    quietCut(gateway, epoch);
    assertThat(gateway.metrics().released()).isEqualTo(before);
    assertThat(gateway.acked(epoch)).isEqualTo(1);
    assertThat(client.answer()).isEqualTo("OK");
  }

  private static Cut quietCut(Gateway gateway, long epoch) {
    assertThat(((Hold.Held) gateway.beginCut(WAIT)).quiet()).isTrue();
    return gateway.cut(epoch);
  }

  private static TakeoverOutcome.Done done(TakeoverOutcome outcome) {
    assertThat(outcome).isInstanceOf(TakeoverOutcome.Done.class);
    return (TakeoverOutcome.Done) outcome;
  }

  private static void askAndLeave(Gateway gateway, String command) throws IOException {
    try (RespClient client = new RespClient(gateway.address())) {
      client.send(RespClient.command(command, "a", "0"));
    }
  }

  private static long come(GatewayMetrics now) {
    return now.outstanding() + now.leftInDoubt();
  }

  private static void until(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      LockSupport.parkNanos(1_000_000);
    }
  }

  private GatewaySettings settings(GatewayMode mode) {
    return Unhurried.settings(GatewaySettings.of(ANY, service.address(), mode, Protocol.RESP));
  }

  private <T extends AutoCloseable> T open(T one) {
    open.add(one);
    return one;
  }
}
