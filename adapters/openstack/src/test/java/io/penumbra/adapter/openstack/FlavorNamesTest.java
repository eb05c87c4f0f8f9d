package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.matchingJsonPath;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static io.penumbra.adapter.openstack.StubCloud.server;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A server shows the name of its flavor, and its shadow is ordered by the flavor's id. */
class FlavorNamesTest {

  private final StubCloud stub = new StubCloud();

  @AfterEach
  void close() {
    stub.close();
  }

  @Test
  void aShadowIsOfAFlavorWithABlankInItsNameThatWasMadeAnewMeanwhile() throws Exception {
    stub.servers(
        server("vm1", 0, "ACTIVE", "")
            .replace("\"original_name\":\"m1\"", "\"original_name\":\"m1 large\""));
    flavors("f1");
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers"))
            .withRequestBody(matchingJsonPath("$.server[?(@.flavorRef == 'f1')]"))
            .inScenario("flavors")
            .willSetStateTo("anew")
            .willReturn(
                aResponse()
                    .withStatus(400)
                    .withBody("{\"badRequest\":{\"message\":\"Flavor f1 could not be found.\"}}")));
    stub.http.stubFor(
        get(urlPathEqualTo("/v2.1/flavors/detail"))
            .inScenario("flavors")
            .whenScenarioStateIs("anew")
            .willReturn(okJson("{\"flavors\":[{\"id\":\"f2\",\"name\":\"m1 large\"}]}")));
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers"))
            .withRequestBody(
                matchingJsonPath(
                    "$.server[?(@.flavorRef == 'f2' && @.metadata['penumbra:project'] == 'p1')]"))
            .willReturn(aResponse().withStatus(403).withBody("{}")));

    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      assertThat(cloud.snapshot().vms().getFirst().vm().flavor().value()).isEqualTo("m1_large");
      cloud.execute(
          new Command.CreateShadow(
              CommandId.of("c1"),
              VmId.of("vm1"),
              HostId.of("hv-0"),
              HostId.of("hv-1"),
              ShadowMode.COLD,
              Resources.NONE,
              Duration.ofSeconds(60),
              false));
      Event event = stub.told.poll(120, TimeUnit.SECONDS);
      assertThat(((Event.CommandReported) Objects.requireNonNull(event)).outcome())
          .as("what it says when it was asked for with the new flavor and the owner's project")
          .isInstanceOfSatisfying(
              Outcome.Failed.class, no -> assertThat(no.message()).contains("status 403"));
    }
    stub.http.verify(2, postRequestedFor(urlPathEqualTo("/v2.1/servers")));
  }

  private void flavors(String id) {
    stub.list(
        "/v2.1/flavors/detail", "flavors", "{\"id\":\"%s\",\"name\":\"m1 large\"}".formatted(id));
  }
}
