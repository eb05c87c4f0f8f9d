package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.anyRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.delete;
import static com.github.tomakehurst.wiremock.client.WireMock.deleteRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.matchingJsonPath;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.put;
import static com.github.tomakehurst.wiremock.client.WireMock.putRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathMatching;
import static io.penumbra.adapter.openstack.StubCloud.server;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.tomakehurst.wiremock.verification.LoggedRequest;
import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.adapter.openstack.api.Rest;
import io.penumbra.adapter.openstack.api.Session;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.placement.policy.PolicyRules;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What the real Neutron of {@code .ci/openstack-test} won't do on demand. A shadow has no port
 * until it is promoted, so nothing of it can be reached; then it gets the VM's own, with their
 * addresses and the floating ones on them.
 */
class PortsTest {

  private static final String PORTS = "/network/v2.0/ports";
  private static final String FLOATING = "/network/v2.0/floatingips";

  private final StubCloud stub = new StubCloud();

  @BeforeEach
  void network() {
    stub.withNetwork();
    waiting("");
    has("sh1", "");
    stub.http.stubFor(put(urlPathMatching(PORTS + "/.*")).willReturn(okJson("{}")));
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers/sh1/os-interface")).willReturn(okJson("{}")));
  }

  @AfterEach
  void close() {
    stub.close();
  }

  @Test
  void thePortIsTakenFromTheOldServerAndPluggedIntoTheNewOneAsItIs() throws Exception {
    held("{\"id\":\"p1\",\"device_id\":\"vm1\"}");
    waiting("{\"id\":\"p1\",\"device_id\":\"\"}");

    take();

    List<LoggedRequest> changes = stub.http.findAll(putRequestedFor(urlPathEqualTo(PORTS + "/p1")));
    assertThat(changes).hasSize(4);
    // Nova plugs in no port whose MAC it has on a server that is still there
    assertThat(changes.get(1).getBodyAsString()).contains("\"binding:host_id\":\"\"");
    assertThat(changes.get(2).getBodyAsString()).contains("\"mac_address\":\"fa:16:3e:");
    assertThat(changes.getFirst().getBodyAsString())
        .contains("\"device_id\":\"\"", "\"binding:host_id\":\"hv-1\"", "penumbra:for=sh1");
    assertThat(changes.getLast().getBodyAsString()).contains("\"description\":\"penumbra:of=sh1\"");
    stub.http.verify(
        1,
        postRequestedFor(urlPathEqualTo("/v2.1/servers/sh1/os-interface"))
            .withRequestBody(matchingJsonPath("$.interfaceAttachment.port_id", equalTo("p1"))));
    // floating addresses stand on the port and come along: nobody has to move them
    stub.http.verify(0, anyRequestedFor(urlPathMatching("/network/v2.0/floatingips.*")));
  }

  @Test
  void aPortThatWasReleasedByAnAttemptThatBrokeOffIsPluggedInByTheNext() throws Exception {
    held("");
    waiting("{\"id\":\"p1\",\"device_id\":\"\"}");

    take();

    stub.http.verify(1, postRequestedFor(urlPathEqualTo("/v2.1/servers/sh1/os-interface")));
  }

  @Test
  void aPortThatSomebodyElseHasTakenSinceIsLeftToHim() throws Exception {
    held("");
    waiting("{\"id\":\"p1\",\"device_id\":\"somebody-elses\"}");

    take();

    stub.http.verify(0, postRequestedFor(urlPathEqualTo("/v2.1/servers/sh1/os-interface")));
    stub.http.verify(0, putRequestedFor(urlPathEqualTo(PORTS + "/p1")));
  }

