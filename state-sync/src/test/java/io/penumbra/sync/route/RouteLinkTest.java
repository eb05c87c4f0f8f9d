package io.penumbra.sync.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.penumbra.sync.net.FrameLink.Arrival;
import io.penumbra.sync.path.link.LinkSettings;
import io.penumbra.sync.path.link.MultiPathLink;
import io.penumbra.sync.path.tcp.TcpListener;
import io.penumbra.sync.path.tcp.TcpPath;
import io.penumbra.sync.route.RouteSettings.WhenFull;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(240)
class RouteLinkTest {

  private static final RouteSettings PATHS = RouteSettings.receiver("paths:link", "paths:link");

  private final List<AutoCloseable> opened = new ArrayList<>();
  private final MeterRegistry meters = new SimpleMeterRegistry();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable resource : opened.reversed()) {
      resource.close();
    }
  }

  @Test
  void framesCrossOverRealPathsInBothDirections() throws Exception {
    List<TcpListener> listeners = List.of(listener(), listener());
    RouteLink receiver =
        open(
            PATHS,
            handler ->
                MultiPathLink.listen(
                    LinkSettings.standard(1, 1), 2, listeners, handler, System::nanoTime),
            new SimpleMeterRegistry());
    List<TcpPath> paths = listeners.stream().map(at -> TcpPath.to(at.address())).toList();
    RouteLink sender =
        open(
            PATHS,
            handler ->
                MultiPathLink.dial(LinkSettings.standard(1, 1), paths, handler, System::nanoTime),
            meters);
    for (int i = 0; i < 50; i++) {
      sender.send(frame(i));
    }
    for (int i = 0; i < 50; i++) {
      assertThat(nextFrame(receiver)).isEqualTo(frame(i));
    }
    receiver.send(frame(7));

    assertThat(nextFrame(sender)).isEqualTo(frame(7));
    assertThat(sender.deadLetters().count()).isZero();
    assertThat(meters.get("camel.exchanges.succeeded").tag("routeId", RouteLink.OUT).counter())
        .satisfies(counter -> assertThat(counter.count()).isEqualTo(50));
  }

  @Test
  void aSlowReaderHoldsTheSenderUp() throws Exception {
    RouteSettings narrow =
        new RouteSettings("direct:turn", "direct:turn", 2, WhenFull.WAIT, 0, Duration.ofMillis(1));
    RouteLink link = open(narrow, meters);
    Thread sender =
        Thread.ofVirtual()
            .start(() -> {
              try {
                for (int i = 0; i < 10; i++) {
                  link.send(frame(i));
                }
              } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    assertThat(sender.join(Duration.ofMillis(300))).as("two fit, the third waits").isFalse();
    for (int i = 0; i < 10; i++) {
      assertThat(nextFrame(link)).isEqualTo(frame(i));
    }
    assertThat(sender.join(Duration.ofSeconds(60))).isTrue();
  }

  @Test
  void anEndThatMustNotWaitForgetsWhatItCannotTake() throws Exception {
    RouteLink link =
        open(
            new RouteSettings(
                "direct:turn", "direct:turn", 2, WhenFull.DROP, 0, Duration.ofMillis(1)),
            meters);
    for (int i = 0; i < 10; i++) {
      link.send(frame(i));
    }
    assertThat(nextFrame(link)).isEqualTo(frame(0));
    assertThat(nextFrame(link)).isEqualTo(frame(1));
    assertThat(link.receive(Duration.ofMillis(20))).isEmpty();
  }

  @Test
  void aFrameThatCannotBeSentBecomesADeadLetterWithItsReason() throws Exception {
    RouteLink link =
        open(
            new RouteSettings(
                "direct:nobody?failIfNoConsumers=true&block=false",
                "seda:nothing",
                2,
                WhenFull.WAIT,
                2,
                Duration.ofMillis(1)),
            meters);
    link.send(frame(3));

    assertThat(link.deadLetters().count()).isOne();
    DeadLetter letter = link.deadLetters().latest().getFirst();
    assertThat(letter.stage()).isEqualTo(RouteLink.OUT);
    assertThat(letter.bytes()).isEqualTo(frame(3).length);
    assertThat(letter.reason()).contains("direct://nobody");
  }

  @Test
  void anEndpointThatCannotBeMadeIsNamed() {
    assertThatThrownBy(() -> open(RouteSettings.sender("carrier-pigeon:coop", "seda:x"), meters))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("carrier-pigeon:coop");
    assertThatThrownBy(() -> open(RouteSettings.sender("paths:other", "paths:other"), meters))
        .hasMessageContaining("no link 'other' for paths://other; there are []");
    assertThatThrownBy(() -> RouteSettings.sender("10.0.0.5:4000", "seda:x"))
        .hasMessageContaining("out is '10.0.0.5:4000'; expected a Camel endpoint");
  }

  private RouteLink open(RouteSettings settings, MeterRegistry registry) throws IOException {
    RouteLink link = RouteLink.open(settings, Map.of(), registry);
    opened.add(link);
    return link;
  }

  private RouteLink open(RouteSettings settings, LinkOpener opener, MeterRegistry registry)
      throws IOException {
    RouteLink link = RouteLink.open(settings, Map.of("link", opener), registry);
    opened.add(link);
    return link;
  }

  private static TcpListener listener() throws IOException {
    return TcpListener.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  private static byte[] nextFrame(RouteLink link) throws InterruptedException {
    while (true) {
      Optional<Arrival> arrival = link.receive(Duration.ofSeconds(60));
      switch (arrival.orElseThrow(() -> new AssertionError("nothing came for a minute"))) {
        case Arrival.Frame(byte[] bytes) -> {
          return bytes;
        }
        case Arrival.PeerStarted() -> {
          // Comes first, and says nothing about frames.
        }
      }
    }
  }

  private static byte[] frame(int i) {
    byte[] frame = new byte[1_000 + i];
    frame[0] = (byte) i;
    return frame;
  }
}
