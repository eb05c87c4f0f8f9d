package io.penumbra.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonServerTest {

  private static final Duration SOON = Duration.ofSeconds(60);
  private static final String TOKEN = "0123456789abcdef0123456789abcdef";

  private final List<String> errors = new CopyOnWriteArrayList<>();
  private final CountDownLatch hold = new CountDownLatch(1);
  private final JsonServer server =
      JsonServer.start(
          new JsonServer.Settings(
              loopback(),
              new BearerTokens(new TreeMap<>(Map.of("operator", TOKEN))),
              Optional.empty(),
              false,
              2,
              1_000,
              (route, cause) -> errors.add(route + ": " + cause.getMessage())),
          List.of(
              Route.get("/v1/hosts/{host}", call -> Answer.ok(new Host(call.path("host"), 1))),
              Route.put("/v1/hosts/{host}", call -> Answer.ok(call.body(Host.class))),
              Route.get("/v1/numbers", call -> Answer.ok(new Host("n", call.query("n", 7, 1, 9)))),
              Route.get(
                  "/v1/broken",
                  call -> {
                    throw new IllegalStateException("no such luck");
                  }),
              Route.get(
                  "/v1/slow",
                  call -> {
                    hold.await();
                    return Answer.nothing();
                  }),
              Route.get("/health", call -> Answer.ok(new Seen(Instant.EPOCH))).withoutToken()));
  private final JsonClient client =
      new JsonClient(root(), Optional.of(TOKEN), Optional.empty(), SOON);

  record Host(String name, long vcpus) {}

  record Seen(Instant at) {}

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private URI root() {
    return URI.create("http://127.0.0.1:" + server.address().getPort());
  }

  @AfterEach
  void close() {
    hold.countDown();
    client.close();
    server.close();
  }

  @Test
  void answersWhatItsRoutesAnswer() throws InterruptedException {
    assertThat(client.get("/v1/hosts/h%201", Host.class, SOON))
        .isEqualTo(new Reply.Ok<>(new Host("h 1", 1)));
    assertThat(client.put("/v1/hosts/h1", new Host("h2", 3), Host.class, SOON))
        .isEqualTo(new Reply.Ok<>(new Host("h2", 3)));
    assertThat(client.get("/v1/numbers", Host.class, SOON))
        .isEqualTo(new Reply.Ok<>(new Host("n", 7)));
    assertThat(client.get("/health", Seen.class, SOON))
        .isEqualTo(new Reply.Ok<>(new Seen(Instant.EPOCH)));
  }

  @Test
  void strangersWhoPromiseABodyTakeNobodysRoom() throws IOException, InterruptedException {
    List<Socket> strangers = new ArrayList<>();
    try {
      for (int i = 0; i < 8; i++) {
        Socket stranger = new Socket(server.address().getAddress(), server.address().getPort());
        strangers.add(stranger);
        stranger
            .getOutputStream()
            .write(
                "GET /health HTTP/1.1\r\nHost: here\r\nContent-Length: 900\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
      }
      for (int i = 0; i < 50; i++) {
        assertThat(answered("/v1/hosts/h1")).isInstanceOf(Reply.Ok.class);
      }
    } finally {
      for (Socket stranger : strangers) {
        stranger.close();
      }
    }
  }

  /** Not that there was no room at one moment: the strangers may just have been answered then. */
  private Reply<Host> answered(String path) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    Reply<Host> reply = client.get(path, Host.class, SOON);
    while (reply instanceof Reply.Refused && System.nanoTime() < deadline) {
      Thread.sleep(1);
      reply = client.get(path, Host.class, SOON);
    }
    return reply;
  }

  @Test
  void letsNobodyInWithoutAToken() throws InterruptedException {
    try (JsonClient stranger = JsonClient.plain(root(), SOON);
        JsonClient liar =
            new JsonClient(root(), Optional.of(TOKEN + "0"), Optional.empty(), SOON)) {
      assertThat(stranger.get("/v1/hosts/h1", Host.class, SOON))
          .isEqualTo(
              new Reply.Refused<>(401, "no-valid-token", "send Authorization: Bearer TOKEN"));
      assertThat(liar.get("/v1/hosts/h1", Host.class, SOON)).isInstanceOf(Reply.Refused.class);
      assertThat(stranger.get("/health", Seen.class, SOON)).isInstanceOf(Reply.Ok.class);
    }
  }

  @Test
  void whoIsNotKnownToOneGatekeeperIsShownToTheNext() throws InterruptedException {
    Gatekeeper tokens = new BearerTokens(new TreeMap<>(Map.of("operator", TOKEN)));
    Gatekeeper both =
        tokens.or(visitor ->
            switch (visitor.header("X-Badge").orElse("")) {
              case "red" -> new Gatekeeper.Admission.Forbidden("red", "may only look");
              case "torn" ->
                  new Gatekeeper.Admission.Undecided(
                      "nobody is at the desk", Duration.ofSeconds(3));
              default -> new Gatekeeper.Admission.Stranger();
            });
    try (JsonServer guarded =
            JsonServer.start(
                JsonServer.Settings.plain(loopback(), both, (route, cause) -> {}),
                List.of(Route.get("/v1/numbers", call -> Answer.ok(new Host("n", 1)))));
        HttpClient http = HttpClient.newHttpClient()) {
      assertThat(status(http, guarded, "Authorization", "Bearer " + TOKEN)).isEqualTo(200);
      assertThat(status(http, guarded, "X-Badge", "green")).isEqualTo(401);
      assertThat(status(http, guarded, "X-Badge", "red")).isEqualTo(403);
      assertThat(status(http, guarded, "X-Badge", "torn")).isEqualTo(503);
    }
  }

  private static int status(HttpClient http, JsonServer server, String header, String value)
      throws InterruptedException {
    URI uri = URI.create("http://127.0.0.1:%d/v1/numbers".formatted(server.address().getPort()));
    try {
      return http.send(
              HttpRequest.newBuilder(uri).header(header, value).build(), BodyHandlers.ofString())
          .statusCode();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void saysWhatIsWrongWithACall() throws InterruptedException {
    assertThat(
            client.put(
                "/v1/hosts/h1", Map.of("name", "a", "vcpus", 1, "vcpu", 1), Host.class, SOON))
        .isEqualTo(
            new Reply.Refused<>(
                400,
                "bad-input",
                "body:1: vcpu: is unknown; known here: [name, vcpus]; check its spelling"));
    assertThat(client.get("/v1/numbers?n=ten", Host.class, SOON))
        .isEqualTo(new Reply.Refused<>(400, "bad-input", "parameter n: is 'ten'; expected 1 to 9"));
    assertThat(client.get("/v2", Host.class, SOON))
        .isEqualTo(new Reply.Refused<>(404, "no-such-route", "/v2 is unknown"));
    assertThat(client.delete("/v1/hosts/h1", Host.class, SOON))
        .isEqualTo(new Reply.Refused<>(405, "no-such-method", "allowed here: [GET, PUT]"));
    assertThat(client.put("/v1/hosts/h1", new Host("x".repeat(1_000), 1), Host.class, SOON))
        .isEqualTo(new Reply.Refused<>(413, "too-large", "the body is larger than 1000 bytes"));
  }

  @Test
  void aHandlerThatFailsIsToldOfAndTheServerGoesOn() throws InterruptedException {
    assertThat(client.get("/v1/broken", Host.class, SOON))
        .isEqualTo(new Reply.Refused<>(500, "failed", "the server failed; its log says why"));
    assertThat(errors).containsExactly("GET /v1/broken: no such luck");
    assertThat(client.get("/v1/numbers", Host.class, SOON)).isInstanceOf(Reply.Ok.class);
  }

  @Test
  void moreCallsThanItHasRoomForAreToldToComeAgain() throws InterruptedException {
    for (int i = 0; i < 2; i++) {
      Thread.ofVirtual().start(() -> slow());
    }
    Reply<Host> reply = client.get("/v1/numbers", Host.class, SOON);
    long deadline = System.nanoTime() + SOON.toNanos();
    while (reply instanceof Reply.Ok && System.nanoTime() < deadline) {
      Thread.sleep(20);
      reply = client.get("/v1/numbers", Host.class, SOON);
    }
    assertThat(reply)
        .isEqualTo(new Reply.Refused<>(503, "busy", "2 calls are being handled already"));
  }

  /** Comes again when it is told to: a question in between may have had its place. */
  private void slow() {
    try {
      while (client.get("/v1/slow", Void.class, SOON) instanceof Reply.Refused) {
        Thread.sleep(1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void whoIsNotThereIsToldFromWhoDoesNotAnswer() throws Exception {
    try (JsonClient nobody = JsonClient.plain(URI.create("http://127.0.0.1:1"), SOON)) {
      assertThat(nobody.get("/", Host.class, SOON)).isInstanceOf(Reply.Unreachable.class);
    }
    try (ServerSocket mute = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        JsonClient asking =
            JsonClient.plain(URI.create("http://127.0.0.1:" + mute.getLocalPort()), SOON)) {
      Duration within = Duration.ofMillis(100);
      Reply<Host> reply = asking.get("/", Host.class, within);
      while (reply instanceof Reply.Unreachable && within.compareTo(SOON) < 0) {
        within = within.multipliedBy(4); // it was not even connected yet
        reply = asking.get("/", Host.class, within);
      }
      assertThat(reply).isInstanceOf(Reply.Unclear.class);
    }
  }

  @Test
  void anAddressThatIsTakenIsNamed() {
    assertThatThrownBy(() ->
            JsonServer.start(
                JsonServer.Settings.plain(
                    server.address(), Gatekeeper.everybody(), (route, cause) -> {}),
                List.of()))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining(String.valueOf(server.address().getPort()));
  }

  @Test
  void aDescriptionIsHeldAgainstTheRoutes() {
    OpenApi described =
        new OpenApi(
            """
            openapi: 3.1.0
            paths:
              /v1/hosts/{host}:
                get: {}
                put: {}
              /v1/numbers: {get: {}}
              /v1/gone: {post: {}}
              /v1/slow: {get: {}}
              /health: {get: {}}
            """
                .getBytes(StandardCharsets.UTF_8));

    assertThat(described.differences(server.routes()))
        .containsExactly("not described: GET /v1/broken", "not there: POST /v1/gone");
  }

  @Test
  void aTokenIsReadFromAFileAndAShortOneRefused(@TempDir Path dir) throws Exception {
    Path file = Files.writeString(dir.resolve("token"), TOKEN + "\nsecond line\n");
    assertThat(BearerTokens.secret(file)).isEqualTo(TOKEN);
    Files.writeString(file, "short\n");
    assertThatThrownBy(() -> BearerTokens.fromFile("agent", file))
        .hasMessage("token of agent: has 5 characters; expected 16 or more");
    Files.writeString(file, "");
    assertThatThrownBy(() -> BearerTokens.fromFile("agent", file)).hasMessageContaining("is empty");
  }
}
