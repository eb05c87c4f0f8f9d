package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.delete;
import static com.github.tomakehurst.wiremock.client.WireMock.equalToJson;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.matchingJsonPath;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.put;
import static com.github.tomakehurst.wiremock.client.WireMock.putRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathMatching;
import static io.penumbra.adapter.openstack.StubCloud.server;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.tomakehurst.wiremock.client.MappingBuilder;
import com.github.tomakehurst.wiremock.stubbing.Scenario;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OpenStackTrafficTest {

  private static final String MEMBERS = "/lb/.*pools/pool1/members";
  private static final String RECORDSET = "/dns/.*zones/z1/recordsets/r1";

  private final StubCloud stub = new StubCloud();

  @AfterEach
  void close() {
    stub.close();
  }

  @Test
  void theNewMemberComesAndTheOldOneGoesAlthoughTheBalancerIsBusyAtFirst() throws Exception {
    String old =
        "{\"id\":\"m1\",\"address\":\"10.0.0.1\",\"protocol_port\":80,\"admin_state_up\":true}";
    String now =
        "{\"id\":\"m2\",\"address\":\"10.0.0.2\",\"protocol_port\":80,\"admin_state_up\":true}";
    state(
        get(urlPathMatching(MEMBERS)).willReturn(members(old)), Scenario.STARTED, Scenario.STARTED);
    state(
        post(urlPathMatching(MEMBERS)).willReturn(aResponse().withStatus(409).withBody("{}")),
        Scenario.STARTED,
        "free");
    state(get(urlPathMatching(MEMBERS)).willReturn(members(old)), "free", "free");
    state(
        post(urlPathMatching(MEMBERS))
            .willReturn(okJson("{\"member\":" + now + "}").withStatus(201)),
        "free",
        "both");
    state(get(urlPathMatching(MEMBERS)).willReturn(members(old + "," + now)), "both", "both");
    state(
        delete(urlPathMatching(MEMBERS + "/m1")).willReturn(aResponse().withStatus(204)),
        "both",
        "new");
    state(get(urlPathMatching(MEMBERS)).willReturn(members(now)), "new", "new");

    Outcome outcome =
        route(new Command.PointLoadBalancer(CommandId.of("c"), VmId.of("vm1"), HostId.of("hv-1")));

    assertThat(outcome).isInstanceOf(Outcome.Done.class);
    stub.http.verify(
        postRequestedFor(urlPathMatching(MEMBERS))
            .withRequestBody(matchingJsonPath("$.member[?(@.address == '10.0.0.2')]")));
  }

  @Test
  void aNameIsPointedAndReadBack() throws Exception {
    String path = RECORDSET;
    state(
        get(urlPathMatching(path)).willReturn(recordset("10.0.0.1")),
        Scenario.STARTED,
        Scenario.STARTED);
    state(put(urlPathMatching(path)).willReturn(recordset("10.0.0.2")), Scenario.STARTED, "done");
    state(get(urlPathMatching(path)).willReturn(recordset("10.0.0.2")), "done", "done");

    Outcome outcome =
        route(new Command.PointDns(CommandId.of("c"), VmId.of("vm1"), HostId.of("hv-1")));

    assertThat(outcome).isInstanceOf(Outcome.Done.class);
    stub.http.verify(
        putRequestedFor(urlPathMatching(path))
            .withRequestBody(equalToJson("{\"records\":[\"10.0.0.2\"]}")));
  }

  private void state(MappingBuilder mapping, String from, String to) {
    stub.http.stubFor(
        mapping.atPriority(1).inScenario("s").whenScenarioStateIs(from).willSetStateTo(to));
  }

  private static com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder members(
      String members) {
    return okJson("{\"members\":[" + members + "]}");
  }

  private static com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder recordset(
      String address) {
    return okJson(
        "{\"id\":\"r1\",\"zone_id\":\"z1\",\"name\":\"a.example.\",\"type\":\"A\",\"ttl\":30,\"status\":\"ACTIVE\",\"records\":[\"%s\"]}"
            .formatted(address));
  }

  private Outcome route(Command.TrafficCommand command) throws InterruptedException {
    stub.servers(
        server("vm1", 0, "ACTIVE", "\"penumbra:role\":\"retired\""),
        server(
            "sh1",
            1,
            "ACTIVE",
            "\"penumbra:shadow-of\":\"vm1\",\"penumbra:role\":\"primary\",\"penumbra:term\":\"1\",\"penumbra:pools\":\"pool1:80\",\"penumbra:names\":\"z1/r1\""));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still());
        OpenStackTraffic traffic = cloud.traffic(stub.told::add)) {
      cloud.snapshot();
      traffic.execute(command);
      Event event = stub.told.poll(20, TimeUnit.SECONDS);
      return ((Event.CommandReported) Objects.requireNonNull(event)).outcome();
    }
  }
}
