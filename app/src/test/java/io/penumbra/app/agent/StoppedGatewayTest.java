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
import java.util.ArrayList;
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
@Timeout(400)
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
  private long epoch;
  private long term = 1;

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
    for (int i = 0; i < 6_000 && process.isAlive() && !Files.exists(control); i++) {
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

  /**
   * Cuts until nobody complains and the gateway keeps what it forwards: one that has just begun may
   * take longer than is waited for.
   */
  private void cutUntilItAnswers() throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    do {
      assertThat(System.nanoTime()).as("complaints about every epoch: " + log).isLessThan(until);
      Thread.sleep(log.isEmpty() ? 0 : 100);
      log.clear();
      cut(++epoch);
    } while (!log.isEmpty() || !gate.guards(VM, epoch));
  }

  /** It is late if it took longer; what the machine does besides may make it so once. */
  private static void inTime(String what, Duration took, Duration most, List<String> late) {
    if (took.compareTo(most) >= 0) {
      late.add("%s took %s; expected less than %s".formatted(what, took, most));
    }
  }

  @Test
  void nobodyWaitsForItLongerThanIsSaidAndItIsLedWhenItGoesOn() throws Exception {
    List<String> late = stopAndGoOn();
    for (int again = 1; again < 5 && !late.isEmpty(); again++) {
      late = stopAndGoOn();
    }
    assertThat(late).isEmpty();
  }

  /** What took longer than it may. */
  private List<String> stopAndGoOn() throws Exception {
    List<String> late = new ArrayList<>();
    cutUntilItAnswers();
    long acked = epoch;
    Signals.send(process.pid(), Signals.STOP);

    long unheard = ++epoch;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Duration> heard =
          threads.submit(() ->
              took(() ->
                  assertThatThrownBy(() -> gate.listen(VM, QUIET))
                      .isInstanceOf(HypervisorException.class)));
      Duration took = took(() -> cut(unheard));
      assertThat(took).isGreaterThanOrEqualTo(BOUND);
      inTime("a cut", took, BOUND.plus(AT_ONCE.multipliedBy(2)), late);
      inTime("to listen", heard.get(), BOUND.plus(AT_ONCE.multipliedBy(2)), late);
    }
    assertThat(log.poll(1, TimeUnit.SECONDS))
        .contains("epoch " + unheard, "no answer within PT5.05S");
    for (int i = 0; i < 7; i++) {
      long next = ++epoch;
      inTime("a cut while it is spared", took(() -> cut(next)), AT_ONCE, late);
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
    Promotion from = new Promotion(++term, acked, 0);
    inTime("a promotion", took(() -> gate.promoted(VM, from, home, guest)), AT_ONCE, late);
    assertThat(led.await(300, TimeUnit.MILLISECONDS)).as("led by nobody").isFalse();

    Signals.send(process.pid(), Signals.CONT);
    assertThat(led.await(60, TimeUnit.SECONDS)).as("led when it goes on").isTrue();
    cutUntilItAnswers();
    return late;
  }
}
