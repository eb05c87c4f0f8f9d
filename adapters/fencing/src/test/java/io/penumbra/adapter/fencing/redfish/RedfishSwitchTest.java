package io.penumbra.adapter.fencing.redfish;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static com.github.tomakehurst.wiremock.client.WireMock.delete;
import static com.github.tomakehurst.wiremock.client.WireMock.deleteRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.equalToJson;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.getRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlEqualTo;
import static com.github.tomakehurst.wiremock.core.WireMockConfiguration.options;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder;
import com.github.tomakehurst.wiremock.http.Fault;
import com.github.tomakehurst.wiremock.stubbing.Scenario;
import io.penumbra.adapter.fencing.redfish.RedfishEndpoint.Login;
import io.penumbra.domain.HostId;
import io.penumbra.domain.event.FencingResult;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Everything a management controller can answer, except the truth. */
@Timeout(240)
class RedfishSwitchTest {

  private static final HostId HOST = HostId.of("host-a");
  private static final String SYSTEM = "/redfish/v1/Systems/1";
  private static final String RESET = SYSTEM + "/Actions/ComputerSystem.Reset";
  private static final String UUID = "27946b59-9e44-4fa7-8e91-f3527a1ef094";
  private static final String PASSWORD = "geheim-und-lang";

  /** For whom a busy machine must not keep from an answer, nor from being off in the end. */
  private static final RedfishSwitch.Settings PATIENT =
      new RedfishSwitch.Settings(
          Duration.ofSeconds(60), Duration.ofSeconds(60), Duration.ofMillis(20), 2);

  /** For what never goes off. */
  private static final RedfishSwitch.Settings BRIEF =
      new RedfishSwitch.Settings(
          Duration.ofSeconds(60), Duration.ofMillis(600), Duration.ofMillis(20), 2);

  /** For what never answers. */
  private static final RedfishSwitch.Settings HASTY =
      new RedfishSwitch.Settings(
          Duration.ofMillis(400), Duration.ofMillis(600), Duration.ofMillis(20), 2);

  private RedfishSwitch.Settings settings = PATIENT;

  private final WireMockServer bmc =
      new WireMockServer(options().dynamicPort().bindAddress("127.0.0.1"));

  @BeforeEach
  void start() {
    bmc.start();
  }

  @AfterEach
  void stop() {
    bmc.stop();
  }

  private static String system(String power) {
    return """
    {"@odata.id": "%s", "Id": "1", "UUID": "%s", "PowerState": "%s",
     "Actions": {"#ComputerSystem.Reset": {"target": "%s",
       "ResetType@Redfish.AllowableValues": ["On", "ForceOff", "GracefulShutdown"]}}}
    """
        .formatted(SYSTEM, UUID, power, RESET);
  }

  private FencingResult fence(Login login) throws InterruptedException {
    return fence(Optional.of(SYSTEM), Optional.empty(), login);
  }

  private FencingResult fence(Optional<String> system, Optional<String> uuid, Login login)
      throws InterruptedException {
    RedfishEndpoint endpoint =
        new RedfishEndpoint(
            URI.create("http://127.0.0.1:" + bmc.port()),
            system,
            uuid,
            login,
            new RedfishEndpoint.SystemTrust());
    FencingResult result =
        new RedfishSwitch(host -> Optional.of(endpoint), settings).powerOff(HOST);
    assertThat(result.toString()).doesNotContain(PASSWORD);
    return result;
  }

  private FencingResult fence() throws InterruptedException {
    return fence(new RedfishEndpoint.Anonymous());
  }

  private void isOn() {
    bmc.stubFor(get(urlEqualTo(SYSTEM)).willReturn(okJson(system("On"))));
  }

  private void reset(ResponseDefinitionBuilder answer) {
    bmc.stubFor(post(urlEqualTo(RESET)).willReturn(answer));
  }

