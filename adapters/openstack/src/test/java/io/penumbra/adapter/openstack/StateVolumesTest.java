package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.delete;
import static com.github.tomakehurst.wiremock.client.WireMock.deleteRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.matchingJsonPath;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.put;
import static com.github.tomakehurst.wiremock.client.WireMock.putRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathMatching;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.tomakehurst.wiremock.client.MappingBuilder;
import com.github.tomakehurst.wiremock.matching.RequestPatternBuilder;
import com.github.tomakehurst.wiremock.stubbing.Scenario;
import com.github.tomakehurst.wiremock.verification.LoggedRequest;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Servers that boot from a volume, whose states are snapshots in Cinder. What Nova and Cinder make
 * of it is told in .ci/openstack-test; here is what they won't do on demand.
 */
class StateVolumesTest {

  private static final String SHADOW =
      "\"penumbra:shadow-of\":\"vm0\",\"penumbra:role\":\"shadow\",\"penumbra:host\":\"hv-1\"";

  private static final String VM =
      fromVolume(StubCloud.server("vm0", 0, "ACTIVE", "\"penumbra:rpo\":\"1h\""));

  private final StubCloud stub = new StubCloud();

  @BeforeEach
  void aServerThatBootsFromAVolumeAndItsShadow() {
    stub.withVolumes();
    stub.list("/v2.1/flavors/detail", "flavors", "{\"id\":\"f1\",\"name\":\"m1\"}");
    stub.servers(VM);
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers/vm0/action"))
            .willReturn(aResponse().withStatus(202).withBody("{\"image_id\":\"newer\"}")));
    stub.list(
        "/image/v2/images",
        "images",
        state("older", "penumbra-vm0-0-1", "was") + "," + state("newer", "penumbra-vm0-0-2", "is"));
    for (String image : List.of("older", "newer")) {
      stub.http.stubFor(
          get(urlPathEqualTo("/image/v2/images/" + image))
              .willReturn(
                  okJson(
                      state(
                          image,
                          "penumbra-vm0-0-" + (image.equals("older") ? 1 : 2),
                          image.equals("older") ? "was" : "is"))));
    }
    stub.http.stubFor(
        delete(urlPathMatching("/image/v2/images/.*")).willReturn(aResponse().withStatus(204)));
    there("s0");
    stub.http.stubFor(
        step("s0", Scenario.STARTED, "gone", delete(urlPathEqualTo("/v2.1/servers/s0")))
            .willReturn(aResponse().withStatus(204)));
    made();
  }

  @AfterEach
  void close() {
    stub.close();
  }

  @Test
  void itsShadowBecomesAnotherServerOfTheNewSnapshotsBeforeTheOldOneGoes() throws Exception {
    snapshot("is", "available");
    deletable("was");
    try (OpenStackCloud cloud = cloud()) {
      long cursor = cloud.snapshot().cursor();
      await(deleteRequestedFor(urlPathEqualTo("/image/v2/images/older")));

      LoggedRequest create = only(postRequestedFor(urlPathEqualTo("/v2.1/servers")));
      assertThat(create.getBodyAsString())
          .contains("\"source_type\":\"snapshot\"", "\"uuid\":\"is\"", "\"boot_index\":0")
          .contains("\"delete_on_termination\":true", "\"host\":\"hv-1\"")
          .contains("\"penumbra:volumes-going\":\"none\"", "\"penumbra:epoch\":\"3\"")
          .doesNotContain("imageRef");
      LoggedRequest end = only(deleteRequestedFor(urlPathEqualTo("/v2.1/servers/s0")));
      assertThat(create.getLoggedDate()).isBeforeOrEqualTo(end.getLoggedDate());
      assertThat(count(deleteRequestedFor(urlPathEqualTo("/volume/v3/ours/snapshots/was"))))
          .isEqualTo(1);
      assertThat(count(deleteRequestedFor(urlPathEqualTo("/volume/v3/ours/snapshots/is"))))
          .isZero();
      assertThat(StubCloud.names(cloud.events(cursor, 10).events())).doesNotContain("ShadowLost");
      assertThat(cloud.snapshot().shadows())
          .singleElement()
          .satisfies(shadow -> assertThat(shadow.complete()).isTrue());
    }
  }

  @Test
  void whereThereIsNoRoomForBothTheOldOneMakesRoomAndNobodyIsToldThatItIsLost() throws Exception {
    stub.http.stubFor(
        get(urlPathEqualTo("/placement/allocation_candidates"))
            .willReturn(okJson("{\"allocation_requests\":[]}")));
    snapshot("is", "available");
    deletable("was");
    try (OpenStackCloud cloud = cloud()) {
      long cursor = cloud.snapshot().cursor();
      await(deleteRequestedFor(urlPathEqualTo("/image/v2/images/older")));

      assertThat(only(deleteRequestedFor(urlPathEqualTo("/v2.1/servers/s0"))).getLoggedDate())
          .isBeforeOrEqualTo(
              only(postRequestedFor(urlPathEqualTo("/v2.1/servers"))).getLoggedDate());
      assertThat(StubCloud.names(cloud.events(cursor, 10).events())).doesNotContain("ShadowLost");
    }
  }

  @Test
  void aShadowThatMadeRoomForNothingIsToldToBeLost() throws Exception {
    stub.http.stubFor(
        get(urlPathEqualTo("/placement/allocation_candidates"))
            .willReturn(okJson("{\"allocation_requests\":[]}")));
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers"))
            .willReturn(
                aResponse()
                    .withStatus(403)
                    .withBody("{\"forbidden\":{\"message\":\"Quota exceeded for volumes\"}}")));
    snapshot("is", "available");
    try (OpenStackCloud cloud = cloud()) {
      long cursor = cloud.snapshot().cursor();
      StubCloud.waitFor(() ->
          StubCloud.names(cloud.events(cursor, 10).events())
              .contains(Event.ShadowLost.class.getSimpleName()));

      assertThat(cloud.snapshot().shadows()).isEmpty();
      assertThat(count(deleteRequestedFor(urlPathEqualTo("/image/v2/images/newer"))))
          .as("a new shadow can start from it")
          .isZero();
    }
  }

  @Test
  void aStateOfWhichASnapshotFailsIsDroppedAndTheShadowSaysSo() throws Exception {
    stub.http.stubFor(
        step("is", Scenario.STARTED, "gone", delete(urlPathEqualTo(snapshots("is"))))
            .willReturn(aResponse().withStatus(202)));
    stub.http.stubFor(
        step("is", Scenario.STARTED, Scenario.STARTED, get(urlPathEqualTo(snapshots("is"))))
            .willReturn(okJson("{\"snapshot\":{\"id\":\"is\",\"status\":\"error\"}}")));
    stub.http.stubFor(post(urlPathEqualTo("/v2.1/servers/s0/metadata")).willReturn(okJson("{}")));
    try (OpenStackCloud cloud = cloud()) {
      cloud.snapshot();
      await(
          postRequestedFor(urlPathEqualTo("/v2.1/servers/s0/metadata"))
              .withRequestBody(
                  matchingJsonPath(
                      "$.metadata[?(@['penumbra:stale'] =~ /.*lacks a snapshot.*/)]")));

      assertThat(count(deleteRequestedFor(urlPathEqualTo("/image/v2/images/newer")))).isPositive();
      assertThat(count(postRequestedFor(urlPathEqualTo("/v2.1/servers")))).isZero();
    }
  }

  @Test
  void anImageStaysAsLongAsASnapshotOfItsVolumesDoes() throws Exception {
    snapshot("is", "available");
    snapshot("was", "available"); // as where a volume that was made of it still hangs on it
    stub.http.stubFor(
        delete(urlPathEqualTo(snapshots("was"))).willReturn(aResponse().withStatus(202)));
    try (OpenStackCloud cloud = cloud()) {
      cloud.snapshot();
      await(deleteRequestedFor(urlPathEqualTo(snapshots("was"))));
      cloud.execute( // its turn comes when the refresh has ended
          new Command.ChangeShadowMode(
              CommandId.of("c"), VmId.of("vm0"), HostId.of("hv-1"), ShadowMode.COLD));
      assertThat(stub.told.poll(120, TimeUnit.SECONDS)).isInstanceOf(Event.CommandReported.class);

      assertThat(count(deleteRequestedFor(urlPathEqualTo("/image/v2/images/older")))).isZero();
    }
  }

  @Test
  void whatItsOwnerKeepsStaysWithTheServerThatIsTheVmNow() throws Exception {
    stub.servers(
        VM,
        fromVolume(
            StubCloud.server(
                "s1",
                1,
                "ACTIVE",
                SHADOW.replace("\"penumbra:role\":\"shadow\"", "\"penumbra:role\":\"primary\"")
                    + ",\"penumbra:term\":\"1\",\"penumbra:volumes-going\":\"/dev/vdb\"")));
    stub.http.stubFor(post(urlPathEqualTo("/v2.1/servers/vm0/metadata")).willReturn(okJson("{}")));
    stub.list(
        "/v2.1/servers/s1/os-volume_attachments",
        "volumeAttachments",
        attached("root", "/dev/vda") + "," + attached("scratch", "/dev/vdb"));
    stub.http.stubFor(
        put(urlPathMatching("/v2.1/servers/s1/os-volume_attachments/.*"))
            .willReturn(aResponse().withStatus(202)));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      cloud.snapshot();
      retired();
      cloud.execute(
          new Command.Activate(CommandId.of("a"), VmId.of("vm0"), HostId.of("hv-1"), 2, 1));
      assertThat(stub.told.poll(120, TimeUnit.SECONDS))
          .isInstanceOfSatisfying(
              Event.CommandReported.class,
              report -> assertThat(report.outcome()).isInstanceOf(Outcome.Done.class));

      assertThat(
              only(putRequestedFor(urlPathMatching("/v2.1/servers/s1/os-volume_attachments/.*")))
                  .getUrl())
          .endsWith("/root");
    }
  }

  private void retired() {
    stub.http.stubFor(
        get(urlPathEqualTo("/v2.1/servers/vm0"))
            .willReturn(
                okJson(
                    "{\"server\":%s}"
                        .formatted(
                            StubCloud.server(
                                "vm0", 0, "SHUTOFF", "\"penumbra:role\":\"retired\"")))));
  }

  private static String attached(String volume, String device) {
    return "{\"id\":\"%s\",\"volumeId\":\"%s\",\"device\":\"%s\",\"delete_on_termination\":true}"
        .formatted(volume, volume, device);
  }

  // --- the cloud

  private OpenStackCloud cloud() {
    OpenStackSettings still = StubCloud.still();
    return stub.cloud(
        new OpenStackSettings(
            still.reportInterval(),
            still.servicesEvery(),
            still.changesEvery(),
            still.everythingEvery(),
            OpenStackSettings.ColdSource.SNAPSHOT,
            false,
            false,
            still.retire(),
            new OpenStackSettings.Refresh(Duration.ofSeconds(1), 1),
            Duration.ofSeconds(60)));
  }

  private static String fromVolume(String server) {
    return server.replace("\"image\":{\"id\":\"img\"}", "\"image\":\"\"");
  }

  /** A state in Glance, of one volume, as Nova writes it. */
  private static String state(String id, String name, String snapshot) {
    String mapping =
        "[{\"source_type\":\"snapshot\",\"destination_type\":\"volume\",\"snapshot_id\":\"%s\",\"boot_index\":0,\"device_name\":\"/dev/vda\",\"volume_size\":1,\"delete_on_termination\":false,\"no_device\":null}]"
            .formatted(snapshot)
            .replace("\"", "\\\"");
    return "{\"id\":\"%s\",\"name\":\"%s\",\"status\":\"active\",\"owner\":\"ours\",\"image_type\":\"snapshot\",\"size\":0,\"created_at\":\"2026-01-01T00:00:00Z\",\"bdm_v2\":\"True\",\"block_device_mapping\":\"%s\"}"
        .formatted(id, name, mapping);
  }

  private static String snapshots(String id) {
    return "/volume/v3/ours/snapshots/" + id;
  }

  private void snapshot(String id, String status) {
    stub.http.stubFor(
        get(urlPathEqualTo(snapshots(id)))
            .willReturn(
                okJson("{\"snapshot\":{\"id\":\"%s\",\"status\":\"%s\"}}".formatted(id, status))));
  }

  /** There until it is deleted. */
  private void deletable(String id) {
    stub.http.stubFor(
        step(id, Scenario.STARTED, Scenario.STARTED, get(urlPathEqualTo(snapshots(id))))
            .willReturn(okJson("{\"snapshot\":{\"status\":\"available\"}}")));
    stub.http.stubFor(
        step(id, Scenario.STARTED, "gone", delete(urlPathEqualTo(snapshots(id))))
            .willReturn(aResponse().withStatus(202)));
  }

  private static MappingBuilder step(String of, String from, String to, MappingBuilder request) {
    return request.inScenario(of).whenScenarioStateIs(from).willSetStateTo(to);
  }

  /** A shadow's server that is stopped, until it is deleted. */
  private void there(String id) {
    String server = shown(id, "SHUTOFF", "complete", 1, "older", "2026-01-01T00:00:00Z");
    stub.http.stubFor(
        step(id, Scenario.STARTED, Scenario.STARTED, get(urlPathEqualTo("/v2.1/servers/" + id)))
            .willReturn(okJson("{\"server\":" + server + "}")));
    stub.listed(VM, server);
  }

  private static String shown(
      String id, String status, String state, int epoch, String image, String cut) {
    return fromVolume(
        StubCloud.server(
            id,
            1,
            status,
            SHADOW
                + ",\"penumbra:epoch\":\"%d\",\"penumbra:image\":\"%s\",\"penumbra:cut\":\"%s\"%s"
                    .formatted(
                        epoch,
                        image,
                        cut,
                        state.isEmpty() ? "" : ",\"penumbra:state\":\"" + state + "\"")));
  }

  /** What Nova makes of an order for another server: it runs, is stopped, and marked. */
  private void made() {
    String path = "/v2.1/servers/s1";
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers"))
            .willReturn(aResponse().withStatus(202).withBody("{\"server\":{\"id\":\"s1\"}}")));
    String[] states = {Scenario.STARTED, "stopped", "marked"};
    String now = Instant.now().toString();
    String[] servers = {
      shown("s1", "ACTIVE", "", 2, "newer", now),
      shown("s1", "SHUTOFF", "", 2, "newer", now),
      shown("s1", "SHUTOFF", "complete", 2, "newer", now)
    };
    for (int i = 0; i < states.length; i++) {
      stub.http.stubFor(
          step("s1", states[i], states[i], get(urlPathEqualTo(path)))
              .willReturn(okJson("{\"server\":" + servers[i] + "}")));
    }
    stub.http.stubFor(
        step("s1", states[0], states[1], post(urlPathEqualTo(path + "/action")))
            .willReturn(aResponse().withStatus(202)));
    stub.http.stubFor(
        step("s1", states[1], states[2], post(urlPathEqualTo(path + "/metadata")))
            .willReturn(okJson("{}")));
  }

  private int count(RequestPatternBuilder pattern) {
    return stub.http.findAll(pattern).size();
  }

  private LoggedRequest only(RequestPatternBuilder pattern) {
    List<LoggedRequest> found = stub.http.findAll(pattern);
    assertThat(found).hasSize(1);
    return found.getFirst();
  }

  private void await(RequestPatternBuilder pattern) throws InterruptedException {
    StubCloud.waitFor(() -> count(pattern) > 0);
  }
}
