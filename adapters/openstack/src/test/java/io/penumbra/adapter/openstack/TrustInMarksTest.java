package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.delete;
import static com.github.tomakehurst.wiremock.client.WireMock.deleteRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.equalToJson;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static io.penumbra.adapter.openstack.StubCloud.server;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.placement.policy.PolicyRules;
import io.penumbra.scheduler.port.Cloud;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Whoever has a server may write on it what he likes, also what Penumbra writes. */
class TrustInMarksTest {

  private static final VmId VM = VmId.of("vm1");

  private final StubCloud stub = new StubCloud();

  @AfterEach
  void close() {
    stub.close();
  }

  @Test
  void aTenantWhoSaysThatHisServerIsAnothersVmHasAServerOfHisOwn() {
    stub.servers(
        server("vm1", 0, "ACTIVE", "\"penumbra:term\":\"1\""),
        foreign("evil", "\"penumbra:role\":\"primary\",\"penumbra:term\":\"900\""));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      assertThat(cloud.snapshot().vms())
          .extracting(vm -> vm.vm().id().value() + " on " + vm.host())
          .containsExactlyInAnyOrder("vm1 on hv-0", "evil on hv-1");
      assertThat(cloud.snapshot().shadows()).isEmpty();
    }
  }

  @Test
  void norIsAnySuchServerAShadow() {
    stub.servers(
        server("vm1", 0, "ACTIVE", ""),
        foreign(
            "evil",
            "\"penumbra:role\":\"shadow\",\"penumbra:state\":\"complete\",\"penumbra:epoch\":\"9\""));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      assertThat(cloud.snapshot().shadows()).isEmpty();
      assertThat(cloud.snapshot().vms()).hasSize(2);
    }
  }

  @Test
  void whoeverRetiresHisOwnServerLosesThatOne() {
    stub.servers(server("vm1", 0, "ACTIVE", ""), foreign("evil", "\"penumbra:role\":\"retired\""));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      assertThat(cloud.snapshot().vms()).extracting(vm -> vm.vm().id()).containsExactly(VM);
    }
  }

  @Test
  void whatIsWrittenOnAPromotedServerOfOursIsBelieved() {
    stub.servers(
        server("vm1", 0, "SHUTOFF", "\"penumbra:role\":\"retired\""),
        server(
            "sh1",
            1,
            "ACTIVE",
            "\"penumbra:shadow-of\":\"vm1\",\"penumbra:role\":\"primary\",\"penumbra:term\":\"3\",\"penumbra:name\":\"web\""));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      assertThat(cloud.snapshot().vms())
          .singleElement()
          .satisfies(vm -> {
            assertThat(vm.vm().id()).isEqualTo(VM);
            assertThat(vm.host()).isEqualTo(HostId.of("hv-1"));
            assertThat(vm.term()).isEqualTo(3);
          });
    }
  }

  @Test
  void aServerThatCanNotBeReadKeepsNobodyFromSeeingTheOthers() throws Exception {
    String good = "\"penumbra:shadow-of\":\"vm1\",\"penumbra:state\":\"complete\"";
    stub.servers(server("vm1", 0, "ACTIVE", ""), server("sh1", 1, "SHUTOFF", good));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      Cloud.Snapshot before = cloud.snapshot();
      assertThat(before.shadows()).hasSize(1);
      stub.servers(
          server("vm1", 0, "ACTIVE", ""),
          server("sh1", 1, "SHUTOFF", good.replace("vm1", "a b")),
          server("sh2", 1, "SHUTOFF", "\"penumbra:shadow-of\":\"\""),
          server("vm2", 1, "ACTIVE", ""));
      cloud.hintEverything();
      StubCloud.waitFor(() -> cloud.snapshot().vms().size() == 2);
      assertThat(cloud.snapshot().vms()).extracting(vm -> vm.vm().id().value()).contains("vm2");
      assertThat(cloud.snapshot().shadows()).as("what was known").isEqualTo(before.shadows());
      assertThat(cloud.silentSince()).isEmpty();
    }
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      assertThat(cloud.snapshot().vms()).as("also after a restart").hasSize(2);
    }
  }

  @Test
  void noTermIsSoHighThatNoneCanFollow() throws Exception {
    assertThat(term("\"penumbra:shadow-of\":\"vm1\",\"penumbra:term\":\"9223372036854775807\""))
        .isZero();
    assertThat(term("\"penumbra:shadow-of\":\"vm1\",\"penumbra:term\":\"1099511627776\""))
        .isEqualTo(1L << 40);
    assertThat(term("\"penumbra:term\":\"1099511627776\""))
        .as("a tenant's, after which one of ours has to fit")
        .isZero();
    assertThat(term("\"penumbra:term\":\"12\"")).isEqualTo(12);
  }

  @Test
  void aPromotedServerIsProtectedAsTheFirstWasAndBelongsToTheSame() throws Exception {
    ServerRecord first =
        read(
            server("vm1", 0, "ACTIVE", "\"penumbra:names\":\"z/r\"")
                .replace("\"tags\":[]", "\"tags\":[\"penumbra:rpo=10m\"]"),
            Map.of("vm1", List.of(GroupId.of("g1"), GroupId.of("g2"))));
    StringBuilder written =
        new StringBuilder("\"penumbra:shadow-of\":\"vm1\",\"penumbra:role\":\"primary\"");
    first.estate().forEach((key, value) -> written.append(",\"%s\":\"%s\"".formatted(key, value)));
    ServerRecord promoted = read(server("sh1", 1, "ACTIVE", written.toString()), Map.of());

    assertThat(promoted.vm()).isEqualTo(first.vm());
    assertThat(promoted.mark(Mark.NAMES)).contains("z/r");
    assertThat(promoted.papers().project()).as("Neutron asks for this one").isEqualTo("ours");
  }

  @Test
  void whatNovaWouldNotWriteIsNotTakenAlong() throws Exception {
    ServerRecord first =
        read(
            server("vm1", 0, "ACTIVE", "")
                .replace("\"tags\":[]", "\"tags\":[\"penumbra:rpo=10m\",\"penumbra:(a)=1\"]"),
            Map.of());
    assertThat(first.estate()).containsKey("penumbra:rpo").doesNotContainKey("penumbra:(a)");
  }

  @Test
  void nobodySaysOfHisOwnServerThatItIsOfAnotherProject() throws Exception {
    assertThat(
            read(
                    foreign(
                        "evil", "\"penumbra:project\":\"victim\",\"penumbra:groups\":\"theirs\""),
                    Map.of())
                .vm())
        .satisfies(vm -> {
          assertThat(vm.project().value()).isEqualTo("p2");
          assertThat(vm.groups()).isEmpty();
        });
  }

  @Test
  void whatTheFirstServerSaysIsWrittenOnTheOneThatTakesOver() throws Exception {
    stub.list("/v2.1/os-server-groups", "server_groups", "{\"id\":\"g1\",\"members\":[\"vm1\"]}");
    stub.servers(
        server("vm1", 0, "ACTIVE", "").replace("\"tags\":[]", "\"tags\":[\"penumbra:rpo=10m\"]"),
        server(
            "sh1",
            1,
            "SHUTOFF",
            "\"penumbra:shadow-of\":\"vm1\",\"penumbra:state\":\"complete\",\"penumbra:mode\":\"warm\",\"penumbra:rto\":\"9m\""));
    stub.http.stubFor(
        delete(urlPathEqualTo("/v2.1/servers/sh1/metadata/penumbra:rto"))
            .willReturn(aResponse().withStatus(204)));
    stub.http.stubFor(post(urlPathEqualTo("/v2.1/servers/sh1/metadata")).willReturn(okJson("{}")));
    try (OpenStackCloud cloud = stub.cloud(StubCloud.still())) {
      cloud.snapshot();
      cloud.execute(new Command.Activate(CommandId.of("a"), VM, HostId.of("hv-1"), 0, 1));
      assertThat(stub.told.poll(120, TimeUnit.SECONDS)).isInstanceOf(Event.CommandReported.class);
    }
    stub.http.verify(
        postRequestedFor(urlPathEqualTo("/v2.1/servers/sh1/metadata"))
            .withRequestBody(
                equalToJson(
                    "{\"metadata\":{\"penumbra:project\":\"p1\",\"penumbra:groups\":\"g1\",\"penumbra:rpo\":\"10m\",\"penumbra:mode\":\"cold\",\"penumbra:role\":\"primary\",\"penumbra:term\":\"1\",\"penumbra:command\":\"a\"}}")));
    stub.http.verify(deleteRequestedFor(urlPathEqualTo("/v2.1/servers/sh1/metadata/penumbra:rto")));
  }

  private static long term(String metadata) throws Exception {
    return read(server("s", 0, "ACTIVE", metadata), Map.of()).number(Mark.TERM);
  }

  private static ServerRecord read(String json, Map<String, List<GroupId>> groups)
      throws Exception {
    return new ServerReader(new PolicyResolver(PolicyRules.none()), () -> "ours")
        .read(new ObjectMapper().readTree(json), groups)
        .orElseThrow();
  }

  /** On hv-1, of a project that has nothing to do with the VM; says that it is the VM's. */
  private static String foreign(String id, String marks) {
    return server(id, 1, "ACTIVE", "\"penumbra:shadow-of\":\"vm1\"," + marks)
        .replace("\"tenant_id\":\"ours\"", "\"tenant_id\":\"p2\"");
  }
}
