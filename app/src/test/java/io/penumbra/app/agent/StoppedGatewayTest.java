package io.penumbra.app.agent;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.adapter.qemu.agent.HypervisorException;
import io.penumbra.adapter.qemu.agent.ServiceGate.Arrival;
import io.penumbra.adapter.qemu.agent.ServiceGate.Presence;
import io.penumbra.adapter.qemu.agent.ServiceGate.Promotion;
import io.penumbra.adapter.qemu.agent.Signals;
import io.penumbra.adapter.traffic.gateway.control.RemoteGateway;
import io.penumbra.app.Penumbra;
import io.penumbra.domain.VmId;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A gateway process that stands still: its sockets take what is said, and nobody answers. */
@Timeout(60)
class StoppedGatewayTest {

  private static final VmId VM = VmId.of("db");
  private static final Duration QUIET = Duration.ofMillis(50);

  /** What is said of one order: its own time and five seconds. */
  private static final Duration BOUND = Duration.ofMillis(5_050);

  private static final Duration AT_ONCE = Duration.ofMillis(500);

  @TempDir private Path dir = Path.of("replaced by JUnit");
  private final LinkedBlockingQueue<String> log = new LinkedBlockingQueue<>();
  private ServerSocket service;
  private Process process;
  private RemoteGateway line;
  private GatewayGate gate;

  @SuppressWarnings("NullAway.Init") // JUnit starts them before each test
  StoppedGatewayTest() {}

  @BeforeEach
  void start() throws Exception {
    service = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::serve);
    Path control = dir.resolve("gw.sock");
    process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx128m",
                    "-XX:TieredStopAtLevel=1",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Penumbra.class.getName(),
                    "gateway",
                    "--listen",
                    "127.0.0.1:0",
                    "--backend",
                    "127.0.0.1:" + service.getLocalPort(),
                    "--mode",
                    "replay",
                    "--protocol",
                    "resp",
                    "--control",
                    control.toString()))
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("gateway.log").toFile())
            .start();
    for (int i = 0; i < 2_000 && !Files.exists(control); i++) {
      Thread.sleep(10);
    }
    UnixDomainSocketAddress at = UnixDomainSocketAddress.of(control);
    line = new RemoteGateway(at, Optional.empty());
    gate =
        new GatewayGate(
            Map.of(VM, line), Map.of(VM, () -> new RemoteGateway(at, Optional.empty())), log::add);
  }

  @AfterEach
  void end() throws Exception {
    line.close();
    process.destroyForcibly().waitFor();
    service.close();
  }

  /** Says OK to whatever comes. */
  private void serve() {
    while (!service.isClosed()) {
      try {
        Socket client = service.accept();
        Thread.ofVirtual().start(() -> answer(client));
      } catch (IOException e) {
        // The test is over.
        return;
      }
    }
  }

  private static void answer(Socket client) {
    try (client) {
      byte[] request = new byte[1_024];
      while (client.getInputStream().read(request) >= 0) {
        client.getOutputStream().write("+OK\r\n".getBytes(ISO_8859_1));
      }
    } catch (IOException e) {
      // It has hung up.
    }
  }

  private interface Deed {
    void done() throws Exception;
  }

  private static Duration took(Deed deed) throws Exception {
    long began = System.nanoTime();
    deed.done();
    return Duration.ofNanos(System.nanoTime() - began);
  }

  private void cut(long epoch) {
    gate.cutting(VM, epoch, QUIET);
    gate.cut(VM, epoch);
    gate.acked(VM, epoch);
  }

  @Test
  void nobodyWaitsForItLongerThanIsSaidAndItIsLedWhenItGoesOn() throws Exception {
    cut(1);
    assertThat(log).isEmpty();
    Signals.send(process.pid(), Signals.STOP);

    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Duration> heard =
          threads.submit(() ->
              took(() ->
                  assertThatThrownBy(() -> gate.listen(VM, QUIET))
                      .isInstanceOf(HypervisorException.class)));
      assertThat(took(() -> cut(2))).isBetween(BOUND, BOUND.plus(AT_ONCE.multipliedBy(2)));
      assertThat(heard.get()).isLessThan(BOUND.plus(AT_ONCE.multipliedBy(2)));
    }
    assertThat(log.poll(1, TimeUnit.SECONDS)).contains("epoch 2", "no answer within PT5.05S");
    for (long epoch = 3; epoch < 10; epoch++) {
      long next = epoch;
      assertThat(took(() -> cut(next))).as("while it is spared").isLessThan(AT_ONCE);
    }

    CountDownLatch led = new CountDownLatch(1);
    Arrival guest =
        new Arrival() {
          @Override
          public Presence presence() {
            return Presence.SERVES;
          }

          @Override
          public void led() {
            led.countDown();
          }
        };
    InetSocketAddress home = (InetSocketAddress) service.getLocalSocketAddress();
    assertThat(took(() -> gate.promoted(VM, new Promotion(2, 1, 0), home, guest)))
        .isLessThan(AT_ONCE);
    assertThat(led.await(300, TimeUnit.MILLISECONDS)).as("led by nobody").isFalse();

    Signals.send(process.pid(), Signals.CONT);
    assertThat(led.await(10, TimeUnit.SECONDS)).as("led when it goes on").isTrue();
    log.clear();
    cut(11);
    assertThat(log).as("complaints about the next epoch").isEmpty();
  }
}