  @Test
  void aPortWhoseAddressIsOfAnotherRackStaysAndTheServerGetsOneOfItsOwnRackOnce() throws Exception {
    held(
        "{\"id\":\"p1\",\"device_id\":\"vm1\",\"network_id\":\"n1\",\"project_id\":\"p1\",\"security_groups\":[\"g1\"]}");
    stub.http.stubFor(
        put(urlPathEqualTo(PORTS + "/p1"))
            .willReturn(
                okJson(
                        "{\"NeutronError\":{\"type\":\"HostNotCompatibleWithFixedIps\",\"message\":\"Host hv-1 is not connected\",\"detail\":\"\"}}")
                    .withStatus(409)));
    insteadOf("");
    stub.http.stubFor(post(urlPathEqualTo(PORTS)).willReturn(okJson("{}").withStatus(201)));

    take();

    stub.http.verify(
        1,
        postRequestedFor(urlPathEqualTo(PORTS))
            .withRequestBody(matchingJsonPath("$.port.network_id", equalTo("n1")))
            .withRequestBody(matchingJsonPath("$.port.project_id", equalTo("p1")))
            .withRequestBody(matchingJsonPath("$.port.security_groups[0]", equalTo("g1")))
            .withRequestBody(matchingJsonPath("$.port.['binding:host_id']", equalTo("hv-1")))
            .withRequestBody(matchingJsonPath("$.port.description", equalTo("penumbra:for=sh1"))));

    String made =
        "{\"id\":\"p2\",\"name\":\"penumbra-instead-of-p1\",\"device_id\":\"\",\"description\":\"penumbra:for=sh1\"}";
    insteadOf(made);
    waiting(made);

    take();

    stub.http.verify(1, postRequestedFor(urlPathEqualTo(PORTS)));
    stub.http.verify(
        1,
        postRequestedFor(urlPathEqualTo("/v2.1/servers/sh1/os-interface"))
            .withRequestBody(matchingJsonPath("$.interfaceAttachment.port_id", equalTo("p2"))));
  }

  @Test
  void aPortOfAnotherProjectIsNotTakenAndTheServerGetsOneOfItsOwnWithTheSameSecurityGroups()
      throws Exception {
    held(
        "{\"id\":\"p1\",\"device_id\":\"vm1\",\"network_id\":\"n1\",\"project_id\":\"owner\",\"security_groups\":[\"g1\"]}");
    insteadOf("");
    stub.http.stubFor(post(urlPathEqualTo(PORTS)).willReturn(okJson("{}").withStatus(201)));

    take();

    stub.http.verify(0, putRequestedFor(urlPathEqualTo(PORTS + "/p1")));
    stub.http.verify(
        1,
        postRequestedFor(urlPathEqualTo(PORTS))
            .withRequestBody(matchingJsonPath("$.port.project_id", equalTo("p1")))
            .withRequestBody(matchingJsonPath("$.port.security_groups[0]", equalTo("g1"))));
  }

  @Test
  void whoHasItsPortStillGetsNoOther() throws Exception {
    held("{\"id\":\"p2\",\"name\":\"penumbra-instead-of-p1\",\"device_id\":\"vm1\"}");
    has("sh1", "{\"id\":\"p1\",\"device_id\":\"sh1\"}");

    take();

    stub.http.verify(0, putRequestedFor(urlPathMatching(PORTS + "/.*")));
    stub.http.verify(0, postRequestedFor(urlPathEqualTo(PORTS)));
  }

  @Test
  void whoComesBackToARackTakesThePortThatHasStayedThereAndNoThirdIsMade() throws Exception {
    held(
        "{\"id\":\"p2\",\"name\":\"penumbra-instead-of-p1\",\"device_id\":\"vm1\"},{\"id\":\"p1\",\"device_id\":\"vm1\"}");
    stub.http.stubFor(put(urlPathEqualTo(PORTS + "/p2")).willReturn(okJson("{}").withStatus(409)));

    take();

    stub.http.verify(1, putRequestedFor(urlPathEqualTo(PORTS + "/p1")));
    stub.http.verify(0, postRequestedFor(urlPathEqualTo(PORTS)));
  }

