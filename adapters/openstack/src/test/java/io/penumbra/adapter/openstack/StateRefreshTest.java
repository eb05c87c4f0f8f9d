package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.delete;
import static com.github.tomakehurst.wiremock.client.WireMock.deleteRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.getRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.matchingJsonPath;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathMatching;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder;
import com.github.tomakehurst.wiremock.matching.RequestPatternBuilder;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a real Glance won't do on demand; that states get newer is told in .ci/openstack-test. */
class StateRefreshTest {

  private final StubCloud stub = new StubCloud();

  @AfterEach
  void close() {
    stub.close();
  }

  @Test
  void aQuotaThatIsUsedUpIsToldOnTheShadowAndNotAskedAgainAtOnce() throws Exception {
    pairs(1, "2026-01-01T00:00:00Z", "1h"); // after which it is tried again
    snapshots(
        aResponse()
            .withStatus(403)
            .withBody("{\"forbidden\":{\"message\":\"Quota exceeded for resource: image\"}}"));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofHours(1), 2))) {
      cloud.snapshot();
      await(
          postRequestedFor(urlPathEqualTo("/v2.1/servers/s0/metadata"))
              .withRequestBody(
                  matchingJsonPath("$.metadata[?(@['penumbra:stale'] =~ /.*Quota exceeded.*/)]")),
          1);
      Thread.sleep(300);

      assertThat(count(cut("vm0"))).isEqualTo(1);
    }
  }

  @Test
  void theOldestComesFirstAndNoMoreAreCutAtOnceThanAllowed() throws Exception {
    pairs(3, "2026-01-0%dT00:00:00Z", "1s");
    snapshots(StubCloud.held(aResponse().withStatus(202).withBody("{}")));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofSeconds(1), 1))) {
      cloud.snapshot();
      stub.awaitHeld(1);
      cloud.lookForStates();
      Thread.sleep(300);

      assertThat(count(cut("vm1")) + count(cut("vm2"))).isZero();
      stub.release();
      await(cut("vm0"), 1);
    }
  }

  @Test
  void aStateThatIsNewEnoughIsLeftAloneUntilAnotherPaceIsAskedFor() throws Exception {
    pairs(1, Instant.now().minusSeconds(5).toString(), "1h");
    snapshots(aResponse().withStatus(202).withBody("{}"));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofSeconds(1), 1))) {
      cloud.snapshot();
      cloud.lookForStates();
      Thread.sleep(300);
      assertThat(count(cut("vm0"))).isZero();

      cloud.execute(
          new Command.SetEpochInterval(
              CommandId.of("pace"), VmId.of("vm0"), Duration.ofSeconds(2)));
      assertThat(stub.told.poll(120, TimeUnit.SECONDS))
          .isInstanceOfSatisfying(
              Event.CommandReported.class,
              report -> assertThat(report.outcome()).isInstanceOf(Outcome.Done.class));
      await(cut("vm0"), 1);
    }
  }

  @Test
  void noStateIsCutForAShadowWhoseHostIsDown() throws Exception {
    pairs(1, "2026-01-0%dT00:00:00Z", "1s");
    services("up", "down");
    snapshots(aResponse().withStatus(202).withBody("{}"));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofSeconds(1), 1))) {
      cloud.snapshot();
      cloud.lookForStates();
      Thread.sleep(300);

      assertThat(count(cut("vm0"))).isZero();
    }
  }

  private void services(String... states) {
    stub.list(
        "/v2.1/os-services",
        "services",
        StubCloud.each(
            states.length,
            i ->
                "{\"id\":\"s%d\",\"binary\":\"nova-compute\",\"host\":\"hv-%d\",\"zone\":\"az\",\"status\":\"enabled\",\"state\":\"%s\",\"forced_down\":false,\"updated_at\":\"2026-01-01T00:00:00\"}"
                    .formatted(i, i, states[i])));
  }

  @Test
  void anotherPaceEndsWithThePolicyItWasAskedForInsteadOf() throws Exception {
    Instant now = Instant.now();
    pairs(1, now.toString(), "2h");
    snapshots(aResponse().withStatus(202).withBody("{}"));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofSeconds(1), 1))) {
      cloud.snapshot();
      cloud.execute(
          new Command.SetEpochInterval(
              CommandId.of("pace"), VmId.of("vm0"), Duration.ofMinutes(10)));
      assertThat(stub.told.poll(120, TimeUnit.SECONDS)).isInstanceOf(Event.CommandReported.class);
      pairs(1, now.toString(), "3h");
      cloud.readEverything();
      cloud.lookForStates();
      pairs(1, now.minus(Duration.ofHours(1)).toString(), "3h");
      cloud.readEverything();
      cloud.lookForStates();
      Thread.sleep(300);

      assertThat(count(cut("vm0"))).isZero();
    }
  }

  @Test
  void aPromotionPutsTheStateThatIsMarkedUnderTheServerBeforeItStarts() throws Exception {
    pairs(1, Instant.now().toString(), "1h");
    stub.servers(
        StubCloud.server("vm0", 0, "ACTIVE", ""),
        StubCloud.server(
            "s0",
            1,
            "SHUTOFF",
            "\"penumbra:shadow-of\":\"vm0\",\"penumbra:role\":\"shadow\",\"penumbra:state\":\"complete\",\"penumbra:epoch\":\"2\",\"penumbra:image\":\"newer\""));
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers/s0/action")).willReturn(aResponse().withStatus(202)));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofHours(1), 1))) {
      cloud.snapshot();
      cloud.execute(
          new Command.Activate(CommandId.of("activate"), VmId.of("vm0"), HostId.of("hv-1"), 2, 1));
      RequestPatternBuilder action = postRequestedFor(urlPathEqualTo("/v2.1/servers/s0/action"));
      await(action.withRequestBody(matchingJsonPath("$.rebuild[?(@.imageRef == 'newer')]")), 1);
      Thread.sleep(500);

      // this Nova never gets done with it, so nothing else was asked for
      assertThat(count(postRequestedFor(urlPathEqualTo("/v2.1/servers/s0/action")))).isEqualTo(1);
    }
  }

  @Test
  void aStateMayTakeLongerThanAServerMay() throws Exception {
    stub.servers(StubCloud.server("vm0", 0, "ACTIVE", ""));
    stub.list("/v2.1/flavors/detail", "flavors", "{\"id\":\"f1\",\"name\":\"m1\"}");
    snapshots(okJson("{\"image_id\":\"large\"}"));
    glance("large", "saving", "2026-01-01T00:00:00Z");
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers")).willReturn(aResponse().withStatus(500)));
    try (OpenStackCloud cloud =
        stub.cloud(StubCloud.cutting(Duration.ofHours(1), 1, Duration.ofMillis(500)))) {
      cloud.snapshot();
      cloud.execute(createShadow());
      await(getRequestedFor(urlPathEqualTo("/image/v2/images/large")), 3);
      glance("large", "active", "2026-01-01T00:00:00Z");

      await(
          postRequestedFor(urlPathEqualTo("/v2.1/servers"))
              .withRequestBody(matchingJsonPath("$.server[?(@.imageRef == 'large')]")),
          1);
      assertThat(deleted()).doesNotContain("large");
    }
  }

  @Test
  void whatAnAttemptBeforeHasCutIsNotCutAgain() throws Exception {
    stub.servers(
        StubCloud.server("vm0", 0, "ACTIVE", ""),
        StubCloud.server(
            "s0",
            1,
            "SHUTOFF",
            "\"penumbra:shadow-of\":\"vm0\",\"penumbra:role\":\"shadow\",\"penumbra:image\":\"img\""));
    stub.list(
        "/image/v2/images",
        "images",
        state("img", "penumbra-vm0-0-3", "active", "ours")
            .replace("2026-01-01T00:00:00Z", Instant.now().toString()));
    glance("img", "active", "2026-01-01T00:00:00Z");
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofHours(1), 1))) {
      cloud.snapshot();
      cloud.execute(createShadow());
      await(
          postRequestedFor(urlPathEqualTo("/v2.1/servers/s0/metadata"))
              .withRequestBody(matchingJsonPath("$.metadata[?(@['penumbra:epoch'] == '3')]")),
          1);

      assertThat(count(cut("vm0"))).isZero();
    }
  }

  @Test
  void aStateThatIsBeingStoredIsWaitedForAndNotCutAgain() throws Exception {
    stub.servers(
        StubCloud.server("vm0", 0, "ACTIVE", "")
            .replace("task_state\":null", "task_state\":\"image_uploading\""));
    stub.list("/v2.1/flavors/detail", "flavors", "{\"id\":\"f1\",\"name\":\"m1\"}");
    stub.list(
        "/image/v2/images",
        "images",
        state("half", "penumbra-vm0-0-3", "saving", "ours")
            .replace("2026-01-01T00:00:00Z", Instant.now().toString()));
    glance("half", "active", "2026-01-01T00:00:00Z");
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers")).willReturn(aResponse().withStatus(500)));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofHours(1), 1))) {
      cloud.snapshot();
      cloud.execute(createShadow());
      await(
          postRequestedFor(urlPathEqualTo("/v2.1/servers"))
              .withRequestBody(matchingJsonPath("$.server[?(@.imageRef == 'half')]")),
          1);

      assertThat(count(cut("vm0"))).isZero();
    }
  }

  @Test
  void aServerIsNotStoppedForAStateThatTakesTooLong() throws Exception {
    pairs(1, Instant.now().toString(), "1h");
    glance("img", "active", "2026-01-01T00:12:00Z");
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofHours(1), 1))) {
      cloud.snapshot();
      cloud.execute(
          new Command.SyncLast(
              CommandId.of("sync"),
              VmId.of("vm0"),
              HostId.of("hv-1"),
              Optional.of(HostId.of("hv-0"))));
      assertThat(stub.told.poll(120, TimeUnit.SECONDS))
          .isInstanceOfSatisfying(
              Event.CommandReported.class,
              report ->
                  assertThat(report.outcome())
                      .isInstanceOfSatisfying(
                          Outcome.Failed.class,
                          no -> {
                            assertThat(no.code()).isEqualTo("slow-state");
                            assertThat(no.message()).contains("took 720 s", "longer than 30 s");
                          }));

      assertThat(count(postRequestedFor(urlPathEqualTo("/v2.1/servers/vm0/action")))).isZero();
    }
  }

  private void glance(String id, String status, String updated) {
    stub.http.stubFor(
        get(urlPathEqualTo("/image/v2/images/" + id))
            .willReturn(
                okJson(
                    "{\"id\":\"%s\",\"status\":\"%s\",\"created_at\":\"2026-01-01T00:00:00Z\",\"updated_at\":\"%s\"}"
                        .formatted(id, status, updated))));
  }

  private static Command.CreateShadow createShadow() {
    return new Command.CreateShadow(
        CommandId.of("c-1"),
        VmId.of("vm0"),
        HostId.of("hv-0"),
        HostId.of("hv-1"),
        ShadowMode.COLD,
        Resources.NONE,
        Duration.ofSeconds(1),
        false);
  }

  @Test
  void aSnapshotThatSomebodyDeletesIsNotWaitedFor() throws Exception {
    pairs(1, "2026-01-0%dT00:00:00Z", "1h"); // after which it is tried again
    snapshots(okJson("{\"image_id\":\"gone\"}"));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofHours(1), 1))) {
      cloud.snapshot();
      await(
          postRequestedFor(urlPathEqualTo("/v2.1/servers/s0/metadata"))
              .withRequestBody(
                  matchingJsonPath(
                      "$.metadata[?(@['penumbra:stale'] =~ /.*gone became deleted.*/)]")),
          1);
      assertThat(count(getRequestedFor(urlPathEqualTo("/image/v2/images/gone")))).isEqualTo(1);
    }
  }

  @Test
  void aFirstStateIsGivenUpAndRemovedWhenItsServerIsGone() throws Exception {
    pairs(1, Instant.now().toString(), "1h");
    snapshots(okJson("{\"image_id\":\"first\"}"));
    stub.http.stubFor(
        get(urlPathEqualTo("/image/v2/images/first"))
            .willReturn(okJson("{\"id\":\"first\",\"status\":\"queued\"}")));
    stub.http.stubFor(
        delete(urlPathMatching("/image/v2/images/.*")).willReturn(aResponse().withStatus(204)));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofHours(1), 1))) {
      cloud.snapshot();
      cloud.execute(
          new Command.CreateShadow(
              CommandId.of("c-1"),
              VmId.of("vm0"),
              HostId.of("hv-0"),
              HostId.of("hv-1"),
              ShadowMode.COLD,
              Resources.NONE,
              Duration.ofSeconds(1),
              true));
      await(getRequestedFor(urlPathEqualTo("/image/v2/images/first")), 1);
      stub.servers();
      cloud.hintEverything();

      await(deleteRequestedFor(urlPathEqualTo("/image/v2/images/first")), 1);
    }
  }

  @Test
  void onlyStatesAreDeletedAndNoDiskThatWasPutAwayNorAnybodysOwnSnapshot() throws Exception {
    pairs(1, Instant.now().toString(), "1h");
    stub.list(
        "/image/v2/images",
        "images",
        image("old", "penumbra-vm0-0-1", "snapshot")
            + image("shelved", "penumbra-vm0-hv-02-shelved", "snapshot")
            + image("own", "penumbra-vm0-hv-02", "snapshot")
            + image("longer", "penumbra-vm0-0-1-keep", "snapshot")
            + image("base", "penumbra-vm0-0-2", "base")
            + "{\"id\":\"img\",\"name\":\"penumbra-vm0-0-3\"}");
    stub.http.stubFor(
        delete(urlPathMatching("/image/v2/images/.*")).willReturn(aResponse().withStatus(204)));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofHours(1), 1))) {
      cloud.snapshot();
      cloud.execute(
          new Command.DeleteShadow(CommandId.of("delete"), VmId.of("vm0"), HostId.of("hv-7")));
      assertThat(stub.told.poll(120, TimeUnit.SECONDS)).isInstanceOf(Event.CommandReported.class);

      assertThat(count(deleteRequestedFor(urlPathEqualTo("/image/v2/images/old")))).isEqualTo(1);
      assertThat(count(deleteRequestedFor(urlPathMatching("/image/v2/images/.*")))).isEqualTo(1);
    }
  }

  @Test
  void theNewestWholeStateStaysWhileItsVmIsThereAndGoesWithIt() throws Exception {
    stub.servers(StubCloud.server("vm0", 0, "ACTIVE", ""));
    stub.list(
        "/image/v2/images",
        "images",
        state("older", "penumbra-vm0-0-9", "active", "ours")
            + ","
            + state("newest", "penumbra-vm0-0-10", "active", "ours")
            + ","
            + state("half", "penumbra-vm0-0-11", "saving", "ours")
            + ","
            + state("alien", "penumbra-vm0-7-7", "active", "theirs")
            + ","
            + state("other", "penumbra-vm0-1-2-1", "active", "ours"));
    stub.http.stubFor(
        delete(urlPathMatching("/image/v2/images/.*")).willReturn(aResponse().withStatus(204)));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofHours(1), 1))) {
      cloud.snapshot();
      cloud.execute(
          new Command.DeleteShadow(CommandId.of("delete"), VmId.of("vm0"), HostId.of("hv-1")));
      assertThat(stub.told.poll(120, TimeUnit.SECONDS)).isInstanceOf(Event.CommandReported.class);
      assertThat(deleted()).containsExactlyInAnyOrder("older", "half");

      cloud.lookForStates();
      stub.servers();
      cloud.hintEverything();
      await(deleteRequestedFor(urlPathEqualTo("/image/v2/images/newest")), 1);
      assertThat(deleted()).doesNotContain("alien", "other");
    }
  }

  private List<String> deleted() {
    return stub.http.findAll(deleteRequestedFor(urlPathMatching("/image/v2/images/.*"))).stream()
        .map(request -> request.getUrl().substring("/image/v2/images/".length()))
        .toList();
  }

  @Test
  void noStateStaysOfAVmThatIsToHaveNoShadowAnyMore() throws Exception {
    stub.servers(StubCloud.server("vm0", 0, "ACTIVE", "\"penumbra:mode\":\"none\""));
    stub.list("/image/v2/images", "images", state("newest", "penumbra-vm0-0-2", "active", "ours"));
    stub.http.stubFor(
        delete(urlPathMatching("/image/v2/images/.*")).willReturn(aResponse().withStatus(204)));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofHours(1), 1))) {
      cloud.snapshot();
      cloud.execute(
          new Command.DeleteShadow(CommandId.of("delete"), VmId.of("vm0"), HostId.of("hv-1")));
      assertThat(stub.told.poll(120, TimeUnit.SECONDS)).isInstanceOf(Event.CommandReported.class);
      assertThat(deleted()).containsExactly("newest");
    }
  }

  @Test
  void aStateThatNoServerHasAnyMoreIsWhatIsLeftOfAPrimaryThatDoesNotAnswer() throws Exception {
    stub.servers(StubCloud.server("vm0", 0, "ACTIVE", ""));
    services("down", "up");
    stub.list("/v2.1/flavors/detail", "flavors", "{\"id\":\"f1\",\"name\":\"m1\"}");
    stub.list(
        "/image/v2/images",
        "images",
        state("second", "penumbra-vm0-0-2", "active", "ours")
            + ","
            + state("tenth", "penumbra-vm0-0-10", "active", "ours")
            + ","
            + state("half", "penumbra-vm0-0-11", "saving", "ours")
            + ","
            + state("later", "penumbra-vm0-1-12", "active", "ours")
            + ","
            + state("alien", "penumbra-vm0-0-13", "active", "theirs")
            + ","
            + state("longer", "penumbra-vm01-0-14", "active", "ours")
            + ","
            + state("beyond", "penumbra-vm0-0-99999999999999999999", "active", "ours"));
    stub.http.stubFor(
        get(urlPathEqualTo("/image/v2/images/tenth"))
            .willReturn(okJson(state("tenth", "penumbra-vm0-0-10", "active", "ours"))));
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers")).willReturn(aResponse().withStatus(500)));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofHours(1), 1))) {
      cloud.snapshot();
      cloud.execute(
          new Command.CreateShadow(
              CommandId.of("c-1"),
              VmId.of("vm0"),
              HostId.of("hv-0"),
              HostId.of("hv-1"),
              ShadowMode.COLD,
              Resources.NONE,
              Duration.ofSeconds(1),
              false));
      assertThat(stub.told.poll(120, TimeUnit.SECONDS)).isInstanceOf(Event.CommandReported.class);

      assertThat(
              count(
                  postRequestedFor(urlPathEqualTo("/v2.1/servers"))
                      .withRequestBody(matchingJsonPath("$.server[?(@.imageRef == 'tenth')]"))))
          .isEqualTo(1);
      assertThat(deleted()).as("it may be wanted again").doesNotContain("tenth");
    }
  }

  @Test
  void aPromotedVmThatDiesBeforeItsFirstStateIsCutStartsFromTheOneItWasStartedFrom()
      throws Exception {
    stub.servers(
        StubCloud.server(
            "s0",
            0,
            "ACTIVE",
            "\"penumbra:shadow-of\":\"vm0\",\"penumbra:role\":\"primary\",\"penumbra:term\":\"1\",\"penumbra:epoch\":\"7\",\"penumbra:image\":\"seventh\",\"penumbra:cut\":\"2026-01-01T00:00:00Z\""));
    services("down", "up");
    stub.list("/v2.1/flavors/detail", "flavors", "{\"id\":\"f1\",\"name\":\"m1\"}");
    String seventh = state("seventh", "penumbra-vm0-0-7", "active", "ours");
    stub.list("/image/v2/images", "images", seventh);
    stub.http.stubFor(get(urlPathEqualTo("/image/v2/images/seventh")).willReturn(okJson(seventh)));
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers")).willReturn(aResponse().withStatus(500)));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofHours(1), 1))) {
      cloud.snapshot();
      create(cloud);

      RequestPatternBuilder made =
          postRequestedFor(urlPathEqualTo("/v2.1/servers"))
              .withRequestBody(matchingJsonPath("$.server[?(@.imageRef == 'seventh')]"));
      assertThat(count(made)).isEqualTo(1);
      assertThat(deleted()).doesNotContain("seventh");
    }
  }

  private void create(OpenStackCloud cloud) throws InterruptedException {
    cloud.execute(
        new Command.CreateShadow(
            CommandId.of("c-1"),
            VmId.of("vm0"),
            HostId.of("hv-0"),
            HostId.of("hv-1"),
            ShadowMode.COLD,
            Resources.NONE,
            Duration.ofSeconds(1),
            false));
    assertThat(stub.told.poll(120, TimeUnit.SECONDS)).isInstanceOf(Event.CommandReported.class);
  }

  @Test
  void aNewStateHasAHigherNumberThanAnyThatIsStored() throws Exception {
    pairs(1, "2026-01-0%dT00:00:00Z", "1s");
    snapshots(aResponse().withStatus(202).withBody("{}"));
    stub.list("/image/v2/images", "images", state("tenth", "penumbra-vm0-0-10", "active", "ours"));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.cutting(Duration.ofSeconds(1), 1))) {
      cloud.snapshot();
      await(
          cut("vm0")
              .withRequestBody(matchingJsonPath("$.createImage[?(@.name == 'penumbra-vm0-0-11')]")),
          1);
    }
  }

  private static String state(String id, String name, String status, String owner) {
    return "{\"id\":\"%s\",\"name\":\"%s\",\"image_type\":\"snapshot\",\"status\":\"%s\",\"owner\":\"%s\",\"created_at\":\"2026-01-01T00:00:00Z\",\"penumbra:shadow-of\":\"vm0\"}"
        .formatted(id, name, status, owner);
  }

  private static String image(String id, String name, String type) {
    return "{\"id\":\"%s\",\"name\":\"%s\",\"image_type\":\"%s\"},".formatted(id, name, type);
  }

  // --- the cloud

  private void pairs(int count, String cut, String rpo) {
    List<String> servers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      servers.add(
          StubCloud.server("vm" + i, 0, "ACTIVE", "\"penumbra:rpo\":\"%s\"".formatted(rpo)));
      String marks =
          "\"penumbra:shadow-of\":\"vm%d\",\"penumbra:role\":\"shadow\",\"penumbra:state\":\"complete\",\"penumbra:epoch\":\"1\",\"penumbra:image\":\"img\",\"penumbra:cut\":\"%s\""
              .formatted(i, cut.formatted(i + 1));
      servers.add(StubCloud.server("s" + i, 1, "SHUTOFF", marks));
    }
    stub.servers(servers.toArray(String[]::new));
    stub.http.stubFor(
        post(urlPathMatching("/v2.1/servers/s[0-9]/metadata")).willReturn(okJson("{}")));
  }

  private void snapshots(ResponseDefinitionBuilder answer) {
    stub.http.stubFor(post(urlPathMatching("/v2.1/servers/vm[0-9]/action")).willReturn(answer));
  }

  private static RequestPatternBuilder cut(String server) {
    return postRequestedFor(urlPathEqualTo("/v2.1/servers/" + server + "/action"))
        .withRequestBody(matchingJsonPath("$.createImage"));
  }

  private int count(RequestPatternBuilder pattern) {
    return stub.http.findAll(pattern).size();
  }

  private void await(RequestPatternBuilder pattern, int times) throws InterruptedException {
    StubCloud.waitFor(() -> count(pattern) >= times);
  }
}
