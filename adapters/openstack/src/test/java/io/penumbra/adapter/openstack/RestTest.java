package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.getRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.tomakehurst.wiremock.stubbing.Scenario;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.adapter.openstack.api.Nova;
import io.penumbra.adapter.openstack.api.Rest;
import io.penumbra.adapter.openstack.api.Session;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RestTest {

  private StubCloud stub = new StubCloud();
  private Rest rest = new Rest(new Session(stub.login(), InstantSource.system()), 4);

  @BeforeEach
  void fresh() {
    stub.close();
    stub = new StubCloud();
    rest = new Rest(new Session(stub.login(), InstantSource.system()), 4);
  }

  @AfterEach
  void close() {
    rest.close();
    stub.close();
  }

  @Test
  void aTokenThatRunsOutInMidCallIsRenewedAndTheCallMadeAgain() throws Exception {
    stub.http.stubFor(
        post(urlPathEqualTo("/v3/auth/tokens"))
            .inScenario("tokens")
            .whenScenarioStateIs(Scenario.STARTED)
            .willReturn(stub.token("old"))
            .willSetStateTo("renewed"));
    stub.http.stubFor(
        post(urlPathEqualTo("/v3/auth/tokens"))
            .inScenario("tokens")
            .whenScenarioStateIs("renewed")
            .willReturn(stub.token("new")));
    stub.http.stubFor(
        get(urlPathEqualTo("/v2.1/thing"))
            .withHeader("X-Auth-Token", equalTo("old"))
            .willReturn(aResponse().withStatus(401)));
    stub.http.stubFor(
        get(urlPathEqualTo("/v2.1/thing"))
            .withHeader("X-Auth-Token", equalTo("new"))
            .willReturn(okJson("{\"a\":1}")));

    assertThat(rest.get("compute", "compute 2.87", "/thing")).isInstanceOf(Answer.Ok.class);
  }

  @Test
  void aPasswordThatIsRefusedIsNotTriedForEver() throws Exception {
    stub.http.stubFor(
        post(urlPathEqualTo("/v3/auth/tokens")).willReturn(aResponse().withStatus(401)));

    Answer answer = rest.get("compute", "", "/thing");

    assertThat(answer).isInstanceOf(Answer.Broken.class);
    assertThat(answer.toString()).doesNotContain("secret");
  }

  @Test
  void tooManyRequestsAreMadeAgainWhenTheServiceSaysSoEvenIfTheyChangeSomething() throws Exception {
    first("/v2.1/servers", aResponse().withStatus(429).withHeader("Retry-After", "1"));
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers"))
            .inScenario("/v2.1/servers")
            .whenScenarioStateIs("then")
            .willReturn(okJson("{}")));

    long began = System.nanoTime();
    Answer answer =
        rest.ask("compute", "", "POST", "/servers", java.util.Optional.of(Rest.object()));

    assertThat(answer).isInstanceOf(Answer.Ok.class);
    assertThat(System.nanoTime() - began).isGreaterThan(900_000_000L);
  }

  @Test
  void aChangeThatBrokeOffIsNotMadeTwice() throws Exception {
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers")).willReturn(aResponse().withStatus(500)));

    Answer answer =
        rest.ask("compute", "", "POST", "/servers", java.util.Optional.of(Rest.object()));

    assertThat(answer).isInstanceOf(Answer.Broken.class);
    stub.http.verify(1, postRequestedFor(urlPathEqualTo("/v2.1/servers")));
  }

  @Test
  void failuresAndTruncatedAnswersOfAQuestionAreAskedAgain() throws Exception {
    String path = "/v2.1/thing";
    stub.http.stubFor(
        get(urlPathEqualTo(path))
            .inScenario("s")
            .whenScenarioStateIs(Scenario.STARTED)
            .willReturn(aResponse().withStatus(500))
            .willSetStateTo("cut"));
    stub.http.stubFor(
        get(urlPathEqualTo(path))
            .inScenario("s")
            .whenScenarioStateIs("cut")
            .willReturn(okJson("{\"a\":[1,2"))
            .willSetStateTo("well"));
    stub.http.stubFor(
        get(urlPathEqualTo(path))
            .inScenario("s")
            .whenScenarioStateIs("well")
            .willReturn(okJson("{\"a\":[1,2]}")));

    assertThat(rest.get("compute", "", "/thing")).isInstanceOf(Answer.Ok.class);
  }

  @Test
  void whatTheCatalogLacksMayBeThereAgainInAMoment() throws Exception {
    Session session = new Session(stub.login(), InstantSource.system());
    assertThat(session.has("network")).isFalse();
    assertThat(session.has("image")).isTrue();
    assertThat(rest.get("network", "", "/v2.0/ports/p1")).isInstanceOf(Answer.Broken.class);
    stub.http.stubFor(get(urlPathEqualTo("/image/thing")).willReturn(aResponse().withStatus(401)));
    stub.http.stubFor(
        post(urlPathEqualTo("/v3/auth/tokens"))
            .willReturn(
                stub.token("second").withBody("{\"token\":{\"methods\":[],\"catalog\":[]}}")));
    try (Rest meanwhile = new Rest(session, 4)) {
      assertThat(meanwhile.get("image", "", "/thing")).isInstanceOf(Answer.Broken.class);
    }

    assertThat(session.has("image")).isTrue();
    assertThat(session.has("volumev3")).isFalse();
  }

  @Test
  void onlyAServicesOwnNotFoundIsAnAnswer() throws Exception {
    assertThat(rest.get("compute", "", "/servers/none"))
        .isInstanceOfSatisfying(Answer.Refused.class, no -> assertThat(no.isAbsent()).isTrue());
    for (String type : List.of("image", "load-balancer", "dns")) {
      assertThat(rest.get(type, "", "/none"))
          .as(type)
          .isInstanceOfSatisfying(Answer.Refused.class, no -> assertThat(no.isAbsent()).isTrue());
    }
    for (String proxys :
        List.of("404 page not found", "", "{\"message\":\"no Route matched with those values\"}")) {
      stub.http.stubFor(
          get(urlPathEqualTo("/v2.1/servers/x"))
              .willReturn(aResponse().withStatus(404).withBody(proxys)));
      assertThat(rest.get("compute", "", "/servers/x"))
          .as(proxys)
          .isInstanceOf(Answer.Broken.class);
    }
  }

  @Test
  void aPageThatTricklesInIsGivenUp() throws Exception {
    stub.http.stubFor(
        get(urlPathEqualTo("/v2.1/thing"))
            .willReturn(
                okJson("{\"a\":\"" + "x".repeat(5_000) + "\"}")
                    .withChunkedDribbleDelay(50, 60_000)));
    try (Rest hasty =
        new Rest(new Session(stub.login(Duration.ofSeconds(1)), InstantSource.system()), 4)) {
      Thread asking = Thread.ofVirtual().start(() -> ask(hasty));

      assertThat(asking.join(Duration.ofSeconds(50))).as("the page would take 60 s").isTrue();
    }
  }

  @Test
  void listsOfNovaHaveTheTimeThatItGivesACellThatHangsAndOtherQuestionsHaveNot() throws Exception {
    stub.http.stubFor(
        get(urlPathEqualTo("/v2.1/servers/detail"))
            .willReturn(okJson("{\"servers\":[{\"id\":\"s1\"}]}").withFixedDelay(2_000)));
    stub.http.stubFor(
        get(urlPathEqualTo("/v2.1/servers/s1")).willReturn(okJson("{}").withFixedDelay(20_000)));
    try (Rest hasty =
        new Rest(new Session(stub.login(Duration.ofSeconds(1)), InstantSource.system()), 4)) {
      while (!(hasty.get("compute", "", "/thing") instanceof Answer.Refused)) {
        Thread.sleep(10); // until it has a token: a busy machine may take longer than a second
      }
      assertThat(new Nova(hasty).servers()).hasSize(1);
      assertThat(new Nova(hasty).server("s1")).isInstanceOf(Answer.Broken.class);
    }
  }

  private static void ask(Rest rest) {
    try {
      assertThat(rest.get("compute", "", "/thing")).isInstanceOf(Answer.Broken.class);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void pagesThatOverlapGiveEachServerOnce() throws Exception {
    pages("s1", "{\"id\":\"s1\"},{\"id\":\"s2\"}", "{\"id\":\"s2\"},{\"id\":\"s3\"}", "");

    List<JsonNode> servers = new Nova(rest).servers();

    assertThat(servers)
        .extracting(server -> server.path("id").asText())
        .containsExactly("s1", "s2", "s3");
  }

  @Test
  void pagesThatGoRoundInCirclesAreNoAnswer() {
    pages("s1", "{\"id\":\"s1\"}", "{\"id\":\"s2\"}", "marker=s1");

    assertThatThrownBy(() -> new Nova(rest).servers())
        .isInstanceOf(CloudUnavailableException.class)
        .hasMessageContaining("circles");
  }

  private void pages(String marker, String first, String second, String next) {
    String path = "/v2.1/servers/detail";
    stub.http.stubFor(
        get(urlPathEqualTo(path))
            .willReturn(
                okJson(
                    "{\"servers\":[%s],\"servers_links\":[{\"rel\":\"next\",\"href\":\"https://elsewhere/x?marker=%s\"}]}"
                        .formatted(first, marker))));
    String links =
        next.isEmpty()
            ? ""
            : ",\"servers_links\":[{\"rel\":\"next\",\"href\":\"https://elsewhere/x?"
                + next
                + "\"}]";
    stub.http.stubFor(
        get(urlPathEqualTo(path))
            .withQueryParam("marker", equalTo(marker))
            .willReturn(okJson("{\"servers\":[%s]%s}".formatted(second, links))));
  }

  private void first(
      String path, com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder answer) {
    stub.http.stubFor(
        post(urlPathEqualTo(path))
            .inScenario(path)
            .whenScenarioStateIs(Scenario.STARTED)
            .willReturn(answer)
            .willSetStateTo("then"));
  }

  @Test
  void everyQuestionSaysWhichVersionItMeans() throws Exception {
    new Nova(rest).services();

    stub.http.verify(
        getRequestedFor(urlPathEqualTo("/v2.1/os-services"))
            .withHeader("OpenStack-API-Version", equalTo("compute 2.87")));
  }
}