  /** On until it is told, and off from the second look after that on. */
  private void goesOff(ResponseDefinitionBuilder answer) {
    bmc.stubFor(get(urlEqualTo(SYSTEM)).inScenario("power").willReturn(okJson(system("On"))));
    bmc.stubFor(
        post(urlEqualTo(RESET))
            .withRequestBody(equalToJson("{\"ResetType\": \"ForceOff\"}"))
            .inScenario("power")
            .whenScenarioStateIs(Scenario.STARTED)
            .willReturn(answer)
            .willSetStateTo("told"));
    bmc.stubFor(
        get(urlEqualTo(SYSTEM))
            .inScenario("power")
            .whenScenarioStateIs("told")
            .willReturn(okJson(system("PoweringOff")))
            .willSetStateTo("off"));
    bmc.stubFor(
        get(urlEqualTo(SYSTEM))
            .inScenario("power")
            .whenScenarioStateIs("off")
            .willReturn(okJson(system("Off"))));
  }

  @Test
  void isFencedWhenItsPowerReadsOffAndNotBefore() throws Exception {
    goesOff(aResponse().withStatus(204));

    assertThat(fence())
        .isInstanceOfSatisfying(
            FencingResult.Fenced.class,
            fenced ->
                assertThat(fenced.proof())
                    .isEqualTo("power of host-a reads Off 2 times (accepted with status 204)"));
    bmc.verify(4, getRequestedFor(urlEqualTo(SYSTEM)));
  }

  @Test
  void whatIsOffAlreadyIsNotSwitchedAgain() throws Exception {
    bmc.stubFor(get(urlEqualTo(SYSTEM)).willReturn(okJson(system("Off"))));

    assertThat(fence()).isInstanceOf(FencingResult.Fenced.class);
    bmc.verify(0, postRequestedFor(anyUrl()));
  }

  @Test
  void aPowerOffThatIsAcceptedAndNotCarriedOutNeverBecomesFenced() throws Exception {
    settings = BRIEF;
    isOn();
    reset(aResponse().withStatus(202));

    assertThat(fence())
        .isEqualTo(
            new FencingResult.NotFenced("power of host-a reads On (accepted with status 202)"));
  }

  @Test
  void oneLookThatFindsItOffIsNotEnough() throws Exception {
    goesOff(aResponse().withStatus(204));
    bmc.stubFor(
        get(urlEqualTo(SYSTEM))
            .inScenario("power")
            .whenScenarioStateIs("off")
            .willReturn(okJson(system("Off")))
            .willSetStateTo("flickers"));
    bmc.stubFor(
        get(urlEqualTo(SYSTEM))
            .inScenario("power")
            .whenScenarioStateIs("flickers")
            .willReturn(okJson(system("On"))));

    settings = BRIEF;
    FencingResult result = fence();
    while (result.toString().contains("Off only just")) { // time was up at that very look
      bmc.resetScenarios();
      result = fence();
    }
    assertThat(result).isInstanceOf(FencingResult.NotFenced.class);
  }

  @Test
  void anErrorOfTheControllerCountsForNothingEitherWay() throws Exception {
    isOn();
    reset(aResponse().withStatus(503));
    settings = BRIEF;
    assertThat(fence()).isInstanceOf(FencingResult.NotFenced.class);

    settings = PATIENT;
    bmc.resetAll();
    goesOff(aResponse().withStatus(500));
    assertThat(fence()).as("it did it nevertheless").isInstanceOf(FencingResult.Fenced.class);
  }

  @Test
  void aRefusalIsReadBackOnce() throws Exception {
    isOn();
    reset(aResponse().withStatus(400));

    assertThat(fence())
        .isEqualTo(
            new FencingResult.NotFenced("power of host-a reads On (refused with status 400)"));
    bmc.verify(2, getRequestedFor(urlEqualTo(SYSTEM)));
  }

