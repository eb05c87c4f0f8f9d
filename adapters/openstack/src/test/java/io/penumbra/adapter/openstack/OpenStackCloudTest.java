package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.matchingJsonPath;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.putRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static io.penumbra.adapter.openstack.StubCloud.server;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OpenStackCloudTest {

  private static final VmId VM = VmId.of("vm1");
  private static final HostId HOST_0 = HostId.of("hv-0");
  private static final HostId HOST_1 = HostId.of("hv-1");

  private final StubCloud stub = new StubCloud();

  @AfterEach
  void close() {
    stub.close();
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
  void aSilentComputeProvesNothingAndNovaIsNotTold() throws Exception {
    stub.services(2, "down", false);
    assertThat(fence(HostPower.none(), false)).isInstanceOf(FencingResult.Unknown.class);
    stub.http.verify(0, putRequestedFor(urlPathEqualTo("/v2.1/os-services/s0")));
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
            still.serverWithin());
    try (OpenStackCloud cloud = stub.cloud(settings);
        OpenStackFencer fencer = cloud.fencer(power, stub.told::add)) {
      fencer.execute(new Command.FenceHost(CommandId.of("f1"), HOST_0));
      return ((Outcome.FencingAnswered) outcome()).result();
    }
  }

  private Outcome outcome() throws InterruptedException {
    Event event = stub.told.poll(20, TimeUnit.SECONDS);
    assertThat(event).isInstanceOf(Event.CommandReported.class);
    return ((Event.CommandReported) java.util.Objects.requireNonNull(event)).outcome();
  }

  private static void waitFor(java.util.function.BooleanSupplier there) {
    try {
      for (int i = 0; i < 200; i++) {
        if (there.getAsBoolean()) {
          return;
        }
        Thread.sleep(50);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new AssertionError("it did not happen within 10 s");
  }
}
