package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.containing;
import static com.github.tomakehurst.wiremock.client.WireMock.delete;
import static com.github.tomakehurst.wiremock.client.WireMock.deleteRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathMatching;
import static io.penumbra.adapter.openstack.StubCloud.server;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a VM ran on before must not run beside it. */
class OldServersTest {

  private static final VmId VM = VmId.of("vm1");
  private static final HostId HOST_0 = HostId.of("hv-0");
  private static final HostId HOST_1 = HostId.of("hv-1");
  private static final String RETIRED = "\"penumbra:role\":\"retired\"";
  private static final String PROMOTED =
      "\"penumbra:shadow-of\":\"vm1\",\"penumbra:role\":\"primary\",\"penumbra:term\":\"1\"";

  private static final String STOP = "{\"os-stop\":null}";
  private static final String UNLOCK = "{\"unlock\":null}";

  private final StubCloud stub = new StubCloud();

  @BeforeEach
  void takesEverything() {
    stub.http.stubFor(
        post(urlPathMatching("/v2.1/servers/[^/]+/(action|metadata)"))
            .atPriority(50)
            .willReturn(okJson("{}").withStatus(202)));
  }

  @AfterEach
  void close() {
    stub.close();
  }

  @Test
  void theOldServerIsLockedAndOrderedToStopAlthoughItsHostIsDown() throws Exception {
    stub.servers(server("vm1", 0, "ACTIVE", RETIRED), server("sh1", 1, "ACTIVE", PROMOTED));
    assertThat(carryOut(activate())).isInstanceOf(Outcome.Done.class);

    assertThat(acted("vm1", "{\"lock\":{\"locked_reason\":\"penumbra keeps it off for vm1\"}}"))
        .isEqualTo(1);
    assertThat(acted("vm1", STOP)).isEqualTo(1);
  }

  @Test
  void oneThatIsKeptOffAlreadyIsLeftAlone() throws Exception {
    stub.servers(locked("vm1", "SHUTOFF", RETIRED), server("sh1", 1, "ACTIVE", PROMOTED));
    assertThat(carryOut(activate())).isInstanceOf(Outcome.Done.class);

    stub.http.verify(0, postRequestedFor(urlPathEqualTo("/v2.1/servers/vm1/action")));
  }

  @Test
  void oneOnWhichNovaWritesNothingNowHoldsNobodyUp() throws Exception {
    stub.servers(server("vm1", 0, "ERROR", ""), server("sh1", 1, "ACTIVE", PROMOTED));
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers/vm1/metadata"))
            .willReturn(
                aResponse()
                    .withStatus(409)
                    .withBody(
                        "{\"conflictingRequest\":{\"message\":\"Cannot update while it is in vm_state error\"}}")));
    assertThat(carryOut(activate())).isInstanceOf(Outcome.Done.class);
    assertThat(acted("vm1", "lock")).isEqualTo(1);

