package io.penumbra.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penumbra.domain.BadInputException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates that OpenSSL has made: who shows the right one is answered, and nobody else. */
class PemFilesTest {

  private static final String TOKEN = "a-token-for-tests-only";
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir private Path dir = Path.of("replaced by JUnit");

  @BeforeEach
  void make() throws Exception {
    if (!"true".equals(System.getenv("CI"))) {
      assumeTrue(Files.exists(Path.of("/usr/bin/openssl")), "openssl is not installed");
    }
    authority("ours");
    authority("strange");
    sign("ours", "agent", "IP:127.0.0.1", "rsa:2048");
    sign("ours", "controller", "IP:127.0.0.1", "ec");
    sign("ours", "elsewhere", "IP:10.1.2.3", "ec");
    sign("strange", "stranger", "IP:127.0.0.1", "ec");
  }

  private void authority(String name) throws Exception {
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=%1$s -keyout %1$s.key -out %1$s.pem"
            .formatted(name));
  }

  private void sign(String authority, String name, String address, String kind) throws Exception {
    String curve = kind.equals("ec") ? " -pkeyopt ec_paramgen_curve:prime256v1" : "";
    openssl(
        "req -newkey %s%s -nodes -subj /CN=%s -keyout %s.key -out %s.csr"
            .formatted(kind, curve, name, name, name));
    Files.writeString(dir.resolve(name + ".ext"), "subjectAltName=" + address + "\n");
    openssl(
        "x509 -req -in %1$s.csr -CA %2$s.pem -CAkey %2$s.key -CAcreateserial -days 2 -extfile %1$s.ext -out %1$s.pem"
            .formatted(name, authority));
  }

  private void openssl(String words) throws Exception {
    Process run =
        new ProcessBuilder(("openssl " + words).split(" ", -1))
            .directory(dir.toFile())
            .redirectErrorStream(true)
            .start();
    String said =
        new String(run.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(run.waitFor()).as(said).isZero();
  }

  private PemFiles files(String name, String authority) {
    return new PemFiles(
        dir.resolve(name + ".pem"),
        dir.resolve(name + ".key"),
        Optional.of(dir.resolve(authority + ".pem")));
  }

  private JsonServer server(String name) {
    return JsonServer.start(
        new JsonServer.Settings(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            new BearerTokens(new TreeMap<>(Map.of("tests", TOKEN))),
            Optional.of(files(name, "ours").context()),
            true,
            10,
            1_000,
            (route, cause) -> cause.printStackTrace()),
        List.of(Route.get("/hello", call -> Answer.ok(Map.of("hello", call.principal())))));
  }

  private static Reply<Map<?, ?>> ask(JsonServer server, Optional<PemFiles> files, String token)
      throws InterruptedException {
    URI root = URI.create("https://127.0.0.1:%d".formatted(server.address().getPort()));
    try (JsonClient client =
        new JsonClient(root, Optional.of(token), files.map(PemFiles::context), SOON)) {
      @SuppressWarnings("unchecked") // as JSON has it
      Class<Map<?, ?>> type = (Class<Map<?, ?>>) (Class<?>) Map.class;
      return client.get("/hello", type, SOON);
    }
  }

  @Test
  void whoShowsACertificateOfOursAndTheTokenIsAnswered() throws Exception {
    try (JsonServer server = server("agent")) {
      assertThat(ask(server, Optional.of(files("controller", "ours")), TOKEN))
          .isInstanceOf(Reply.Ok.class);
    }
  }

  @Test
  void aCertificateDoesNotReplaceTheToken() throws Exception {
    try (JsonServer server = server("agent")) {
      assertThat(ask(server, Optional.of(files("controller", "ours")), "another-token-than-that"))
          .isInstanceOfSatisfying(
              Reply.Refused.class, refused -> assertThat(refused.status()).isEqualTo(401));
    }
  }

  @Test
  void whoShowsACertificateOfAStrangerIsNotAnswered() throws Exception {
    try (JsonServer server = server("agent")) {
      PemFiles stranger =
          new PemFiles(
              dir.resolve("stranger.pem"),
              dir.resolve("stranger.key"),
              Optional.of(dir.resolve("ours.pem")));
      assertThat(ask(server, Optional.of(stranger), TOKEN)).isInstanceOf(Reply.Unclear.class);
      assertThat(ask(server, Optional.empty(), TOKEN)).isInstanceOf(Reply.Unclear.class);
    }
  }

  @Test
  void whoIsSignedByAStrangerOrNamedForAnotherAddressIsNotBelieved() throws Exception {
    try (JsonServer server = server("agent")) {
      assertThat(ask(server, Optional.of(files("controller", "strange")), TOKEN))
          .isInstanceOf(Reply.Unclear.class);
    }
    try (JsonServer server = server("elsewhere")) {
      assertThat(ask(server, Optional.of(files("controller", "ours")), TOKEN))
          .isInstanceOf(Reply.Unclear.class);
    }
  }

  @Test
  void aFileThatIsNoneOfTheseIsNamed() throws Exception {
    Files.writeString(dir.resolve("agent.key"), "nonsense");
    assertThatThrownBy(() -> files("agent", "ours").context())
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("agent.key")
        .hasMessageContaining("no unencrypted PKCS #8 key");
    assertThatThrownBy(() -> files("nobody", "ours").context())
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("can't be read");
  }
}