  @Test
  void anAnswerThatNeverComesIsNoProof() throws Exception {
    isOn();
    reset(aResponse().withStatus(204).withFixedDelay(2_000));
    settings = HASTY;
    FencingResult result = fence();
    while (result
        instanceof FencingResult.Unknown) { // a busy machine may not even say "On" in time
      result = fence();
    }
    assertThat(result).isInstanceOf(FencingResult.NotFenced.class);
    bmc.stubFor(get(urlEqualTo(SYSTEM)).willReturn(okJson(system("Off")).withFixedDelay(2_000)));
    assertThat(fence()).isInstanceOf(FencingResult.Unknown.class);
  }

  @Test
  void aConnectionThatBreaksIsNoProof() throws Exception {
    isOn();
    reset(aResponse().withFault(Fault.CONNECTION_RESET_BY_PEER));
    settings = BRIEF;
    assertThat(fence()).isInstanceOf(FencingResult.NotFenced.class);

    bmc.stubFor(get(urlEqualTo(SYSTEM)).willReturn(aResponse().withFault(Fault.EMPTY_RESPONSE)));
    assertThat(fence()).isInstanceOf(FencingResult.Unknown.class);
  }

  @Test
  void truncatedAndForeignJsonIsNoProof() throws Exception {
    for (String body :
        new String[] {
          "{\"PowerState\": \"Off\"",
          "\"Off\"",
          "[]",
          "",
          "<html>Off</html>",
          "{\"Power\": \"Off\"}",
          "{\"PowerState\": null}",
          "{\"PowerState\": [\"Off\"]}"
        }) {
      bmc.stubFor(get(urlEqualTo(SYSTEM)).willReturn(okJson(body)));
      assertThat(fence()).as(body).isInstanceOf(FencingResult.Unknown.class);
    }
  }

  @Test
  void aBodyWithoutEndIsNotReadToItsEnd() throws Exception {
    String huge = "{\"PowerState\": \"Off\", \"x\": \"" + "y".repeat(2 << 20) + "\"}";
    bmc.stubFor(get(urlEqualTo(SYSTEM)).willReturn(okJson(huge)));

    assertThat(fence()).isInstanceOf(FencingResult.Unknown.class);
  }

  @Test
  void whoDoesNotLetUsInProvesNothing() throws Exception {
    bmc.stubFor(get(urlEqualTo(SYSTEM)).willReturn(aResponse().withStatus(401)));

    assertThat(fence(new RedfishEndpoint.Basic(Credentials.of("admin", PASSWORD))))
        .isInstanceOfSatisfying(
            FencingResult.Unknown.class,
            unknown -> assertThat(unknown.reason()).contains("status 401"));
  }

  @Test
  void aSessionIsOpenedUsedAndGivenBack() throws Exception {
    bmc.stubFor(
        post(urlEqualTo("/redfish/v1/SessionService/Sessions"))
            .withRequestBody(
                equalToJson("{\"UserName\": \"admin\", \"Password\": \"" + PASSWORD + "\"}"))
            .willReturn(
                aResponse()
                    .withStatus(201)
                    .withHeader("X-Auth-Token", "token-1")
                    .withHeader("Location", "/redfish/v1/SessionService/Sessions/1")));
    bmc.stubFor(
        get(urlEqualTo(SYSTEM))
            .withHeader("X-Auth-Token", equalTo("token-1"))
            .willReturn(okJson(system("Off"))));
    bmc.stubFor(
        delete(urlEqualTo("/redfish/v1/SessionService/Sessions/1"))
            .willReturn(aResponse().withStatus(204)));

    assertThat(fence(new RedfishEndpoint.Session(Credentials.of("admin", PASSWORD))))
        .isInstanceOf(FencingResult.Fenced.class);
    bmc.verify(1, deleteRequestedFor(urlEqualTo("/redfish/v1/SessionService/Sessions/1")));
  }

  @Test
  void withoutASessionNothingIsKnown() throws Exception {
    bmc.stubFor(post(anyUrl()).willReturn(aResponse().withStatus(401)));

    assertThat(fence(new RedfishEndpoint.Session(Credentials.of("admin", PASSWORD))))
        .isInstanceOfSatisfying(
            FencingResult.Unknown.class,
            unknown -> assertThat(unknown.reason()).contains("opened no session (status 401)"));
  }