    stub.http.stubFor(
        delete(urlPathEqualTo("/v2.1/servers/vm1"))
            .inScenario("vm1")
            .willSetStateTo("gone")
            .willReturn(aResponse().withStatus(204)));
    stub.http.stubFor(
        get(urlPathEqualTo("/v2.1/servers/vm1"))
            .inScenario("vm1")
            .whenScenarioStateIs("gone")
            .willReturn(okJson("{\"itemNotFound\":{}}").withStatus(404)));
    assertThat(carryOut(new Command.RetirePrimary(CommandId.of("r"), VM, HOST_0)))
        .as("nor does it hold up its retirement")
        .isInstanceOf(Outcome.Done.class);
  }

  @Test
  void itsOwnerGetsItBackWhenTheVmGoesBackToIt() throws Exception {
    stub.servers(locked("vm1", "ACTIVE", "\"penumbra:role\":\"primary\",\"penumbra:term\":\"2\""));
    assertThat(carryOut(new Command.ResumePrimary(CommandId.of("r"), VM, HOST_0, 2)))
        .isInstanceOf(Outcome.Done.class);
    assertThat(acted("vm1", UNLOCK)).isEqualTo(1);
  }

  @Test
  void itsOwnerGetsItBackWhenNothingElseIsLeftOfItsVm() throws Exception {
    stub.servers(
        locked("vm1", "SHUTOFF", RETIRED),
        server("sh1", 1, "ACTIVE", PROMOTED),
        locked("vm2", "SHUTOFF", RETIRED),
        server("vm3", 0, "SHUTOFF", RETIRED).replace("\"tags\":[]", "\"locked\":true"));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      cloud.snapshot();
      StubCloud.waitFor(() -> acted("vm2", UNLOCK) > 0);
    }
    assertThat(acted("vm1", UNLOCK)).as("its VM runs").isZero();
    assertThat(acted("vm3", UNLOCK)).as("its owner locked it").isZero();
  }

  @Test
  void everyServerOfTheVmOnItsHostHasToBeOffBeforeItIsFenced() throws Exception {
    stub.list(
        "/v2.1/os-services",
        "services",
        "{\"id\":\"s\",\"binary\":\"nova-compute\",\"host\":\"hv-0\",\"zone\":\"az\",\"status\":\"enabled\",\"state\":\"up\",\"forced_down\":false,\"updated_at\":\"2099-01-01T00:00:00\"}");
    String serving = server("sh1", 0, "ACTIVE", PROMOTED);
    stub.servers(server("old1", 0, "SHUTOFF", PROMOTED.replace("primary", "retired")), serving);
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers/sh1/action"))
            .inScenario("sh1")
            .willSetStateTo("stopped")
            .willReturn(aResponse().withStatus(202)));
    stub.http.stubFor(
        get(urlPathEqualTo("/v2.1/servers/sh1"))
            .inScenario("sh1")
            .whenScenarioStateIs("stopped")
            .willReturn(okJson("{\"server\":" + serving.replace("ACTIVE", "SHUTOFF") + "}")));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still());
        OpenStackFencer fencer = cloud.fencer(HostPower.none(), stub.told::add)) {
      cloud.snapshot();
      fencer.execute(new Command.FenceVm(CommandId.of("f1"), VM, HOST_0));
      assertThat(((Outcome.FencingAnswered) outcome()).result())
          .isInstanceOf(FencingResult.Fenced.class);
    }
    assertThat(acted("sh1", STOP)).isEqualTo(1);
  }

  @Test
  void aServerThatIsNoShadowIsNotDeletedAsOne() throws Exception {
    stub.servers(server("vm1", 1, "ERROR", ""), server("sh1", 0, "ACTIVE", PROMOTED));
    assertThat(carryOut(new Command.DeleteShadow(CommandId.of("d"), VM, HOST_1)))
        .isInstanceOf(Outcome.Done.class);
    stub.http.verify(0, deleteRequestedFor(urlPathEqualTo("/v2.1/servers/vm1")));
  }

  private static Command.CloudCommand activate() {
    return new Command.Activate(CommandId.of("a"), VM, HOST_1, 0, 1);
  }

  private static String locked(String id, String status, String metadata) {
    return server(id, 0, status, metadata)
        .replace(
            "\"tags\":[]",
            "\"locked\":true,\"locked_reason\":\"penumbra keeps it off for %s\"".formatted(id));
  }

  private int acted(String server, String order) {
    return stub.http
        .findAll(
            postRequestedFor(urlPathEqualTo("/v2.1/servers/" + server + "/action"))
                .withRequestBody(containing(order)))
        .size();
  }

  private Outcome carryOut(Command.CloudCommand command) throws InterruptedException {
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      cloud.snapshot();
      cloud.execute(command);
      return outcome();
    }
  }

  private Outcome outcome() throws InterruptedException {
    Event event = stub.told.poll(120, TimeUnit.SECONDS);
    return ((Event.CommandReported) Objects.requireNonNull(event)).outcome();
  }
}
