package io.penumbra.adapter.traffic.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A real HTTP server counts; it is stopped, and one with the counts of the acked epoch goes on. */
@Timeout(240)
class HttpTakeoverTest {

  private static final Duration WAIT = Duration.ofMillis(200);

  @ParameterizedTest
  @EnumSource(names = {"REPLAY", "OUTPUT_COMMIT"})
  void everyPostIsDoneOnceThroughTakeovers(GatewayMode mode) throws Exception {
    long seed = Long.getLong("penumbra.seed", 43);
    SplittableRandom random = new SplittableRandom(seed);
    Counting primary = new Counting(Map.of());
    try (Gateway gateway = gateway(primary, mode)) {
      Map<String, Long> acked = epoch(gateway, primary, 1);
      AtomicBoolean go = new AtomicBoolean(true);
      List<Future<Long>> counts = new ArrayList<>();
      try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < 3; i++) {
          String path = "/counter" + i;
          SplittableRandom own = random.split();
          counts.add(clients.submit(() -> count(gateway.address(), path, own, go)));
        }
        for (long epoch = 2; epoch < 8; epoch++) {
          Thread.sleep(random.nextInt(30));
          acked = epoch(gateway, primary, epoch);
          Thread.sleep(random.nextInt(30));
          primary.stop();
          primary = new Counting(acked);
          TakeoverOutcome outcome = gateway.takeOver(primary.address(), epoch);
          assertThat(outcome).as("seed " + seed).isInstanceOf(TakeoverOutcome.Done.class);
          epoch(gateway, primary, ++epoch);
        }
        go.set(false);
        for (long epoch = 100; counts.stream().anyMatch(count -> !count.isDone()); epoch++) {
          epoch(gateway, primary, epoch);
        }
      }
      GatewayMetrics metrics = gateway.metrics();
      assertThat(metrics.defects()).as(metrics.toString()).isZero();
      assertThat(metrics.differed()).as(metrics.toString()).isZero();
      for (int i = 0; i < counts.size(); i++) {
        assertThat(primary.counts.getOrDefault("/counter" + i, 0L))
            .as("seed " + seed)
            .isEqualTo(counts.get(i).get());
      }
    } finally {
      primary.stop();
    }
  }

  @Test
  void whoeverAsksForEncouragementGetsItAndAHeadHasNoBody() throws Exception {
    Counting primary = new Counting(Map.of());
    try (Gateway gateway = gateway(primary, GatewayMode.REPLAY);
        HttpClient client = new HttpClient(gateway.address())) {
      client.send(
          "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
      assertThat(client.head()).startsWith("HTTP/1.1 100");
      client.send("xx");
      assertThat(client.answer(true)).isEqualTo("1");
      client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
      client.answer(false);
      client.send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      assertThat(client.answer(true)).isEqualTo("1");
    } finally {
      primary.stop();
    }
  }

  @Test
  void aRequestThatNobodyCanReadAlikeIsRefused() throws Exception {
    Counting primary = new Counting(Map.of());
    try (Gateway gateway = gateway(primary, GatewayMode.REPLAY);
        HttpClient client = new HttpClient(gateway.address())) {
      client.send("POST /a HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
      assertThat(client.head()).startsWith("HTTP/1.1 400");
    } finally {
      primary.stop();
    }
    assertThat(primary.counts).isEmpty();
  }

  private static long count(
      InetSocketAddress to, String path, SplittableRandom random, AtomicBoolean go)
      throws IOException {
    long done = 0;
    try (HttpClient client = new HttpClient(to)) {
      while (go.get()) {
        int depth = 1 + random.nextInt(3);
        for (int i = 0; i < depth; i++) {
          String head = "POST " + path + " HTTP/1.1\r\nHost: x\r\n";
          String request =
              random.nextBoolean()
                  ? head + "Content-Length: 3\r\n\r\nabc"
                  : head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
          int split = random.nextInt(request.length());
          client.send(request.substring(0, split));
          client.send(request.substring(split));
        }
        for (int i = 0; i < depth; i++) {
          assertThat(client.answer(true)).as(path).isEqualTo(String.valueOf(++done));
        }
      }
    }
    return done;
  }

  private static Map<String, Long> epoch(Gateway gateway, Counting primary, long number) {
    while (!(gateway.beginCut(WAIT) instanceof Hold.Held held && held.quiet())) {
      gateway.cancelCut();
    }
    Map<String, Long> state = Map.copyOf(primary.counts);
    assertThat(gateway.cut(number)).isInstanceOf(Cut.Taken.class);
    gateway.acked(number);
    return state;
  }

  private static Gateway gateway(Counting primary, GatewayMode mode) throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return Gateway.open(
        Unhurried.settings(GatewaySettings.of(any, primary.address(), mode, Protocol.HTTP)));
  }

  /** Counts posts by path. */
  private static final class Counting {

    final Map<String, Long> counts;
    private final HttpServer server;
    private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();

    Counting(Map<String, Long> state) throws IOException {
      counts = new ConcurrentSkipListMap<>(state);
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.setExecutor(workers);
      server.createContext("/", this::handle);
      server.start();
    }

    private void handle(HttpExchange exchange) throws IOException {
      try (exchange) {
        exchange.getRequestBody().readAllBytes();
        String path = exchange.getRequestURI().getPath();
        long count =
            exchange.getRequestMethod().equals("POST")
                ? counts.merge(path, 1L, Long::sum)
                : counts.getOrDefault(path, 0L);
        byte[] body = String.valueOf(count).getBytes(ISO_8859_1);
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(200, head ? -1 : body.length);
        if (!head) {
          exchange.getResponseBody().write(body);
        }
      }
    }

    InetSocketAddress address() {
      return server.getAddress();
    }

    void stop() {
      server.stop(0);
      workers.shutdownNow();
    }
  }

  /** A client on one connection that looks at every byte. */
  private static final class HttpClient implements AutoCloseable {

    private final Socket socket = new Socket();
    private final InputStream in;

    HttpClient(InetSocketAddress to) throws IOException {
      socket.connect(to, 20_000);
      socket.setSoTimeout(120_000);
      in = new BufferedInputStream(socket.getInputStream());
    }

    void send(String text) throws IOException {
      socket.getOutputStream().write(text.getBytes(ISO_8859_1));
    }

    String head() throws IOException {
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int b = in.read();
        if (b < 0) {
          throw new EOFException("closed after: " + head);
        }
        head.append((char) b);
      }
      return head.toString();
    }

    String answer(boolean withBody) throws IOException {
      String head = head();
      while (head.startsWith("HTTP/1.1 1")) {
        // The gateway encourages, and so may the server: any number of these is allowed.
        head = head();
      }
      assertThat(head).startsWith("HTTP/1.1 200");
      String[] parts = head.toLowerCase(java.util.Locale.ROOT).split("content-length: ", 2);
      if (!withBody) {
        return "";
      }
      int length = Integer.parseInt(parts[1].substring(0, parts[1].indexOf('\r')));
      return new String(in.readNBytes(length), ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
