package io.penumbra.adapter.traffic.gateway.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.adapter.traffic.gateway.Cut;
import io.penumbra.adapter.traffic.gateway.Gateway;
import io.penumbra.adapter.traffic.gateway.GatewayMode;
import io.penumbra.adapter.traffic.gateway.GatewaySettings;
import io.penumbra.adapter.traffic.gateway.Hold;
import io.penumbra.adapter.traffic.gateway.Protocol;
import io.penumbra.adapter.traffic.gateway.TakeoverOutcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class ControlTest {

  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  @TempDir private Path dir;

  @Test
  void anAgentInAnotherProcessCanSayEverything() throws IOException {
    UnixDomainSocketAddress at = UnixDomainSocketAddress.of(dir.resolve("control"));
    try (ServerSocket service = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        Gateway gateway = gateway(service);
        ControlServer server = ControlServer.on(gateway, at);
        RemoteGateway remote = new RemoteGateway(server.address(), Optional.empty(), PATIENT)) {
      assertThat(remote.cut(1)).isInstanceOf(Cut.Lapsed.class);
      assertThat(remote.beginCut(Duration.ofMillis(5)))
          .isInstanceOfSatisfying(Hold.Held.class, held -> assertThat(held.quiet()).isTrue());
      assertThat(remote.cut(1)).isEqualTo(new Cut.Taken(1, 0, true));
      assertThat(remote.acked(1)).isZero();
      assertThat(remote.metrics().protection()).isEqualTo("on");

      InetSocketAddress to = (InetSocketAddress) service.getLocalSocketAddress();
      assertThat(remote.takeOver(to, 7)).isInstanceOf(TakeoverOutcome.Refused.class);
      assertThat(remote.takeOver(to, 1)).isInstanceOf(TakeoverOutcome.Done.class);
      remote.unprotect("no shadow");
      remote.cancelCut();
      assertThat(remote.redirect(to)).isInstanceOf(TakeoverOutcome.Done.class);
      assertThat(remote.metrics().protection()).isEqualTo("off: no shadow");
      assertThat(Files.getPosixFilePermissions(at.getPath())).hasSize(2);
    }
    assertThat(at.getPath()).doesNotExist();
  }

  @Test
  void overTcpNobodyIsHeardWithoutTheToken() throws IOException {
    try (ServerSocket service = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        Gateway gateway = gateway(service);
        ControlServer server = ControlServer.on(gateway, ANY, "a-long-enough-secret");
        RemoteGateway wrong = new RemoteGateway(server.address(), Optional.of("guess"));
        RemoteGateway none = new RemoteGateway(server.address(), Optional.empty());
        RemoteGateway right =
            new RemoteGateway(server.address(), Optional.of("a-long-enough-secret"), PATIENT)) {
      assertThatThrownBy(wrong::metrics).isInstanceOf(UncheckedIOException.class);
      assertThatThrownBy(none::metrics).isInstanceOf(UncheckedIOException.class);
      assertThat(right.metrics().connections()).isZero();
    }
  }

  private static final RemoteGateway.Limits HASTY =
      new RemoteGateway.Limits(
          Duration.ofMillis(100), Duration.ofMillis(300), Duration.ofMillis(400));

  private static final RemoteGateway.Limits PATIENT =
      new RemoteGateway.Limits(Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMinutes(1));

  private static final RemoteGateway.Limits SPARING =
      new RemoteGateway.Limits(HASTY.slack(), HASTY.replay(), Duration.ofHours(1));

  private static void assertAway(ThrowingCallable order, String why) {
    assertThatThrownBy(order).isInstanceOf(UncheckedIOException.class).hasMessageContaining(why);
  }

  @Test
  void aGatewayThatNeverAnswersIsWaitedForNoLongerThanAnAnswerMayTake() throws Exception {
    try (ServerSocket mute = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      InetSocketAddress nowhere = (InetSocketAddress) mute.getLocalSocketAddress();
      List<Consumer<RemoteGateway>> orders =
          List.of(
              remote -> remote.beginCut(Duration.ofMillis(10)),
              remote -> remote.cut(1),
              RemoteGateway::cancelCut,
              remote -> remote.acked(1),
              remote -> remote.takeOver(nowhere, 1),
              remote -> remote.redirect(nowhere),
              remote -> remote.unprotect("no shadow"),
              remote -> remote.listen(Duration.ofMillis(10)),
              remote -> remote.compare(nowhere, Duration.ofMillis(10)),
              RemoteGateway::metrics);
      for (Consumer<RemoteGateway> order : orders) {
        try (RemoteGateway remote = new RemoteGateway(nowhere, Optional.empty(), HASTY)) {
          assertAway(() -> order.accept(remote), "no answer within PT0.");
        }
      }
    }
  }

  @Test
  void cutsSpareAGatewayThatHasLeftOneUnansweredUntilItIsAskedAgain() throws Exception {
    UnixDomainSocketAddress at = UnixDomainSocketAddress.of(dir.resolve("control"));
    try (ServerSocket service = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        Gateway gateway = gateway(service);
        RemoteGateway remote = new RemoteGateway(at, Optional.empty(), SPARING);
        RemoteGateway hasty = new RemoteGateway(at, Optional.empty(), HASTY)) {
      try (ServerSocketChannel mute = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
        mute.bind(at);
        assertAway(() -> remote.beginCut(Duration.ofMillis(5)), "no answer within PT0.105S");
        assertAway(() -> remote.cut(1), "left alone");
        assertAway(() -> remote.acked(1), "left alone");
        assertAway(() -> hasty.beginCut(Duration.ofMillis(5)), "no answer within PT0.105S");
      }
      try (ControlServer server = ControlServer.on(gateway, at)) {
        assertThat(server.address()).isEqualTo(at);
        assertAway(() -> remote.beginCut(Duration.ofMillis(5)), "left alone");
        while (!cuts(hasty)) { // left alone for a while, and again when this machine is too busy
          Thread.sleep(10);
        }
      }
    }
  }

  private static boolean cuts(RemoteGateway remote) {
    try {
      return remote.beginCut(Duration.ofMillis(5)) instanceof Hold.Held
          && remote.cut(2) instanceof Cut.Taken;
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  @Test
  void noCutWaitsForAReplayForLong() throws Exception {
    RemoteGateway.Limits patient =
        new RemoteGateway.Limits(
            Duration.ofMillis(100), Duration.ofMinutes(5), Duration.ofMillis(400));
    try (ServerSocket mute = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      InetSocketAddress at = (InetSocketAddress) mute.getLocalSocketAddress();
      RemoteGateway remote = new RemoteGateway(at, Optional.empty(), patient);
      Future<?> replay = threads.submit(() -> remote.takeOver(at, 1));
      assertThat(mute.accept().getInputStream().read()).isPositive();
      assertAway(() -> remote.beginCut(Duration.ofMillis(5)), "busy with another order");
      assertThat(replay.isDone()).isFalse();
      remote.close();
      assertThatThrownBy(replay::get).hasCauseInstanceOf(UncheckedIOException.class);
    }
  }

  @Test
  void closingEndsWhatAnotherThreadIsAsking() throws Exception {
    try (ServerSocket mute = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      RemoteGateway remote = new RemoteGateway(mute.getLocalSocketAddress(), Optional.empty());
      Future<?> asking = threads.submit(remote::metrics);
      assertThat(mute.accept().getInputStream().read()).isPositive();
      remote.close();
      assertThatThrownBy(asking::get).hasCauseInstanceOf(UncheckedIOException.class);
    }
  }

  @Test
  void anOrderThatMakesNoSenseIsAnsweredWithTheReason() {
    assertThatThrownBy(() -> Lines.order("{")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Lines.order("{\"do\":\"dance\"}"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Lines.address("nowhere")).hasMessageContaining("host:port");
    Order order = Order.of(Order.What.TAKE_OVER).to("a:1").at(3);
    assertThat(Lines.order(Lines.order(order))).isEqualTo(order);
  }

  private static Gateway gateway(ServerSocket service) throws IOException {
    return Gateway.open(
        GatewaySettings.of(
                ANY,
                (InetSocketAddress) service.getLocalSocketAddress(),
                GatewayMode.REPLAY,
                Protocol.RESP)
            .with(Duration.ofMinutes(1), Duration.ofMinutes(1), Optional.empty()));
  }
}