  @Test
  void floatingAddressesOfAPortOfAnotherProjectLeadToItsStandInFromThenOn() throws Exception {
    held("{\"id\":\"p1\",\"device_id\":\"vm1\",\"project_id\":\"owner\"}");
    String made =
        "{\"id\":\"p2\",\"name\":\"penumbra-instead-of-p1\",\"device_id\":\"sh1\",\"description\":\"penumbra:for=sh1\"}";
    has("sh1", made);
    waiting(made);
    floating("p1", "{\"id\":\"f1\",\"floating_ip_address\":\"203.0.113.7\"}");
    stub.http.stubFor(put(urlPathEqualTo(FLOATING + "/f1")).willReturn(okJson("{}")));

    take();

    stub.http.verify(
        1,
        putRequestedFor(urlPathEqualTo(FLOATING + "/f1"))
            .withRequestBody(matchingJsonPath("$.floatingip.port_id", equalTo("p2"))));
    // by which it is known whose it was, when nobody needs it any more
    stub.http.verify(
        1,
        putRequestedFor(urlPathEqualTo(PORTS + "/p2"))
            .withRequestBody(matchingJsonPath("$.port.description", equalTo("penumbra:of=sh1"))));
  }

  @Test
  void aFloatingAddressThatNoRouterBringsThereHoldsNobodyUp() throws Exception {
    held("{\"id\":\"p1\",\"device_id\":\"vm1\",\"project_id\":\"owner\"}");
    has("sh1", "{\"id\":\"p2\",\"name\":\"penumbra-instead-of-p1\",\"device_id\":\"sh1\"}");
    floating("p1", "{\"id\":\"f1\"},{\"id\":\"f2\"}");
    stub.http.stubFor(
        put(urlPathEqualTo(FLOATING + "/f1"))
            .willReturn(okJson("{\"NeutronError\":{\"message\":\"no router\"}}").withStatus(404)));
    stub.http.stubFor(put(urlPathEqualTo(FLOATING + "/f2")).willReturn(okJson("{}")));

    take();

    stub.http.verify(1, putRequestedFor(urlPathEqualTo(FLOATING + "/f2")));
  }

  @Test
  void aStandInGoesWhenItsServerIsGoneAndNoSooner() throws Exception {
    String name = "\"name\":\"penumbra-instead-of-p1\"";
    stub.http.stubFor(
        get(urlPathEqualTo(PORTS))
            .withQueryParam("project_id", equalTo("ours"))
            .willReturn(
                okJson(
                    "{\"ports\":[{\"id\":\"left\",%1$s,\"device_id\":\"\",\"description\":\"penumbra:of=gone\"},{\"id\":\"waits\",%1$s,\"device_id\":\"\",\"description\":\"penumbra:for=sh1\"},{\"id\":\"held\",%1$s,\"device_id\":\"sh1\",\"description\":\"penumbra:of=sh1\"},{\"id\":\"anybodys\",\"name\":\"x\",\"device_id\":\"\",\"description\":\"penumbra:of=gone\"}]}"
                        .formatted(name))));
    stub.http.stubFor(
        delete(urlPathMatching(PORTS + "/.*")).willReturn(okJson("{}").withStatus(204)));
    stub.servers(server("sh1", 1, "ACTIVE", ""));

    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      cloud.sweepStandIns();
    }

