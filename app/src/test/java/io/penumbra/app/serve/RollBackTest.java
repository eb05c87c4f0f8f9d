package io.penumbra.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.penumbra.adapter.qemu.api.AgentJson;
import io.penumbra.adapter.qemu.api.Heartbeat;
import io.penumbra.app.FreePorts;
import io.penumbra.domain.FlavorId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.Location;
import io.penumbra.domain.policy.CommitMode;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.RiskThresholds;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.service.ControllerState;
import io.penumbra.web.JsonClient;
import io.penumbra.web.Reply;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The control plane between an operator and agents of which only heartbeats are ever heard. */
@Timeout(300)
class RollBackTest {

  private static final Duration SOON = Duration.ofSeconds(60);
  private static final String TOKEN = "a-token-for-tests-only";
  private static final VmId VM = VmId.of("vm-1");
  private static final Resources SIZE = new Resources(1, 256, 1);

  @TempDir private Path dir = Path.of("replaced by JUnit");
  private long sequence;
  private int nobody;

  @Test
  void aVmThatMovesIsNotSentBackAndNothingIsAskedOfAnyAgent() throws Exception {
    nobody = FreePorts.next();
    try (Server first = server();
        JsonClient agents = client(first)) {
      beat(agents, "h1", 1, Heartbeat.Role.PRIMARY, new Event.VmCreated(at(), vm(), h("h1")));
      beat(agents, "h2", 1, Heartbeat.Role.SHADOW);
    }
    // Of the shadow it knows from the books of the one before.
    try (Server server = server();
        JsonClient client = client(server)) {
      beat(client, "h1", 2, Heartbeat.Role.PRIMARY);
      beat(client, "h2", 2, Heartbeat.Role.SHADOW);
      assertThat(rollBack(client))
          .as("while it stands, its shadow's agent is asked")
          .isInstanceOfSatisfying(
              Reply.Refused.class, no -> assertThat(no.code()).isEqualTo("no-agent"));

      beat(
          client,
          "h1",
          2,
          Heartbeat.Role.PRIMARY,
          new Event.GuestFailed(at(), VM, "it does not answer"));
      Reply<JsonNode> moving = rollBack(client);
      for (int i = 0; i < 4_500 && !moving.toString().contains("moving"); i++) {
        Thread.sleep(20);
        moving = rollBack(client);
      }

      assertThat(moving)
          .isInstanceOfSatisfying(
              Reply.Refused.class,
              no -> {
                assertThat(no.status()).isEqualTo(409);
                assertThat(no.code()).isEqualTo("moving");
                assertThat(no.detail()).contains("vm-1 has failover s", "try again");
              });
    }
  }

  private static Reply<JsonNode> rollBack(JsonClient client) throws InterruptedException {
    return client.post(
        "/v1/vms/vm-1/roll-back", JsonNodeFactory.instance.objectNode(), JsonNode.class, SOON);
  }

  private static Instant at() {
    return Instant.parse("2026-11-21T00:00:00Z");
  }

  private static HostId h(String name) {
    return HostId.of(name);
  }

  private static Vm vm() {
    ProtectionPolicy policy =
        new ProtectionPolicy(
            ShadowMode.WARM,
            1,
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            Diversity.HOST_ONLY,
            CommitMode.ASYNC,
            new RiskThresholds(0.5, 0.9),
            0);
    return new Vm(
        VM,
        ProjectId.of("project"),
        FlavorId.of("small"),
        SIZE,
        new TreeMap<>(),
        List.of(),
        new EffectivePolicy(policy, "test"));
  }

  private void beat(
      JsonClient client, String host, long boot, Heartbeat.Role role, Event... happened)
      throws InterruptedException {
    boolean primary = role == Heartbeat.Role.PRIMARY;
    Heartbeat.InstanceReport instance =
        new Heartbeat.InstanceReport(
            VM,
            role,
            primary ? Heartbeat.State.SERVING : Heartbeat.State.WAITING,
            primary ? ShadowMode.NONE : ShadowMode.WARM,
            SIZE,
            true,
            0,
            7,
            0,
            Optional.empty(),
            List.of());
    List<Heartbeat.NumberedEvent> events =
        happened.length == 0
            ? List.of()
            : List.of(new Heartbeat.NumberedEvent(++sequence, happened[0]));
    Host described =
        new Host(
            h(host),
            new Location("zone", "feed-" + host, "rack-" + host, "chassis-" + host),
            new HardwareProfile("maker", "generation", "firmware", "qemu", List.of()),
            new Resources(8, 8_192, 100),
            Instant.EPOCH);
    Heartbeat beat =
        new Heartbeat(
            h(host),
            "http://127.0.0.1:" + nobody,
            boot,
            ++sequence,
            0,
            Optional.of(described),
            List.of(instance),
            events);
    assertThat(client.post("/v1/heartbeat", AgentJson.tree(beat), JsonNode.class, SOON))
        .isInstanceOf(Reply.Ok.class);
  }

  private JsonClient client(Server server) {
    return new JsonClient(
        URI.create("http://127.0.0.1:" + server.address().getPort()),
        Optional.of(TOKEN),
        Optional.empty(),
        SOON);
  }

  private Server server() throws Exception {
    Path token = Files.writeString(dir.resolve("token"), TOKEN + "\n");
    Path config =
        Files.writeString(
            dir.resolve("serve.yaml"),
            """
            state: %s
            tokens: {operator: "file:%s"}
            # Nobody is missed however long the test takes between two heartbeats.
            scheduler: {heartbeat: PT2M}
            cloud: {kind: agents, token: "file:%s"}
            """
                .formatted(dir.resolve("state"), token, token));
    ServeConfig read = ConfigFile.read(config, ServeConfig.class);
    Server server =
        Server.start(
            read,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            Optional.empty(),
            controller -> Plugs.of(read, controller),
            alert -> System.err.println(alert),
            (route, cause) -> cause.printStackTrace(),
            InstantSource.system());
    for (int i = 0;
        i < 12_000 && !(server.controller().state() instanceof ControllerState.Working);
        i++) {
      Thread.sleep(10);
    }
    return server;
  }
}