  @Test
  void theControllerOfAnotherMachineProvesNothingAboutOurs() throws Exception {
    bmc.stubFor(get(urlEqualTo(SYSTEM)).willReturn(okJson(system("Off"))));

    assertThat(fence(Optional.of(SYSTEM), Optional.of("other"), new RedfishEndpoint.Anonymous()))
        .isInstanceOfSatisfying(
            FencingResult.Unknown.class,
            unknown -> assertThat(unknown.reason()).contains(UUID, "other"));
    assertThat(fence(Optional.of(SYSTEM), Optional.of(UUID), new RedfishEndpoint.Anonymous()))
        .isInstanceOf(FencingResult.Fenced.class);
  }

  @Test
  void theOnlySystemIsFoundAndOneOfSeveralIsNotGuessed() throws Exception {
    bmc.stubFor(get(urlEqualTo(SYSTEM)).willReturn(okJson(system("Off"))));
    bmc.stubFor(
        get(urlEqualTo("/redfish/v1/Systems"))
            .willReturn(okJson("{\"Members\": [{\"@odata.id\": \"" + SYSTEM + "\"}]}")));
    assertThat(fence(Optional.empty(), Optional.empty(), new RedfishEndpoint.Anonymous()))
        .isInstanceOf(FencingResult.Fenced.class);

    bmc.stubFor(
        get(urlEqualTo("/redfish/v1/Systems"))
            .willReturn(okJson("{\"Members\": [{\"@odata.id\": \"a\"}, {\"@odata.id\": \"b\"}]}")));
    assertThat(fence(Optional.empty(), Optional.empty(), new RedfishEndpoint.Anonymous()))
        .isInstanceOfSatisfying(
            FencingResult.Unknown.class,
            unknown -> assertThat(unknown.reason()).contains("it has 2 systems"));
  }

  @Test
  void anActionThatPointsElsewhereIsNotFollowed() throws Exception {
    bmc.stubFor(
        get(urlEqualTo(SYSTEM))
            .willReturn(okJson(system("On").replace(RESET, "http://elsewhere.example/reset"))));

    assertThat(fence()).isInstanceOf(FencingResult.Unknown.class);
    bmc.verify(0, postRequestedFor(anyUrl()));
  }

  @Test
  void aControllerThatOffersNoForceOffSaysSo() throws Exception {
    bmc.stubFor(
        get(urlEqualTo(SYSTEM))
            .willReturn(okJson(system("On").replace("\"ForceOff\"", "\"PushPowerButton\""))));

    assertThat(fence())
        .isInstanceOfSatisfying(
            FencingResult.NotFenced.class,
            not -> assertThat(not.reason()).contains("offers no ForceOff"));
  }

  @Test
  void aHostWithoutAControllerIsUnknown() throws Exception {
    assertThat(new RedfishSwitch(host -> Optional.empty(), PATIENT).powerOff(HOST))
        .isInstanceOf(FencingResult.Unknown.class);
  }

  @Test
  void noLoginIsPrintedAndNoneIsTakenFromAnAddress(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("bmc"), "admin:" + PASSWORD + "\n");

    assertThat(Credentials.read(file)).hasToString("login of admin");
    assertThatThrownBy(
            () -> Credentials.read(Files.writeString(directory.resolve("bad"), PASSWORD)))
        .hasMessageContaining("expected user:password")
        .message()
        .doesNotContain(PASSWORD);
    assertThatThrownBy(() ->
            new RedfishEndpoint(
                URI.create("https://admin:" + PASSWORD + "@bmc.example"),
                Optional.empty(),
                Optional.empty(),
                new RedfishEndpoint.Anonymous(),
                new RedfishEndpoint.SystemTrust()))
        .hasMessageContaining("has a login in it")
        .message()
        .doesNotContain(PASSWORD);
  }
}