    assertThat(stub.http.findAll(deleteRequestedFor(urlPathMatching(PORTS + "/.*"))))
        .extracting(LoggedRequest::getUrl)
        .containsExactly(PORTS + "/left");
  }

  @Test
  void aStandInStaysWhileNovaCanNotSayWhetherItsServerIsThere() {
    stub.http.stubFor(
        get(urlPathEqualTo(PORTS))
            .withQueryParam("project_id", equalTo("ours"))
            .willReturn(
                okJson(
                    "{\"ports\":[{\"id\":\"p2\",\"name\":\"penumbra-instead-of-p1\",\"device_id\":\"\",\"description\":\"penumbra:of=sh1\"}]}")));
    stub.servers(StubCloud.untold("sh1"));

    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      assertThatThrownBy(cloud::sweepStandIns).isInstanceOf(CloudUnavailableException.class);
    }

    stub.http.verify(0, deleteRequestedFor(urlPathMatching(PORTS + "/.*")));
  }

  @Test
  void aPortThatNovaUnboundWithAnOldServerIsGivenBack() throws Exception {
    String lost =
        "{\"id\":\"%s\",\"device_id\":\"\",\"description\":\"penumbra:of=sh1\",\"fixed_ips\":[{\"ip_address\":\"%s\"}]}";
    String unbound = lost.formatted("p1", "10.0.0.2");
    String unplugged = lost.formatted("p2", "10.0.0.9"); // on purpose: Nova does not show it there
    for (String field : List.of("project_id=ours", "id=p1")) {
      stub.http.stubFor(
          get(urlPathEqualTo(PORTS))
              .withQueryParam(field.split("=", 2)[0], equalTo(field.split("=", 2)[1]))
              .willReturn(
                  okJson(
                      "{\"ports\":[%s]}"
                          .formatted(
                              field.startsWith("id") ? unbound : unbound + "," + unplugged))));
    }
    stub.http.stubFor(put(urlPathMatching(PORTS + "/.*")).willReturn(okJson("{}")));
    stub.servers(server("sh1", 1, "ACTIVE", ""));

    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      cloud.sweepStandIns();
    }

    assertThat(stub.http.findAll(putRequestedFor(urlPathMatching(PORTS + "/.*"))))
        .extracting(LoggedRequest::getUrl)
        .containsOnly(PORTS + "/p1");
    stub.http.verify(
        putRequestedFor(urlPathEqualTo(PORTS + "/p1"))
            .withRequestBody(matchingJsonPath("$.port.device_id", equalTo("sh1")))
            .withRequestBody(matchingJsonPath("$.port['binding:host_id']", equalTo("hv-1"))));
  }

  @Test
  void novaIsToldToForgetThePortsThatAnotherServerHas() throws Exception {
    has("sh1", "{\"id\":\"p1\",\"device_id\":\"sh1\"}");
    Session session = new Session(stub.login(), InstantSource.system());
    try (Rest rest = new Rest(session, 4)) {
      new Ports(session, rest)
          .letGo(read(server("vm1", 0, "ACTIVE", "")), read(server("sh1", 1, "ACTIVE", "")));
    }

    stub.http.verify(
        1,
        postRequestedFor(urlPathEqualTo("/v2.1/os-server-external-events"))
            .withRequestBody(matchingJsonPath("$.events[0].name", equalTo("network-changed")))
            .withRequestBody(matchingJsonPath("$.events[0].server_uuid", equalTo("vm1")))
            .withRequestBody(matchingJsonPath("$.events[0].tag", equalTo("p1"))));
  }

  private void floating(String port, String addresses) {
    stub.http.stubFor(
        get(urlPathEqualTo(FLOATING))
            .withQueryParam("port_id", equalTo(port))
            .willReturn(okJson("{\"floatingips\":[" + addresses + "]}")));
  }

  private void insteadOf(String ports) {
    stub.http.stubFor(
        get(urlPathEqualTo(PORTS))
            .withQueryParam("name", equalTo("penumbra-instead-of-p1"))
            .willReturn(okJson("{\"ports\":[" + ports + "]}")));
  }

  private void held(String ports) {
    has("vm1", ports);
  }

  private void has(String server, String ports) {
    stub.http.stubFor(
        get(urlPathEqualTo(PORTS))
            .withQueryParam("device_id", equalTo(server))
            .willReturn(okJson("{\"ports\":[" + ports + "]}")));
  }

  private void waiting(String ports) {
    stub.http.stubFor(
        get(urlPathEqualTo(PORTS))
            .withQueryParam("description", equalTo("penumbra:for=sh1"))
            .willReturn(okJson("{\"ports\":[" + ports + "]}")));
  }

  private void take() throws Exception {
    Session session = new Session(stub.login(), InstantSource.system());
    try (Rest rest = new Rest(session, 4)) {
      new Ports(session, rest)
          .take(
              read(server("sh1", 1, "SHUTOFF", "\"penumbra:shadow-of\":\"vm1\"")),
              List.of(read(server("vm1", 0, "ACTIVE", ""))));
    }
  }

  private static ServerRecord read(String json) throws Exception {
    Optional<ServerRecord> read =
        new ServerReader(new PolicyResolver(PolicyRules.none()), () -> "p1")
            .read(
                new com.fasterxml.jackson.databind.ObjectMapper()
                    .readTree(json.replace("\"ours\"", "\"p1\"")),
                Map.of());
    return read.orElseThrow();
  }
}
