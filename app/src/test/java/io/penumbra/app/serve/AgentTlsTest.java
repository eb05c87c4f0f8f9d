package io.penumbra.app.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.penumbra.adapter.qemu.api.AgentClient;
import io.penumbra.adapter.qemu.api.AgentJson;
import io.penumbra.adapter.qemu.api.Nothing;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.app.FreePorts;
import io.penumbra.app.Penumbra;
import io.penumbra.domain.FlavorId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.CommitMode;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.RiskThresholds;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.web.JsonClient;
import io.penumbra.web.PemFiles;
import io.penumbra.web.Reply;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code penumbra agent} under the real control plane; each shows the other a certificate. */
@Timeout(400)
class AgentTlsTest {

  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir private Path dir = Path.of("replaced by JUnit");
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    List<Exception> failed = new ArrayList<>();
    for (AutoCloseable each : open.reversed()) {
      try {
        each.close();
      } catch (Exception e) {
        failed.add(e);
      }
    }
    assertThat(failed).isEmpty();
  }

  @Test
  void agentsAndControlPlaneTakeEachOtherForWhatTheyShowAndNobodyElse() throws Exception {
    if (!"true".equals(System.getenv("CI"))) {
      assumeTrue(Files.exists(Path.of("/usr/bin/openssl")), "openssl is not installed");
    }
    certificates();
    Server server = server();
    int agentPort = FreePorts.next();
    agent("host-1", agentPort, server, "agent");

    JsonClient operator = client(server, pem("controller"));
    JsonNode hosts = awaitHosts(operator);
    assertThat(hosts.findValuesAsText("id").toString() + hosts).contains("host-1");

    // From the controller to the agent: it is asked, and it is the agent that refuses.
    assertThat(startedAt(operator, "vm-1")).contains("bad-spec");

    assertThat(probe(agentPort, Optional.of(pem("controller")))).isInstanceOf(Reply.Ok.class);
    assertThat(probe(agentPort, Optional.of(pem("stranger")))).isInstanceOf(Reply.Unclear.class);
    assertThat(probe(agentPort, Optional.empty())).isInstanceOf(Reply.Unclear.class);

    // A host whose certificate somebody else has signed is never heard of.
    agent("host-2", FreePorts.next(), server, "stranger");
    Thread.sleep(3_000);
    assertThat(ok(operator.get("/v1/hosts", JsonNode.class, SOON)).toString())
        .contains("host-1")
        .doesNotContain("host-2");
  }

  /** Its guest can't be read by any agent. */
  private static JsonNode nonsense(String vm) {
    ProtectionPolicy none =
        new ProtectionPolicy(
            ShadowMode.NONE,
            0,
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            Diversity.HOST_ONLY,
            CommitMode.ASYNC,
            new RiskThresholds(0.5, 0.9),
            0);
    Vm described =
        new Vm(
            VmId.of(vm),
            ProjectId.of("project"),
            FlavorId.of("small"),
            new Resources(1, 128, 1),
            new TreeMap<>(),
            List.of(),
            new EffectivePolicy(none, "test"));
    return AgentJson.tree(
        new VmSpec(described, Optional.empty(), JsonNodeFactory.instance.objectNode()));
  }

  /** What comes of starting it, once the host is taken for well, and its agent answers in time. */
  private static String startedAt(JsonClient operator, String vm) throws Exception {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    String said;
    do {
      Thread.sleep(200);
      said =
          operator
              .put("/v1/vms/" + vm, nonsense(vm), JsonNode.class, Duration.ofSeconds(15))
              .toString();
    } while (!said.contains("bad-spec") && System.nanoTime() < until);
    return said;
  }

  private JsonNode awaitHosts(JsonClient operator) throws Exception {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    while (true) {
      Reply<JsonNode> reply = operator.get("/v1/hosts", JsonNode.class, SOON);
      if (reply instanceof Reply.Ok<JsonNode>(JsonNode hosts) && hosts.size() > 0) {
        return hosts;
      }
      assertThat(System.nanoTime()).as("a host is heard of; %s", reply).isLessThan(until);
      Thread.sleep(100);
    }
  }

  private static JsonNode ok(Reply<JsonNode> reply) {
    return reply instanceof Reply.Ok<JsonNode>(JsonNode value)
        ? value
        : org.assertj.core.api.Assertions.fail(reply.toString());
  }

  private Reply<Nothing> probe(int port, Optional<PemFiles> files) throws Exception {
    try (AgentClient agent =
        new AgentClient(
            "https://127.0.0.1:" + port,
            Files.readString(dir.resolve("token")).strip(),
            files.map(PemFiles::context))) {
      long until = System.nanoTime() + SOON.toNanos();
      Reply<Nothing> reply = agent.health(SOON);
      // It is there; only a machine that is busy can be too slow to let us in.
      while (reply instanceof Reply.Unreachable<Nothing> && System.nanoTime() < until) {
        reply = agent.health(SOON);
      }
      return reply;
    }
  }

  private JsonClient client(Server server, PemFiles files) throws Exception {
    JsonClient client =
        new JsonClient(
            URI.create("https://127.0.0.1:" + server.address().getPort()),
            Optional.of(Files.readString(dir.resolve("token")).strip()),
            Optional.of(files.context()),
            SOON);
    open.add(client);
    return client;
  }

  private PemFiles pem(String name) {
    return new PemFiles(
        dir.resolve(name + ".pem"),
        dir.resolve(name + ".key"),
        Optional.of(dir.resolve("ours.pem")));
  }

  private Server server() throws Exception {
    Path config =
        Files.writeString(
            dir.resolve("serve.yaml"),
            """
            state: %1$s/state
            tokens: {agents: "file:%1$s/token"}
            tls: {keystore: "%1$s/controller.p12", password: "file:%1$s/password", truststore: "%1$s/trust.p12"}
            cloud:
              kind: agents
              token: "file:%1$s/token"
              tls: {certificate: "%1$s/controller.pem", key: "%1$s/controller.key", authority: "%1$s/ours.pem"}
            """
                .formatted(dir));
    ServeConfig read = ConfigFile.read(config, ServeConfig.class);
    Server server =
        Server.start(
            read,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            read.tls().map(ServeCommand::context),
            controller -> Plugs.of(read, controller),
            alert -> System.err.println(alert),
            (route, cause) -> cause.printStackTrace(),
            InstantSource.system());
    open.add(server);
    return server;
  }

  private void agent(String name, int port, Server server, String shows) throws Exception {
    Process agent =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx256m",
                    "--add-modules",
                    "jdk.incubator.vector",
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Penumbra.class.getName(),
                    "agent",
                    "--host",
                    name,
                    "--dir",
                    dir.resolve(name).toString(),
                    "--listen",
                    "127.0.0.1:" + port,
                    "--controller",
                    "https://127.0.0.1:" + server.address().getPort(),
                    "--token-file",
                    dir.resolve("token").toString(),
                    "--no-tracking",
                    "--tls-cert",
                    dir.resolve(shows + ".pem").toString(),
                    "--tls-key",
                    dir.resolve(shows + ".key").toString(),
                    "--tls-ca",
                    dir.resolve("ours.pem").toString()))
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve(name + ".log").toFile())
            .start();
    open.add(() -> {
      agent.destroy();
      if (!agent.waitFor(5, TimeUnit.SECONDS)) {
        agent.destroyForcibly().waitFor();
      }
      Path watchdog = dir.resolve(name).resolve("watchdog.pid");
      if (Files.exists(watchdog)) {
        ProcessHandle.of(Long.parseLong(Files.readString(watchdog).strip().split(" ", 2)[0]))
            .ifPresent(ProcessHandle::destroyForcibly);
      }
    });
  }

  // --- certificates

  private void certificates() throws Exception {
    Files.writeString(dir.resolve("token"), "a-token-for-tests-only\n");
    Files.writeString(dir.resolve("password"), "a-password\n");
    authority("ours");
    authority("strange");
    sign("ours", "agent");
    sign("ours", "controller");
    sign("strange", "stranger");
    run(
        "openssl pkcs12 -export -in controller.pem -inkey controller.key -out controller.p12 -passout file:password");
    run(
        "%s/bin/keytool -importcert -noprompt -alias ours -file ours.pem -keystore trust.p12 -storetype PKCS12 -storepass a-password"
            .formatted(System.getProperty("java.home")));
  }

  private void authority(String name) throws Exception {
    run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=%1$s -keyout %1$s.key -out %1$s.pem"
            .formatted(name));
  }

  private void sign(String authority, String name) throws Exception {
    run(
        "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=%1$s -keyout %1$s.key -out %1$s.csr"
            .formatted(name));
    Files.writeString(dir.resolve(name + ".ext"), "subjectAltName=IP:127.0.0.1\n");
    run(
        "openssl x509 -req -in %1$s.csr -CA %2$s.pem -CAkey %2$s.key -CAcreateserial -days 2 -extfile %1$s.ext -out %1$s.pem"
            .formatted(name, authority));
  }

  private void run(String words) throws Exception {
    Process run =
        new ProcessBuilder(words.split(" ", -1))
            .directory(dir.toFile())
            .redirectErrorStream(true)
            .start();
    String said =
        new String(run.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(run.waitFor()).as("%s: %s", words, said).isZero();
  }
}
