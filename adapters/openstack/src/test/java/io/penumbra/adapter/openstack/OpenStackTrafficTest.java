package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.delete;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.equalToJson;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.getRequestedFor;
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
import java.time.Duration;
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
        "{\"id\":\"m1\",\"address\":\"10.0.0.1\",\"project_id\":\"p1\",\"protocol_port\":80,\"admin_state_up\":true,\"weight\":7,\"provisioning_status\":\"ACTIVE\"}";
    String now =
        "{\"id\":\"m2\",\"address\":\"10.0.0.2\",\"project_id\":\"p1\",\"protocol_port\":80,\"admin_state_up\":true,\"provisioning_status\":\"ACTIVE\"}";
    String coming = now.replace("ACTIVE", "PENDING_CREATE");
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
        "coming");
    state(get(urlPathMatching(MEMBERS)).willReturn(members(old + "," + coming)), "coming", "both");
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
            .withRequestBody(
                matchingJsonPath("$.member[?(@.address == '10.0.0.2' && @.weight == 7)]")));
  }

  @Test
  void aMemberThatOctaviaCouldNotMakeIsNotTakenForThere() throws Exception {
    stub.http.stubFor(
        get(urlPathMatching(MEMBERS))
            .willReturn(
                members(
                    "{\"id\":\"m2\",\"address\":\"10.0.0.2\",\"project_id\":\"p1\",\"protocol_port\":80,\"provisioning_status\":\"ERROR\"}")));

    assertThat(
            route(
                new Command.PointLoadBalancer(
                    CommandId.of("c"), VmId.of("vm1"), HostId.of("hv-1"))))
        .isInstanceOf(Outcome.Unknown.class)
        .hasToString("Unknown[why=member m2 is in ERROR]");
  }

  @Test
  void aNameIsPointedAndReadBack() throws Exception {
    String path = RECORDSET;
    state(
        get(urlPathMatching(path)).willReturn(recordset("10.0.0.1")),
        Scenario.STARTED,
        Scenario.STARTED);
    state(put(urlPathMatching(path)).willReturn(recordset("10.0.0.2")), Scenario.STARTED, "told");
    state(
        get(urlPathMatching(path))
            .willReturn(okJson(json("10.0.0.2").replace("ACTIVE", "PENDING"))),
        "told",
        "done");
    state(get(urlPathMatching(path)).willReturn(recordset("10.0.0.2")), "done", "done");

    Outcome outcome =
        route(new Command.PointDns(CommandId.of("c"), VmId.of("vm1"), HostId.of("hv-1")));

    assertThat(outcome).isInstanceOf(Outcome.Done.class);
    stub.http.verify(
        putRequestedFor(urlPathMatching(path))
            .withHeader("X-Auth-All-Projects", equalTo("true"))
            .withRequestBody(equalToJson("{\"records\":[\"10.0.0.2\"]}")));
    stub.http.verify(3, getRequestedFor(urlPathMatching(path)));
  }

  @Test
  void othersOfTheSameNameStay() throws Exception {
    state(
        get(urlPathMatching(RECORDSET)).willReturn(recordset("10.0.0.1\",\"10.0.0.77")),
        Scenario.STARTED,
        Scenario.STARTED);
    state(put(urlPathMatching(RECORDSET)).willReturn(okJson("{}")), Scenario.STARTED, "done");
    state(
        get(urlPathMatching(RECORDSET)).willReturn(recordset("10.0.0.77\",\"10.0.0.2")),
        "done",
        "done");

    assertThat(route(new Command.PointDns(CommandId.of("c"), VmId.of("vm1"), HostId.of("hv-1"))))
        .isInstanceOf(Outcome.Done.class);
    stub.http.verify(
        putRequestedFor(urlPathMatching(RECORDSET))
            .withRequestBody(equalToJson("{\"records\":[\"10.0.0.77\",\"10.0.0.2\"]}")));
  }

  @Test
  void aNameThatHasTheAddressAlreadyIsLeftAlone() throws Exception {
    stub.http.stubFor(get(urlPathMatching(RECORDSET)).willReturn(recordset("10.0.0.2")));

    assertThat(route(new Command.PointDns(CommandId.of("c"), VmId.of("vm1"), HostId.of("hv-1"))))
        .isInstanceOf(Outcome.Done.class);
    stub.http.verify(0, putRequestedFor(urlPathMatching(RECORDSET)));
  }

  @Test
  void aNameOfAFloatingAddressThatFollowedIsLeftAloneAlsoBeforeNovaHasHeardOfIt() throws Exception {
    stub.withNetwork();
    stub.list("/network/v2.0/ports", "ports", "{\"id\":\"p2\"}");
    stub.list(
        "/network/v2.0/floatingips",
        "floatingips",
        "{\"id\":\"f1\",\"floating_ip_address\":\"203.0.113.7\"}");
    stub.http.stubFor(get(urlPathMatching(RECORDSET)).willReturn(recordset("203.0.113.7")));

    assertThat(route(new Command.PointDns(CommandId.of("c"), VmId.of("vm1"), HostId.of("hv-1"))))
        .isInstanceOf(Outcome.Done.class);
    stub.http.verify(0, putRequestedFor(urlPathMatching(RECORDSET)));
  }

  @Test
  void anotherProjectsNameIsNotTurnedAndItsServerSaysSo() throws Exception {
    stub.http.stubFor(
        get(urlPathMatching(RECORDSET)).willReturn(okJson(json("10.0.0.77").replace("p1", "p2"))));

    Outcome outcome =
        route(new Command.PointDns(CommandId.of("c"), VmId.of("vm1"), HostId.of("hv-1")));

    refused(outcome, "penumbra:names has r1, which is not of this server's project p1");
    assertThat(
            route(new Command.SetDnsTtl(CommandId.of("t"), VmId.of("vm1"), Duration.ofSeconds(5))))
        .isInstanceOf(Outcome.Failed.class);
    stub.http.verify(0, putRequestedFor(urlPathMatching(RECORDSET)));
  }

  @Test
  void anotherProjectsPoolGetsNoMember() throws Exception {
    stub.http.stubFor(
        get(urlPathMatching(MEMBERS))
            .willReturn(
                members(
                    "{\"id\":\"m1\",\"project_id\":\"p2\",\"address\":\"10.0.0.77\",\"protocol_port\":80}")));
    pool("p2", "");

    refused(balance(), "penumbra:pools has pool1, which is not of this server's project p1");
    stub.http.verify(0, postRequestedFor(urlPathMatching(MEMBERS)));
  }

  @Test
  void aPoolOfOursServesWhomItNames() throws Exception {
    stub.http.stubFor(get(urlPathMatching(MEMBERS)).willReturn(members("")));
    stub.http.stubFor(
        post(urlPathMatching(MEMBERS)).willReturn(aResponse().withStatus(400).withBody("{}")));
    pool("ours", "for all, penumbra:project=p12");
    refused(balance(), "penumbra:pools has pool1, which is not of this server's project p1");
    stub.http.verify(0, postRequestedFor(urlPathMatching(MEMBERS)));

    pool("ours", "for two: penumbra:project=p12, penumbra:project=p1");
    assertThat(balance()).as("this stub adds nothing").isInstanceOf(Outcome.Failed.class);
    stub.http.verify(1, postRequestedFor(urlPathMatching(MEMBERS)));
  }

  @Test
  void whatAnotherProjectSaysOfItselfLetsNobodyIn() throws Exception {
    stub.http.stubFor(get(urlPathMatching(MEMBERS)).willReturn(members("")));
    pool("p2", "penumbra:project=p1");

    refused(balance(), "penumbra:pools has pool1, which is not of this server's project p1");
  }

  @Test
  void onlyIdsBecomePartOfAnAddress() throws Exception {
    String names = promoted("\"penumbra:names\":\"z1/r1/../../z2/recordsets/r2\"");

    refused(
        route(new Command.PointDns(CommandId.of("c"), VmId.of("vm1"), HostId.of("hv-1")), names),
        "penumbra:names has 'z1/r1/../../z2/recordsets/r2', which are no ids");
  }

  private Outcome balance() throws InterruptedException {
    return route(
        new Command.PointLoadBalancer(CommandId.of("c"), VmId.of("vm1"), HostId.of("hv-1")));
  }

  private void pool(String project, String description) {
    stub.http.stubFor(
        get(urlPathMatching("/lb/.*pools/pool1"))
            .willReturn(
                okJson(
                    "{\"pool\":{\"id\":\"pool1\",\"project_id\":\"%s\",\"description\":\"%s\"}}"
                        .formatted(project, description))));
  }

  private static void refused(Outcome outcome, String why) {
    assertThat(outcome)
        .isInstanceOfSatisfying(
            Outcome.Failed.class,
            no -> {
              assertThat(no.code()).isEqualTo("bad-metadata");
              assertThat(no.message()).isEqualTo(why);
            });
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
    return okJson(json(address));
  }

  private static String json(String address) {
    return "{\"id\":\"r1\",\"project_id\":\"p1\",\"zone_id\":\"z1\",\"name\":\"a.example.\",\"type\":\"A\",\"ttl\":30,\"status\":\"ACTIVE\",\"records\":[\"%s\"]}"
        .formatted(address);
  }

  private static String promoted(String marks) {
    return server(
        "sh1",
        1,
        "ACTIVE",
        "\"penumbra:shadow-of\":\"vm1\",\"penumbra:role\":\"primary\",\"penumbra:term\":\"1\",\"penumbra:project\":\"p1\","
            + marks);
  }

  private Outcome route(Command.TrafficCommand command) throws InterruptedException {
    return route(command, promoted("\"penumbra:pools\":\"pool1:80\",\"penumbra:names\":\"z1/r1\""));
  }

  private Outcome route(Command.TrafficCommand command, String promoted)
      throws InterruptedException {
    stub.servers(server("vm1", 0, "ACTIVE", "\"penumbra:role\":\"retired\""), promoted);
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still());
        OpenStackTraffic traffic = cloud.traffic(stub.told::add)) {
      cloud.snapshot();
      traffic.execute(command);
      Event event = stub.told.poll(120, TimeUnit.SECONDS);
      return ((Event.CommandReported) Objects.requireNonNull(event)).outcome();
    }
  }
}
