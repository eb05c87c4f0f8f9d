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
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
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
        RemoteGateway remote = new RemoteGateway(server.address(), Optional.empty())) {
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
            new RemoteGateway(server.address(), Optional.of("a-long-enough-secret"))) {
      assertThatThrownBy(wrong::metrics).isInstanceOf(UncheckedIOException.class);
      assertThatThrownBy(none::metrics).isInstanceOf(UncheckedIOException.class);
      assertThat(right.metrics().connections()).isZero();
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
            Protocol.RESP));
  }
}
