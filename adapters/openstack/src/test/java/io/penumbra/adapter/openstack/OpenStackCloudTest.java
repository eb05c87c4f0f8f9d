package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.deleteRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.getRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.matchingJsonPath;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.putRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathMatching;
import static io.penumbra.adapter.openstack.StubCloud.server;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.tomakehurst.wiremock.stubbing.StubMapping;
import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.port.Cloud;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OpenStackCloudTest {

  private static final VmId VM = VmId.of("vm1");
  private static final HostId HOST_0 = HostId.of("hv-0");
  private static final HostId HOST_1 = HostId.of("hv-1");

  private static final String HV_1_IS_HIDDEN =
      "{\"id\":\"s0\",\"binary\":\"nova-compute\",\"host\":\"hv-0\",\"zone\":\"az0\",\"status\":\"enabled\",\"state\":\"up\",\"forced_down\":false,\"updated_at\":\"2026-01-01T00:00:00\"},{\"binary\":\"nova-compute\",\"host\":\"hv-1\",\"status\":\"UNKNOWN\"}";

  private final StubCloud stub = new StubCloud();

  @AfterEach
  void close() {
    stub.close();
  }

  @Test
  void aShadowThatWasLeftHalfMadeIsReportedAsIncomplete() {
    stub.servers(
        server("vm1", 0, "ACTIVE", ""),
        server("sh1", 1, "ACTIVE", "\"penumbra:shadow-of\":\"vm1\",\"penumbra:role\":\"shadow\""),
        server("sh2", 1, "BUILD", "\"penumbra:shadow-of\":\"gone\",\"penumbra:role\":\"shadow\""));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      assertThat(cloud.snapshot().shadows())
          .as("also one of a VM that is gone")
          .hasSize(2)
          .allSatisfy(shadow -> assertThat(shadow.complete()).isFalse());
    }
  }

  @Test
  void shadowsAreNoVmsAndSayWhoseTheyAre() {
    stub.servers(
        server("vm1", 0, "ACTIVE", ""),
        server(
            "sh1",
            1,
            "SHUTOFF",
            "\"penumbra:shadow-of\":\"vm1\",\"penumbra:state\":\"complete\",\"penumbra:term\":\"0\",\"penumbra:mode\":\"cold\",\"penumbra:resident\":\"0,16,1\""));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      Cloud.Snapshot snapshot = cloud.snapshot();

      assertThat(snapshot.hosts()).hasSize(2);
      assertThat(snapshot.hosts().getFirst().host().hardware().traits())
          .contains("HW_CPU_X86_AVX2");
      assertThat(snapshot.hosts().getFirst().host().location().zone()).isEqualTo("az0");
      assertThat(snapshot.vms()).extracting(Cloud.VmReport::host).containsExactly(HOST_0);
      assertThat(snapshot.vms().getFirst().vm().policy().policy().mode())
          .isEqualTo(ShadowMode.COLD);
      assertThat(snapshot.shadows()).hasSize(1);
      assertThat(snapshot.shadows().getFirst().vm()).isEqualTo(VM);
      assertThat(snapshot.shadows().getFirst().resident()).isEqualTo(new Resources(0, 16, 1));
    }
  }

  @Test
  void aCloudThatCannotBeReadIsNotTakenForAnEmptyOne() throws Exception {
    stub.servers(server("vm1", 0, "ACTIVE", ""));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      cloud.snapshot();
      stub.http.stubFor(
          get(urlPathEqualTo("/v2.1/servers/detail")).willReturn(aResponse().withStatus(503)));
      cloud.hintEverything();
      waitFor(() -> cloud.silentSince().isPresent());

      assertThat(cloud.snapshot().vms()).hasSize(1);
    }
  }

  @Test
  void theFirstSnapshotSaysWhyThereIsNone() {
    stub.http.stubFor(
        get(urlPathEqualTo("/v2.1/os-services")).willReturn(aResponse().withStatus(500)));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      assertThatThrownBy(cloud::snapshot).isInstanceOf(CloudUnavailableException.class);
    }
  }

  @Test
  void aHintIsLookedAtAndTheSameHintAgainTellsNothing() throws Exception {
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      long cursor = cloud.snapshot().cursor();
      stub.servers(server("vm1", 0, "ACTIVE", ""));
      cloud.hint("vm1");
      waitFor(() -> !cloud.events(cursor, 10).events().isEmpty());
      cloud.hint("vm1");
      cloud.hint("vm1");
      Thread.sleep(300);

      assertThat(StubCloud.names(cloud.events(cursor, 10).events())).containsExactly("VmCreated");
      assertThat(cloud.events(cursor, 10)).isEqualTo(cloud.events(cursor, 10));
    }
  }

  @Test
  void aDeletionThatNobodyToldOfIsFoundByReadingEverything() throws Exception {
    stub.servers(server("vm1", 0, "ACTIVE", ""), server("vm2", 0, "ACTIVE", ""));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      long cursor = cloud.snapshot().cursor();
      stub.servers(server("vm2", 0, "ACTIVE", ""));
      cloud.hintEverything();
      waitFor(() -> !cloud.events(cursor, 10).events().isEmpty());

      assertThat(cloud.events(cursor, 10).events())
          .singleElement()
          .isInstanceOfSatisfying(
              Event.VmDeleted.class, gone -> assertThat(gone.vm()).isEqualTo(VM));
    }
  }

  @Test
  void aClockThatIsSetBackKeepsNobodyFromLooking() throws Exception {
    stub.servers(server("vm1", 0, "ACTIVE", ""));
    AtomicReference<Duration> set = new AtomicReference<>(Duration.ZERO);
    OpenStackSettings still = StubCloud.still();
    OpenStackSettings often =
        new OpenStackSettings(
            still.reportInterval(),
            still.servicesEvery(),
            Duration.ofMillis(200),
            still.everythingEvery(),
            still.coldSource(),
            false,
            false,
            still.retire(),
            still.refresh(),
            still.serverWithin());
    try (OpenStackCloud cloud =
        stub.cloud(often, () -> InstantSource.system().instant().plus(set.get()))) {
      long cursor = cloud.snapshot().cursor();
      set.set(Duration.ofHours(-2));
      stub.servers(server("vm1", 0, "ACTIVE", ""), server("vm2", 0, "ACTIVE", ""));
      waitFor(() -> !cloud.events(cursor, 10).events().isEmpty());

      assertThat(StubCloud.names(cloud.events(cursor, 10).events())).containsExactly("VmCreated");
    }
  }

  @Test
  void aServerThatAListLeavesOutIsGoneOnlyWhenNovaSaysSoOfItself() throws Exception {
    stub.servers(server("vm1", 0, "ACTIVE", ""), server("vm2", 0, "ACTIVE", ""));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      long cursor = cloud.snapshot().cursor();
      Cloud.Snapshot before = cloud.snapshot();
      stub.servers(StubCloud.untold("vm1"), server("vm2", 0, "ACTIVE", ""));
      stub.listed(server("vm2", 0, "ACTIVE", "\"new\":\"yes\""), server("vm3", 1, "ACTIVE", ""));
      cloud.hintEverything();
      waitFor(() -> asked("vm1") > 0);
      Thread.sleep(300);
      assertThat(StubCloud.names(cloud.events(cursor, 10).events()))
          .as("one cell that is down keeps nobody from seeing the others")
          .containsExactly("VmCreated");
      assertThat(cloud.snapshot().vms()).containsAll(before.vms());

      stub.servers(server("vm2", 0, "ACTIVE", ""), server("vm3", 1, "ACTIVE", ""));
      cloud.hintEverything();
      waitFor(() -> cloud.events(cursor, 10).events().size() > 1);
      assertThat(cloud.events(cursor, 10).events().getLast())
          .isInstanceOfSatisfying(
              Event.VmDeleted.class, gone -> assertThat(gone.vm()).isEqualTo(VM));
    }
  }

  @Test
  void aNotFoundThatIsNotNovasOwnDeletesNobody() throws Exception {
    stub.servers(server("vm1", 0, "ACTIVE", ""));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      long cursor = cloud.snapshot().cursor();
      StubMapping proxy =
          stub.http.stubFor(
              get(urlPathEqualTo("/v2.1/servers/vm1"))
                  .willReturn(
                      aResponse()
                          .withStatus(404)
                          .withHeader("Content-Type", "text/html")
                          .withBody("<html><title>404 Not Found</title></html>")));
      stub.listed();
      cloud.hint("vm1");
      waitFor(() -> cloud.silentSince().isPresent());
      assertThat(cloud.events(cursor, 10).events()).isEmpty();

      stub.http.removeStub(proxy);
      stub.servers();
      cloud.hint("vm1");
      waitFor(() -> !cloud.events(cursor, 10).events().isEmpty());
      assertThat(StubCloud.names(cloud.events(cursor, 10).events())).containsExactly("VmDeleted");
    }
  }

  @Test
  void aServerThatIsShownWithoutWhatItIsStaysWhatItWas() throws Exception {
    String shadow =
        "\"penumbra:shadow-of\":\"vm1\",\"penumbra:role\":\"shadow\",\"penumbra:state\":\"complete\"";
    stub.servers(server("vm1", 0, "ACTIVE", ""), server("sh1", 1, "SHUTOFF", shadow));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      Cloud.Snapshot before = cloud.snapshot();
      stub.servers(StubCloud.untold("vm1"), StubCloud.untold("sh1"));
      cloud.hintEverything();
      cloud.hint("sh1");
      waitFor(() -> asked("vm1") > 0 && asked("sh1") > 1);
      Thread.sleep(300);

      assertThat(cloud.snapshot()).isEqualTo(before);
      cloud.execute(new Command.ChangeShadowMode(CommandId.of("c1"), VM, HOST_1, ShadowMode.COLD));
      assertThat(outcome()).isInstanceOf(Outcome.Unknown.class);
    }
  }

  @Test
  void noMoreThanFiftyAreAskedForAfterAListAndAllOfThemInTheEnd() throws Exception {
    stub.servers(
        IntStream.range(0, 120)
            .mapToObj(i -> server("old" + i, 0, "ACTIVE", ""))
            .toArray(String[]::new));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      long cursor = cloud.snapshot().cursor();
      stub.servers();
      for (int after : new int[] {50, 100, 120}) {
        cloud.hintEverything();
        waitFor(() -> cloud.events(cursor, 200).events().size() >= after);
        Thread.sleep(300);
        assertThat(cloud.events(cursor, 200).events()).hasSize(after);
      }
    }
  }

  @Test
  void thoseThatNovaCanSayNothingOfDoNotKeepTheOthersFromBeingAskedFor() throws Exception {
    List<String> there = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      there.add(server("a%02d".formatted(i), 0, "ACTIVE", ""));
    }
    there.add(server("vm1", 1, "ACTIVE", ""));
    stub.servers(there.toArray(String[]::new));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      long cursor = cloud.snapshot().cursor();
      there.removeLast();
      stub.servers(
          there.stream().map(one -> StubCloud.untold(one.substring(7, 10))).toArray(String[]::new));
      stub.listed();
      for (int i = 0; i < 2; i++) {
        int before = asked("a.*");
        cloud.hintEverything();
        waitFor(() -> asked("a.*") >= before + 49);
      }
      waitFor(() -> !cloud.events(cursor, 10).events().isEmpty());
      assertThat(cloud.events(cursor, 10).events())
          .singleElement()
          .isInstanceOf(Event.VmDeleted.class);
    }
  }

  private int asked(String server) {
    return stub.http.findAll(getRequestedFor(urlPathMatching("/v2.1/servers/" + server))).size();
  }

  @Test
  void aCellThatDoesNotAnswerIsNoSilenceOfItsHostsAndNoReasonToDeleteShadowsOfItsVms()
      throws Exception {
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      long cursor = cloud.snapshot().cursor();
      List<Cloud.HostReport> before = cloud.snapshot().hosts();
      stub.list("/v2.1/os-services", "services", HV_1_IS_HIDDEN);
      stub.http.stubFor(
          get(urlPathEqualTo("/v2.1/os-hypervisors/detail"))
              .willReturn(aResponse().withStatus(500))); // Nova 26 asks one cell after the other
      stub.http.stubFor(
          get(urlPathEqualTo("/v2.1/os-server-groups")).willReturn(aResponse().withStatus(500)));
      stub.servers(
          StubCloud.untold("vm1"),
          shadow("sh1", "vm1", 0),
          shadow("sh2", "vm2", 0),
          shadow("sh3", "vm3", 1));
      cloud.hintEverything();
      waitFor(() -> cloud.snapshot().shadows().size() == 3);

      assertThat(cloud.events(cursor, 10).events()).isEmpty();
      assertThat(cloud.snapshot().hosts()).isEqualTo(before);
      cloud.execute(new Command.ProbeHost(CommandId.of("p1"), HOST_1));
      assertThat(((Outcome.HostProbed) outcome()).liveness()).isEqualTo(Outcome.Liveness.UNDECIDED);
      cloud.execute(new Command.DeleteShadow(CommandId.of("d1"), VM, HOST_0));
      assertThat(outcome()).isInstanceOf(Outcome.Unknown.class);
      stub.http.verify(0, deleteRequestedFor(urlPathEqualTo("/v2.1/servers/sh1")));
      // another server of it may have been promoted, and be hidden
      cloud.execute(new Command.DeleteShadow(CommandId.of("d3"), VmId.of("vm3"), HOST_0));
      assertThat(outcome()).isInstanceOf(Outcome.Unknown.class);
      stub.http.verify(0, deleteRequestedFor(urlPathEqualTo("/v2.1/servers/sh3")));
      // there is no such server, says Nova, and nothing else ever was that VM
      cloud.execute(new Command.DeleteShadow(CommandId.of("d2"), VmId.of("vm2"), HOST_0));
      waitFor(() ->
          !stub.http.findAll(deleteRequestedFor(urlPathEqualTo("/v2.1/servers/sh2"))).isEmpty());
    }
  }

  private static String shadow(String id, String vm, int term) {
    return server(
        id,
        0,
        "SHUTOFF",
        "\"penumbra:shadow-of\":\"%s\",\"penumbra:role\":\"shadow\",\"penumbra:state\":\"complete\",\"penumbra:term\":\"%d\""
            .formatted(vm, term));
  }

  @Test
  void whatIsReadWhileACellComesBackRemovesNoneOfItsHosts() throws Exception {
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      long cursor = cloud.snapshot().cursor();
      List<Cloud.HostReport> before = cloud.snapshot().hosts();
      stub.heldHypervisors(2);
      stub.list("/v2.1/os-services", "services", HV_1_IS_HIDDEN);
      cloud.hintEverything();
      stub.awaitHeld(1);
      stub.services(2, "up", false);
      cloud.readServices();
      stub.servers(server("vm1", 0, "ACTIVE", ""));
      stub.release();
      waitFor(() -> !cloud.snapshot().vms().isEmpty());

      assertThat(StubCloud.names(cloud.events(cursor, 10).events())).containsExactly("VmCreated");
      assertThat(cloud.snapshot().hosts()).isEqualTo(before);
    }
  }

  @Test
  void serversAreSeenWhileNovaTellsNothingOfServicesOrPlacementIsAway() throws Exception {
    OpenStackSettings still = StubCloud.still();
    OpenStackSettings eachSecond =
        new OpenStackSettings(
            still.reportInterval(),
            still.servicesEvery(),
            Duration.ofSeconds(1),
            still.everythingEvery(),
            still.coldSource(),
            false,
            false,
            still.retire(),
            still.refresh(),
            still.serverWithin());
    try (OpenStackCloud cloud = stub.cloud(eachSecond)) {
      cloud.snapshot();
      for (String away : List.of("/v2.1/os-services", "/placement/resource_providers")) {
        stub.http.stubFor(get(urlPathEqualTo(away)).willReturn(aResponse().withStatus(500)));
        stub.servers(server("vm1", 0, "ACTIVE", ""));
        cloud.hintEverything();
        waitFor(() -> !cloud.snapshot().vms().isEmpty());
        assertThat(cloud.snapshot().hosts()).hasSize(2);

        stub.hosts(2);
        stub.servers();
        cloud.hintEverything();
        waitFor(() -> cloud.snapshot().vms().isEmpty() && cloud.silentSince().isEmpty());
      }
    }
  }

  @Test
  void aServerThatItsOwnerStoppedHasNotFailedAndOneInErrorHas() throws Exception {
    stub.servers(server("vm1", 0, "ACTIVE", ""));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      long cursor = cloud.snapshot().cursor();
      stub.servers(
          server("vm1", 0, "SHUTOFF", "")
              .replace("\"vm_state\":\"active\"", "\"vm_state\":\"stopped\""));
      cloud.hint("vm1");
      Thread.sleep(300);
      assertThat(cloud.events(cursor, 10).events()).isEmpty();

      stub.servers(server("vm1", 0, "ERROR", ""));
      cloud.hint("vm1");
      waitFor(() -> !cloud.events(cursor, 10).events().isEmpty());
      assertThat(StubCloud.names(cloud.events(cursor, 10).events())).containsExactly("GuestFailed");
    }
  }

  @Test
  void aBadTagIsReportedOnTheServerAndProtectsMore() {
    stub.servers(server("vm1", 0, "ACTIVE", "\"penumbra:mode\":\"hot\""));
    stub.http.stubFor(post(urlPathEqualTo("/v2.1/servers/vm1/metadata")).willReturn(okJson("{}")));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      assertThat(cloud.snapshot().vms().getFirst().vm().policy().policy().mode())
          .isEqualTo(ShadowMode.WARM);
      waitFor(() ->
          !stub.http
              .findAll(
                  postRequestedFor(urlPathEqualTo("/v2.1/servers/vm1/metadata"))
                      .withRequestBody(matchingJsonPath("$.metadata['penumbra:problem']")))
              .isEmpty());
    }
  }

  @Test
  void quotaIsARefusalThatSaysSo() throws Exception {
    assertThat(
            createWith(
                aResponse()
                    .withStatus(403)
                    .withBody(
                        "{\"forbidden\":{\"message\":\"Quota exceeded for cores: Requested 1\"}}")))
        .isInstanceOfSatisfying(
            Outcome.Failed.class, no -> assertThat(no.code()).isEqualTo("over-quota"));
  }

  @Test
  void aCreationThatBrokeOffIsInDoubt() throws Exception {
    assertThat(createWith(aResponse().withStatus(500))).isInstanceOf(Outcome.Unknown.class);
  }

  @Test
  void aWarmShadowNeedsAnAgent() throws Exception {
    stub.servers(server("vm1", 0, "ACTIVE", ""));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      cloud.snapshot();
      cloud.execute(create(ShadowMode.WARM));
      assertThat(outcome())
          .isInstanceOfSatisfying(
              Outcome.Failed.class, no -> assertThat(no.code()).isEqualTo("no-agent"));
    }
  }

  private Outcome createWith(
      com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder answer) throws Exception {
    stub.servers(server("vm1", 0, "ACTIVE", ""));
    stub.list("/v2.1/flavors/detail", "flavors", "{\"id\":\"f1\",\"name\":\"m1\"}");
    stub.http.stubFor(post(urlPathEqualTo("/v2.1/servers")).willReturn(answer));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      cloud.snapshot();
      cloud.execute(create(ShadowMode.COLD));
      return outcome();
    }
  }

  private static Command.CreateShadow create(ShadowMode mode) {
    return new Command.CreateShadow(
        CommandId.of("c1"),
        VM,
        HOST_0,
        HOST_1,
        mode,
        Resources.NONE,
        Duration.ofSeconds(60),
        false);
  }

  @Test
  void aMoveThatNovaRefusesBecauseOfAnotherTaskIsOrderedAgain() throws Exception {
    String shadow =
        "\"penumbra:shadow-of\":\"vm1\",\"penumbra:role\":\"shadow\",\"penumbra:state\":\"complete\",\"penumbra:mode\":\"cold\"";
    String running = server("s1", 1, "ACTIVE", shadow);
    stub.servers(server("vm1", 0, "ACTIVE", ""), running);
    after("Started", "busy", 409);
    after("busy", "stopped", 202);
    looks("busy", running);
    looks("stopped", server("s1", 1, "SHUTOFF", shadow));
    stub.http.stubFor(post(urlPathEqualTo("/v2.1/servers/s1/metadata")).willReturn(okJson("{}")));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      cloud.snapshot();
      cloud.execute(new Command.ChangeShadowMode(CommandId.of("c1"), VM, HOST_1, ShadowMode.COLD));
      assertThat(outcome()).isInstanceOf(Outcome.Done.class);
    }
    stub.http.verify(2, postRequestedFor(urlPathEqualTo("/v2.1/servers/s1/action")));
  }

  @Test
  void aServerIsFencedWhenTheTaskThatNovaRefusedItForIsOver() throws Exception {
    String running = server("s1", 1, "ACTIVE", "");
    stub.servers(running);
    stub.list(
        "/v2.1/os-services",
        "services",
        "{\"id\":\"s\",\"binary\":\"nova-compute\",\"host\":\"hv-1\",\"zone\":\"az\",\"status\":\"enabled\",\"state\":\"up\",\"forced_down\":false,\"updated_at\":\"2099-01-01T00:00:00\"}");
    after("Started", "busy", 409);
    after("busy", "stopped", 202);
    looks("busy", running);
    looks("stopped", server("s1", 1, "SHUTOFF", ""));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still());
        OpenStackFencer fencer = cloud.fencer(HostPower.none(), stub.told::add)) {
      cloud.snapshot();
      fencer.execute(new Command.FenceVm(CommandId.of("f1"), VmId.of("s1"), HOST_1));
      assertThat(((Outcome.FencingAnswered) outcome()).result())
          .isInstanceOf(FencingResult.Fenced.class);
    }
    stub.http.verify(2, postRequestedFor(urlPathEqualTo("/v2.1/servers/s1/action")));
  }

  private void after(String before, String next, int status) {
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers/s1/action"))
            .inScenario("s1")
            .whenScenarioStateIs(before)
            .willSetStateTo(next)
            .willReturn(aResponse().withStatus(status).withBody("{}")));
  }

  private void looks(String state, String server) {
    stub.http.stubFor(
        get(urlPathEqualTo("/v2.1/servers/s1"))
            .inScenario("s1")
            .whenScenarioStateIs(state)
            .willReturn(okJson("{\"server\":" + server + "}")));
  }

  @Test
  void aSilentComputeProvesNothingAndNovaIsNotTold() throws Exception {
    stub.services(2, "down", false);
    assertThat(fence(HostPower.none(), false)).isInstanceOf(FencingResult.Unknown.class);
    stub.http.verify(0, putRequestedFor(urlPathEqualTo("/v2.1/os-services/s0")));
  }

  @Test
  void aComputeThatIsSilentAfterTheBrokerWasAwayMayOnlyBeWaitingForAnAnswer() throws Exception {
    stub.services(2, "down", false);
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      cloud.snapshot();
      assertThat(probe(cloud, "p1")).isEqualTo(Outcome.Liveness.UNREACHABLE);
      cloud.brokerIs(false);
      assertThat(probe(cloud, "p2")).isEqualTo(Outcome.Liveness.UNDECIDED);
      cloud.brokerIs(true);
      assertThat(probe(cloud, "p3")).isEqualTo(Outcome.Liveness.UNDECIDED);
    }
  }

  @Test
  void aBrokerThatIsWatchedMayHaveBeenAwayBeforeTheStart() throws Exception {
    stub.services(2, "down", false);
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      cloud.watchesBroker();
      cloud.snapshot();
      assertThat(probe(cloud, "p1")).isEqualTo(Outcome.Liveness.UNDECIDED);
      cloud.brokerIs(true);
      assertThat(probe(cloud, "p2")).isEqualTo(Outcome.Liveness.UNDECIDED);
    }
  }

  private Outcome.Liveness probe(OpenStackCloud cloud, String id) throws InterruptedException {
    cloud.execute(new Command.ProbeHost(CommandId.of(id), HOST_0));
    return ((Outcome.HostProbed) outcome()).liveness();
  }

  @Test
  void powerThatReadsOffIsAProofAndNovaIsToldThen() throws Exception {
    assertThat(fence(host -> new FencingResult.Fenced("power reads Off"), false))
        .isInstanceOf(FencingResult.Fenced.class);
    stub.http.verify(
        1,
        putRequestedFor(urlPathEqualTo("/v2.1/os-services/s0"))
            .withRequestBody(matchingJsonPath("$[?(@.forced_down == true)]")));
  }

  @Test
  void aHostForcedDownByOthersCountsOnlyIfTheOperatorSaidSo() throws Exception {
    stub.services(2, "down", true);
    assertThat(fence(HostPower.none(), false)).isInstanceOf(FencingResult.Unknown.class);
    assertThat(fence(HostPower.none(), true)).isInstanceOf(FencingResult.Fenced.class);
  }

  private FencingResult fence(HostPower power, boolean trust) throws Exception {
    OpenStackSettings still = StubCloud.still();
    OpenStackSettings settings =
        new OpenStackSettings(
            still.reportInterval(),
            still.servicesEvery(),
            still.changesEvery(),
            still.everythingEvery(),
            still.coldSource(),
            false,
            trust,
            still.retire(),
            still.refresh(),
            still.serverWithin());
    try (OpenStackCloud cloud = stub.cloud(settings);
        OpenStackFencer fencer = cloud.fencer(power, stub.told::add)) {
      fencer.execute(new Command.FenceHost(CommandId.of("f1"), HOST_0));
      return ((Outcome.FencingAnswered) outcome()).result();
    }
  }

  private Outcome outcome() throws InterruptedException {
    Event event = stub.told.poll(120, TimeUnit.SECONDS);
    assertThat(event).isInstanceOf(Event.CommandReported.class);
    return ((Event.CommandReported) java.util.Objects.requireNonNull(event)).outcome();
  }

  private static void waitFor(java.util.function.BooleanSupplier there) {
    try {
      StubCloud.waitFor(there);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
