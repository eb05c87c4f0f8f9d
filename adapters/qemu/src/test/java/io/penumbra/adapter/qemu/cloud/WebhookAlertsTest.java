package io.penumbra.adapter.qemu.cloud;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.matchingJsonPath;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlEqualTo;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import com.github.tomakehurst.wiremock.stubbing.Scenario;
import io.penumbra.scheduler.port.Alerts.Alert;
import io.penumbra.web.Answer;
import io.penumbra.web.BearerTokens;
import io.penumbra.web.JsonServer;
import io.penumbra.web.Route;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class WebhookAlertsTest {

  private static final Alert ALERT =
      new Alert(Instant.EPOCH, "fencing-unknown", "vm-1", "nobody knows", "look at it");
  private static final WebhookAlerts.Persistence THREE =
      new WebhookAlerts.Persistence(3, Duration.ofSeconds(60), Duration.ofMillis(10));
  private static final WebhookAlerts.Persistence IMPATIENT =
      new WebhookAlerts.Persistence(3, Duration.ofMillis(300), Duration.ofMillis(10));

  private final List<Alert> log = new CopyOnWriteArrayList<>();
  private WireMockServer other;
  private WebhookAlerts alerts;

  @BeforeEach
  void start() {
    other = new WireMockServer(WireMockConfiguration.options().dynamicPort());
    other.start();
    alerts = to(URI.create(other.baseUrl() + "/hook?key=k"), Optional.empty());
  }

  @AfterEach
  void stop() {
    alerts.close();
    other.stop();
  }

  private WebhookAlerts to(URI address, Optional<String> token) {
    return to(address, token, THREE);
  }

  private WebhookAlerts to(
      URI address, Optional<String> token, WebhookAlerts.Persistence persistence) {
    return new WebhookAlerts(
        address, token, log::add, persistence, InstantSource.fixed(Instant.MAX));
  }

  private static void until(BooleanSupplier holds) throws InterruptedException {
    while (!holds.getAsBoolean()) {
      Thread.sleep(5);
    }
  }

  private int calls() {
    return other.findAll(postRequestedFor(urlEqualTo("/hook?key=k"))).size();
  }

  @Test
  void anAlertReachesARealServerWithItsTokenAndTheLogToo() throws Exception {
    List<String> taken = new CopyOnWriteArrayList<>();
    try (JsonServer server =
            JsonServer.start(
                JsonServer.Settings.plain(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                    new BearerTokens(new TreeMap<>(Map.of("penumbra", "a-token-for-tests-only"))),
                    (route, cause) -> cause.printStackTrace()),
                List.of(
                    Route.post(
                        "/alerts",
                        call -> {
                          taken.add(new String(call.bytes(), StandardCharsets.UTF_8));
                          return Answer.nothing();
                        })));
        WebhookAlerts hook =
            to(
                URI.create("http://127.0.0.1:%d/alerts".formatted(server.address().getPort())),
                Optional.of("a-token-for-tests-only"))) {
      hook.raise(ALERT);
      until(() -> !taken.isEmpty());
    }

    assertThat(taken.getFirst()).contains("\"code\":\"fencing-unknown\"", "\"subject\":\"vm-1\"");
    assertThat(log).containsExactly(ALERT);
  }

  @Test
  void whoFailsIsAskedAgain() throws Exception {
    other.stubFor(
        post("/hook?key=k")
            .inScenario("fails twice")
            .whenScenarioStateIs(Scenario.STARTED)
            .willReturn(aResponse().withStatus(500))
            .willSetStateTo("once"));
    other.stubFor(
        post("/hook?key=k")
            .inScenario("fails twice")
            .whenScenarioStateIs("once")
            .willReturn(aResponse().withStatus(503))
            .willSetStateTo("well"));
    other.stubFor(
        post("/hook?key=k")
            .inScenario("fails twice")
            .whenScenarioStateIs("well")
            .willReturn(aResponse().withStatus(204)));

    alerts.raise(ALERT);
    until(() -> calls() == 3);

    other.verify(
        3,
        postRequestedFor(urlEqualTo("/hook?key=k"))
            .withHeader("Content-Type", equalTo("application/json"))
            .withRequestBody(matchingJsonPath("$.advice", equalTo("look at it"))));
    assertThat(log).containsExactly(ALERT);
  }

  @Test
  void whoAlwaysFailsIsGivenUpAndTheLogSaysSo() throws Exception {
    other.stubFor(post("/hook?key=k").willReturn(aResponse().withStatus(500)));

    alerts.raise(ALERT);
    until(() -> log.size() == 2);

    assertThat(calls()).isEqualTo(3);
    assertThat(log.get(1).code()).isEqualTo("alert-not-delivered");
    assertThat(log.get(1).message()).contains("fencing-unknown", "attempt 3: answered 500");
  }

  @Test
  void whoDoesNotAnswerIsGivenUpAndTheNextAlertIsTriedAnew() throws Exception {
    other.stubFor(
        post("/hook?key=k")
            .inScenario("slow")
            .willReturn(aResponse().withStatus(204).withFixedDelay(2_000)));
    try (WebhookAlerts impatient =
        to(URI.create(other.baseUrl() + "/hook?key=k"), Optional.empty(), IMPATIENT)) {
      impatient.raise(ALERT);
      until(() -> log.size() == 2);
      assertThat(log.get(1).message()).contains("did not answer in time");

      other.resetAll();
      other.stubFor(post("/hook?key=k").willReturn(aResponse().withStatus(204)));
      impatient.raise(ALERT);
      until(() -> calls() >= 1);
      assertThat(log.get(2)).isEqualTo(ALERT);
    }
  }

  @Test
  void whoSaysThatTheCallIsWrongIsNotAskedAgain() throws Exception {
    other.stubFor(post("/hook?key=k").willReturn(aResponse().withStatus(403)));

    alerts.raise(ALERT);
    until(() -> log.size() == 2);

    assertThat(calls()).isEqualTo(1);
    assertThat(log.get(1).message()).contains("answered 403").doesNotContain("key=k");
  }
}
