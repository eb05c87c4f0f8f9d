package io.penumbra.app.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.fleet.Location;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.service.ControllerState;
import io.penumbra.web.JsonClient;
import io.penumbra.web.OpenApi;
import io.penumbra.web.Reply;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerTest {

  private static final Duration SOON = Duration.ofSeconds(60);
  private static final String TOKEN = "an operator's token, long enough";

  @TempDir private Path dir = Path.of("replaced by JUnit");
  private final List<String> alerts = new CopyOnWriteArrayList<>();
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  @Test
  void scoresEveryHostAndPromisesTheRoom() throws Exception {
    JsonClient client = client(server(""));

    JsonNode scores = ok(client.post("/v1/placements", request("vm1", true), JsonNode.class, SOON));

    assertThat(scores.path("mode").asText()).isEqualTo("warm");
    assertThat(scores.path("hosts")).hasSize(3);
    String primary = scores.path("primary").asText();
    assertThat(scores.path("shadows").get(0).asText()).isNotEqualTo(primary);
    for (JsonNode host : scores.path("hosts")) {
      if (!host.path("host").asText().equals(primary)) {
        assertThat(host.path("score").asDouble()).isLessThan(best(scores));
      }
    }
    JsonNode hosts = ok(client.get("/v1/hosts", JsonNode.class, SOON));
    assertThat(hosts.findValuesAsText("primaries")).contains("1");
    assertThat(ok(client.get("/v1/decisions/vm1", JsonNode.class, SOON)).path("lines").toString())
        .contains("goes to " + primary);
  }

  @Test
  void shadowsMayStandWhereTheSchedulerWillNotPutTheServerItself() throws Exception {
    JsonClient client = client(server(""));
    Map<String, Object> asked = request("vm1", true);
    asked.put("hosts", List.of("h1"));

    JsonNode scores = ok(client.post("/v1/placements", asked, JsonNode.class, SOON));

    assertThat(scores.path("primary").asText()).isEqualTo("h1");
    assertThat(scores.path("shadows").get(0).asText()).isIn("h0", "h2");
  }

  @Test
  void aTenantsServerIsNoShadowBecauseATagSaysSo() throws Exception {
    JsonClient client = client(server(""));
    Map<String, Object> asked = request("vm1", true);
    asked.put("tags", Map.of("penumbra:shadow-of", "vm9"));

    JsonNode scores = ok(client.post("/v1/placements", asked, JsonNode.class, SOON));

    assertThat(scores.path("mode").asText()).isEqualTo("warm");
    assertThat(scores.path("problems").toString())
        .contains("penumbra:shadow-of names vm9, which has no shadow on these hosts");
  }

  @Test
  void aDryRunPromisesNothing() throws Exception {
    JsonClient client = client(server(""));

    ok(client.post("/v1/placements", request("vm1", false), JsonNode.class, SOON));

    JsonNode hosts = ok(client.get("/v1/hosts", JsonNode.class, SOON));
    assertThat(hosts.findValuesAsText("primaries")).containsOnly("0");
  }

  @Test
  void aHostThatCannotBeUsedIsRefusedWithNumbers() throws Exception {
    JsonClient client = client(server(""));

    JsonNode scores =
        ok(
            client.post(
                "/v1/placements",
                Map.of(
                    "request",
                    "r1",
                    "vm",
                    "vm1",
                    "project",
                    "p",
                    "flavor",
                    "huge",
                    "vcpus",
                    2,
                    "memoryMib",
                    99_999_999,
                    "diskGib",
                    1,
                    "hosts",
                    List.of(),
                    "claim",
                    true),
                JsonNode.class,
                SOON));

    assertThat(scores.has("primary")).isFalse();
    assertThat(scores.path("why").asText()).contains("memory refuses 3 hosts");
    assertThat(scores.path("hosts").get(0).path("refused").asText()).contains("asked 99999999 MiB");
  }

  @Test
  void aTagThatCannotBeReadIsReportedAndCostsNoProtection() throws Exception {
    JsonClient client = client(server(""));

    JsonNode answer =
        ok(
            client.post(
                "/v1/policies/resolve",
                Map.of("project", "p", "flavor", "f", "tags", Map.of("penumbra:mode", "wram")),
                JsonNode.class,
                SOON));

    assertThat(answer.path("policy").path("mode").asText()).isEqualTo("WARM");
    assertThat(answer.path("problems").get(0).asText())
        .isEqualTo("tag penumbra:mode is 'wram'; expected none, cold or warm; warm is taken");
  }

  @Test
  void nobodyGetsInWithoutATokenButHealthAndMetricsAreOpen() throws Exception {
    Server server = server("");
    JsonClient stranger = JsonClient.plain(root(server), SOON);
    open.add(stranger);

    assertThat(stranger.get("/v1/hosts", JsonNode.class, SOON)).isInstanceOf(Reply.Refused.class);
    assertThat(ok(stranger.get("/health", JsonNode.class, SOON)).path("state").asText())
        .isEqualTo("working");
  }

  @Test
  void startsAgainFromItsJournalAfterACleanStop() throws Exception {
    Server first = server("");
    ok(client(first).post("/v1/placements", request("vm1", true), JsonNode.class, SOON));
    first.close();

    JsonClient client = client(server(""));

    assertThat(ok(client.get("/v1/decisions?vm=vm1", JsonNode.class, SOON))).hasSize(1);
  }

  @Test
  void theDescriptionIsWhatIsThere() throws Exception {
    Server server = server("");
    try (var in = Server.class.getResourceAsStream("openapi.yaml")) {
      assertThat(in).isNotNull();
      assertThat(new OpenApi(in.readAllBytes()).differences(server.routes()))
          .as("what is there only with node agents")
          .containsExactly(
              "not there: DELETE /v1/vms/{vm}",
              "not there: POST /v1/heartbeat",
              "not there: POST /v1/vms/{vm}/roll-back",
              "not there: POST /v1/vms/{vm}/verify",
              "not there: PUT /v1/vms/{vm}",
              "not there: PUT /v1/vms/{vm}/cpu-share");
    }
  }

  @Test
  void anUnknownKeyIsAnsweredWithTheOneThatWasMeant() throws Exception {
    assertThatThrownBy(() -> server("fleet: {cpuOvercomit: 2}\n"))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("serve.yaml:")
        .hasMessageContaining("cpuOvercomit: is unknown")
        .satisfies(e ->
            assertThat(((BadInputException) e).advice()).contains("maybe you meant cpuOvercommit"));
  }

  @Test
  void aSecretInTheConfigurationIsRefusedAndNotRepeated() {
    assertThatThrownBy(() -> Secret.read("tokens.nova", "hunter2hunter2hunter2"))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("tokens.nova")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void theReferenceNamesEveryKey() throws Exception {
    String reference = Reference.markdown();

    assertThat(reference)
        .contains("| `fleet.cpuOvercommit` |", "| `tls.keystore` |", "| `cloud.traffic.dns` |");
    Path page = Path.of("..", "docs", "serve-reference.md");
    assertThat(Files.readString(page))
        .as("penumbra serve --reference > %s", page)
        .contains(reference);
  }

  private static double best(JsonNode scores) {
    double best = 0;
    for (JsonNode host : scores.path("hosts")) {
      best = Math.max(best, host.path("score").asDouble());
    }
    return best;
  }

  private static Map<String, Object> request(String vm, boolean claim) {
    return new TreeMap<>(
        Map.of(
            "request",
            "r-" + vm,
            "vm",
            vm,
            "project",
            "p",
            "flavor",
            "m1",
            "vcpus",
            2,
            "memoryMib",
            2_048,
            "diskGib",
            10,
            "claim",
            claim,
            "extraSpecs",
            Map.of("penumbra:mode", "warm", "hw:cpu_policy", "shared"),
            "hosts",
            List.of("h0", "h1", "h2")));
  }

  private static JsonNode ok(Reply<JsonNode> reply) {
    return switch (reply) {
      case Reply.Ok<JsonNode>(JsonNode value) -> value;
      default -> throw new AssertionError(reply.toString());
    };
  }

  private URI root(Server server) {
    return URI.create("http://127.0.0.1:" + server.address().getPort());
  }

  private JsonClient client(Server server) {
    JsonClient client = new JsonClient(root(server), Optional.of(TOKEN), Optional.empty(), SOON);
    open.add(client);
    return client;
  }

  private Server server(String more) throws Exception {
    Path token = Files.writeString(dir.resolve("token"), TOKEN + "\n");
    Path file =
        Files.writeString(
            dir.resolve("serve.yaml"),
            """
            state: %s
            tokens: {operator: "file:%s"}
            # Nobody sends heartbeats, and nobody is to be missed while a test takes its time.
            scheduler: {heartbeat: PT10M}
            cloud:
              kind: agents
              token: "file:%s"
            """
                    .formatted(dir.resolve("state"), token, token)
                + more);
    Server server =
        Server.start(
            ConfigFile.read(file, ServeConfig.class),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            Optional.empty(),
            controller ->
                ServePorts.of(new ThreeHosts(), command -> {}, command -> {}, List.of(), () -> {}),
            alert -> alerts.add(alert.message()),
            (route, cause) -> alerts.add(route + cause),
            InstantSource.system());
    open.add(server);
    for (int i = 0;
        i < 12_000 && !(server.controller().state() instanceof ControllerState.Working);
        i++) {
      Thread.sleep(10);
    }
    return server;
  }

  /** Three hosts on which nothing happens. */
  private static final class ThreeHosts implements Cloud {
    @Override
    public Snapshot snapshot() {
      List<HostReport> hosts = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        hosts.add(
            new HostReport(
                new Host(
                    HostId.of("h" + i),
                    new Location("zone", "feed" + i, "rack" + i, "chassis" + i),
                    new HardwareProfile("acme", "gen1", "fw1", "kvm1", List.of()),
                    new Resources(16, 32_768, 500),
                    Instant.parse("2025-01-01T00:00:00Z")),
                HostCondition.UP));
      }
      return new Snapshot(0, hosts, List.of(), List.of());
    }

    @Override
    public Page events(long cursor, int max) {
      return new Page(List.of(), cursor);
    }

    @Override
    public void execute(Command.CloudCommand command) {
      // nothing is asked of hosts without VMs
    }
  }
}
