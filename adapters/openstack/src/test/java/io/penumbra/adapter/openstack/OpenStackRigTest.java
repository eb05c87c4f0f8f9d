package io.penumbra.adapter.openstack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.KeystoneCallers;
import io.penumbra.adapter.openstack.api.Login;
import io.penumbra.adapter.openstack.api.Nova;
import io.penumbra.adapter.openstack.api.Rest;
import io.penumbra.adapter.openstack.api.Session;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.placement.policy.PolicyRules;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.web.Gatekeeper;
import io.penumbra.web.Gatekeeper.Admission;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
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
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Against real services: a VM gets a shadow, its server is stopped, and the shadow takes over. */
class OpenStackRigTest {

  /** A real Keystone on a busy machine may take longer than callers are made to wait. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final BlockingQueue<Event> told = new LinkedBlockingQueue<>();

  @Test
  void aStoppedPrimaryIsFollowedByItsShadowOnAnotherHost() throws Exception {
    Map<String, String> rc = openrc();
    Session session = new Session(login(rc), InstantSource.system());
    try (Rest rest = new Rest(session, 4);
        OpenStackCloud cloud = cloud(login(rc));
        OpenStackFencer fencer = cloud.fencer(HostPower.none(), told::add)) {
      Nova nova = new Nova(rest);
      cloud.snapshot();
      String server = boot(session, nova);
      VmId vm = VmId.of(server);
      try {
        takeOver(cloud, fencer, vm, server);
      } finally {
        for (Cloud.ShadowReport left : cloud.snapshot().shadows()) {
          if (left.vm().equals(vm)) {
            outcome(cloud, new Command.DeleteShadow(id("clean", vm), vm, left.host()));
          }
        }
        nova.named("penumbra-" + vm + "-.*")
            .forEach(left -> delete(nova, left.path("id").asText()));
        delete(nova, server);
      }
    }
  }

  @Test
  void aServerThatBootsFromAVolumeHasItsNewestSnapshotUnderItsShadow() throws Exception {
    Map<String, String> rc = openrc();
    Session session = new Session(login(rc), InstantSource.system());
    try (Rest rest = new Rest(session, 4);
        OpenStackCloud cloud = cloud(login(rc), OpenStackSettings.ColdSource.SNAPSHOT);
        OpenStackFencer fencer = cloud.fencer(HostPower.none(), told::add)) {
      Nova nova = new Nova(rest);
      cloud.snapshot();
      String volume = volume(rest);
      String server = boot(session, nova, volume);
      VmId vm = VmId.of(server);
      try {
        newestIsTaken(cloud, fencer, rest, vm, server);
      } finally {
        nova.named("penumbra-" + vm + "-.*")
            .forEach(left -> delete(nova, left.path("id").asText()));
        delete(nova, server);
        StubCloud.waitFor(() -> states(nova, vm).isEmpty()); // each goes after its snapshots
        StubCloud.waitFor(() -> things(rest, "snapshots").isEmpty());
        StubCloud.waitFor(() -> things(rest, "volumes?status=in-use").isEmpty());
        for (JsonNode left : things(rest, "volumes")) {
          block(rest, "DELETE", "/volumes/" + left.path("id").asText(), Rest.object());
        }
      }
    }
  }

  private void newestIsTaken(
      OpenStackCloud cloud, OpenStackFencer fencer, Rest rest, VmId vm, String server)
      throws InterruptedException {
    HostId from = primary(cloud, vm, server);
    HostId to = another(cloud, from);
    Command.CreateShadow create =
        new Command.CreateShadow(
            id("create", vm), vm, from, to, ShadowMode.COLD, Resources.NONE, Duration.ZERO, false);
    assertThat(outcome(cloud, create)).isInstanceOf(Outcome.Done.class);
    String first = shadow(rest, vm, to).path("id").asText();
    // another server, of a snapshot that was taken later, and nothing is left of the first
    StubCloud.waitFor(() -> !shadow(rest, vm, to).path("id").asText(first).equals(first));
    StubCloud.waitFor(
        () -> things(rest, "snapshots").size() == 1 && things(rest, "volumes").size() == 2);

    fencer.execute(new Command.FenceVm(id("fence", vm), vm, from));
    assertThat(((Outcome.FencingAnswered) next()).result())
        .isInstanceOf(FencingResult.Fenced.class);
    Outcome.Synced synced =
        (Outcome.Synced)
            outcome(cloud, new Command.SyncLast(id("sync", vm), vm, to, Optional.empty()));
    assertThat(synced.epoch()).isGreaterThan(1);
    Command.Activate activate = new Command.Activate(id("activate", vm), vm, to, synced.epoch(), 1);
    assertThat(outcome(cloud, activate)).isInstanceOf(Outcome.Done.class);
    assertThat(primary(cloud, vm, server)).isEqualTo(to);
    String promoted = shadow(rest, vm, to).path("id").asText();
    assertThat(new Nova(rest).volumes(promoted))
        .singleElement()
        .satisfies(its ->
            assertThat(its.path("delete_on_termination").asBoolean(true))
                .as("its owner keeps the volume")
                .isFalse());
  }

  /** The one server of that name, if there is just one. */
  private static JsonNode shadow(Rest rest, VmId vm, HostId host) {
    try {
      List<JsonNode> found = new Nova(rest).named(ServerMoves.name(vm, host));
      return found.size() == 1 ? found.getFirst() : Rest.object();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<JsonNode> states(Nova nova, VmId vm) {
    try {
      return nova.images(Mark.SHADOW_OF.key(), vm.value());
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<JsonNode> things(Rest rest, String kind) {
    try {
      String list = kind.replaceFirst("\\?.*", "");
      return rest.all("volumev3", "", "/" + kind, list);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** One that a server could boot from. */
  private static String volume(Rest rest) throws InterruptedException {
    ObjectNode body = Rest.object();
    body.putObject("volume").put("size", 1).put("name", "penumbra-test");
    String made = block(rest, "POST", "/volumes", body).path("volume").path("id").asText();
    StubCloud.waitFor(() ->
        things(rest, "volumes?status=available").stream()
            .anyMatch(one -> one.path("id").asText().equals(made)));
    ObjectNode order = Rest.object();
    order.putObject("os-set_bootable").put("bootable", true);
    block(rest, "POST", "/volumes/" + made + "/action", order);
    return made;
  }

  private static JsonNode block(Rest rest, String method, String path, ObjectNode body)
      throws InterruptedException {
    Optional<JsonNode> sent = body.isEmpty() ? Optional.empty() : Optional.of(body);
    return rest.ask("volumev3", "", method, path, sent).orThrow(path);
  }

  private static String boot(Session session, Nova nova, String volume)
      throws InterruptedException {
    ObjectNode body = Rest.object();
    ObjectNode server = body.putObject("server");
    server.put("name", "penumbra-test");
    server.put("networks", "none");
    server.put("flavorRef", session.client().compute().flavors().list().getFirst().getId());
    server.putObject("metadata").put("penumbra:mode", "cold").put("penumbra:rpo", "2s");
    server
        .putArray("block_device_mapping_v2")
        .addObject()
        .put("boot_index", 0)
        .put("uuid", volume)
        .put("source_type", "volume")
        .put("destination_type", "volume");
    return ((Answer.Ok) nova.create(body)).body().path("server").path("id").asText();
  }

  private static HostId another(OpenStackCloud cloud, HostId than) {
    return cloud.snapshot().hosts().stream()
        .map(report -> report.host().id())
        .filter(host -> !host.equals(than))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void whoHasATokenOfTheCloudMayDoWhatItsRoleSays() throws Exception {
    Map<String, String> rc = openrc();
    Session session = new Session(login(rc), InstantSource.system());
    String token = session.client().getToken().getId();
    try (KeystoneCallers admins = callers(rc, "admin", "nobody");
        KeystoneCallers readers = callers(rc, "nobody", "reader");
        KeystoneCallers others = callers(rc, "nobody", "no-one")) {
      assertThat(admins.admit(visitor("POST", token)))
          .isEqualTo(new Admission.Welcome(rc.get("OS_USERNAME") + "@Default"));
      assertThat(readers.admit(visitor("GET", token))).isInstanceOf(Admission.Welcome.class);
      assertThat(readers.admit(visitor("POST", token))).isInstanceOf(Admission.Forbidden.class);
      assertThat(others.admit(visitor("GET", token))).isInstanceOf(Admission.Forbidden.class);
      assertThat(admins.admit(visitor("GET", token.substring(1))))
          .isEqualTo(new Admission.Stranger());
    }
  }

  @Test
  void whoHasTheRoleIsLetInWhoHasAnotherIsNotAndATokenThatWasTakenBackIsNoLongerGood()
      throws Exception {
    Map<String, String> rc = openrc();
    AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
    try (People people = new People(rc);
        KeystoneCallers callers =
            new KeystoneCallers(
                login(rc).keystone(),
                new KeystoneCallers.Rules(
                    List.of(people.role("caller")), List.of(), Optional.empty(), "default"),
                PATIENCE,
                now::get)) {
      String may = people.token("may", "caller");
      String other = people.token("other", "passer-by");

      assertThat(callers.admit(visitor("POST", may)))
          .isEqualTo(new Admission.Welcome(people.name("may") + "@Default"));
      assertThat(callers.admit(visitor("GET", other)))
          .isInstanceOfSatisfying(
              Admission.Forbidden.class,
              no -> assertThat(no.toString()).contains(people.name("other"), "passer-by"));
      assertThat(callers.admit(visitor("GET", "gAAAAAB" + "x".repeat(180))))
          .isEqualTo(new Admission.Stranger());

      people.takeBack(may);
      // what Keystone has said is believed for a minute, and no longer
      assertThat(callers.admit(visitor("POST", may))).isInstanceOf(Admission.Welcome.class);
      now.updateAndGet(then -> then.plusSeconds(61));
      assertThat(callers.admit(visitor("POST", may))).isEqualTo(new Admission.Stranger());
    }
  }

  /** Users and roles of one test in a real Keystone, gone with it. */
  private static final class People implements AutoCloseable {

    private final Map<String, String> rc;
    private final String mark = "-" + Long.toHexString(System.nanoTime());
    private final Session session;
    private final Rest rest;
    private final Map<String, String> roles = new TreeMap<>();
    private final List<String> users = new ArrayList<>();

    People(Map<String, String> rc) {
      this.rc = rc;
      session = new Session(login(rc), InstantSource.system());
      rest = new Rest(session, 2);
    }

    String name(String name) {
      return name + mark;
    }

    String role(String name) throws InterruptedException {
      if (!roles.containsKey(name)) {
        ObjectNode body = Rest.object();
        body.putObject("role").put("name", name(name));
        roles.put(name, made("/roles", "role", body));
      }
      return name(name);
    }

    /** A new user's token for the administrator's project, where it has this role and no other. */
    String token(String name, String role) throws InterruptedException {
      role(role);
      ObjectNode body = Rest.object();
      body.putObject("user").put("name", name(name)).put("password", mark);
      String user = made("/users", "user", body);
      users.add(user);
      String project = session.client().getToken().getProject().getId();
      ask("PUT", "/projects/%s/users/%s/roles/%s".formatted(project, user, roles.get(role)));
      Login login =
          Login.of(
              login(rc).keystone(),
              name(name),
              mark,
              "default",
              rc.getOrDefault("OS_PROJECT_NAME", ""),
              "RegionOne");
      return new Session(login, InstantSource.system()).client().getToken().getId();
    }

    void takeBack(String token) throws Exception {
      try (HttpClient http = HttpClient.newHttpClient()) {
        HttpRequest request =
            HttpRequest.newBuilder(URI.create(login(rc).keystone() + "/auth/tokens"))
                .header("X-Auth-Token", session.client().getToken().getId())
                .header("X-Subject-Token", token)
                .DELETE()
                .build();
        assertThat(http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode())
            .isEqualTo(204);
      }
    }

    private String made(String path, String kind, ObjectNode body) throws InterruptedException {
      return rest.ask("identity", "", "POST", path, Optional.of(body))
          .orThrow(path)
          .path(kind)
          .path("id")
          .asText();
    }

    private void ask(String method, String path) throws InterruptedException {
      rest.ask("identity", "", method, path, Optional.empty()).orThrow(path);
    }

    @Override
    public void close() {
      try {
        for (String user : users) {
          ask("DELETE", "/users/" + user);
        }
        for (String role : roles.values()) {
          ask("DELETE", "/roles/" + role);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      rest.close();
    }
  }

  private static KeystoneCallers callers(Map<String, String> rc, String role, String reader) {
    return new KeystoneCallers(
        login(rc).keystone(),
        new KeystoneCallers.Rules(
            List.of(role),
            List.of(reader),
            Optional.ofNullable(rc.get("OS_PROJECT_NAME")),
            "default"),
        PATIENCE,
        InstantSource.system());
  }

  private static Gatekeeper.Visitor visitor(String method, String token) {
    return new Gatekeeper.Visitor() {
      @Override
      public String method() {
        return method;
      }

      @Override
      public Optional<String> header(String name) {
        return name.equals("X-Auth-Token") ? Optional.of(token) : Optional.empty();
      }
    };
  }

  private void takeOver(OpenStackCloud cloud, OpenStackFencer fencer, VmId vm, String server)
      throws InterruptedException {
    HostId from = primary(cloud, vm, server);
    HostId to = another(cloud, from);
    Command.CreateShadow create =
        new Command.CreateShadow(
            id("create", vm), vm, from, to, ShadowMode.COLD, Resources.NONE, Duration.ZERO, false);

    assertThat(outcome(cloud, create)).isInstanceOf(Outcome.Done.class);
    assertThat(cloud.snapshot().shadows())
        .filteredOn(shadow -> shadow.vm().equals(vm))
        .singleElement()
        .satisfies(shadow -> assertThat(shadow.host()).isEqualTo(to));

    fencer.execute(new Command.FenceVm(id("fence", vm), vm, from));
    assertThat(((Outcome.FencingAnswered) next()).result())
        .isInstanceOf(FencingResult.Fenced.class);

    Command.Activate activate = new Command.Activate(id("activate", vm), vm, to, 0, 1);
    assertThat(outcome(cloud, activate)).isInstanceOf(Outcome.Done.class);
    assertThat(primary(cloud, vm, server)).isEqualTo(to);
    assertThat(outcome(cloud, new Command.RetirePrimary(id("retire", vm), vm, from)))
        .isInstanceOf(Outcome.Done.class);
  }

  private static HostId primary(OpenStackCloud cloud, VmId vm, String server)
      throws InterruptedException {
    for (int i = 0; i < 360; i++) {
      cloud.hint(server);
      Optional<HostId> host =
          cloud.snapshot().vms().stream()
              .filter(report -> report.vm().id().equals(vm))
              .map(Cloud.VmReport::host)
              .findFirst();
      if (host.isPresent()) {
        return host.get();
      }
      Thread.sleep(500);
    }
    throw new AssertionError("nobody has seen " + vm);
  }

  private static String boot(Session session, Nova nova) throws InterruptedException {
    ObjectNode body = Rest.object();
    ObjectNode server = body.putObject("server");
    server.put("name", "penumbra-test");
    server.put("networks", "none");
    server.put("imageRef", session.client().imagesV2().list().getFirst().getId());
    server.put("flavorRef", session.client().compute().flavors().list().getFirst().getId());
    return ((Answer.Ok) nova.create(body)).body().path("server").path("id").asText();
  }

  private static void delete(Nova nova, String server) {
    try {
      nova.delete(server);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static CommandId id(String what, VmId vm) {
    return CommandId.of(what + "-" + vm);
  }

  private Outcome outcome(OpenStackCloud cloud, Command.CloudCommand command)
      throws InterruptedException {
    cloud.execute(command);
    return next();
  }

  private Outcome next() throws InterruptedException {
    Event event = told.poll(150, TimeUnit.SECONDS);
    assertThat(event).isInstanceOf(Event.CommandReported.class);
    return ((Event.CommandReported) java.util.Objects.requireNonNull(event)).outcome();
  }

  private OpenStackCloud cloud(Login login) {
    return cloud(login, OpenStackSettings.ColdSource.IMAGE);
  }

  private OpenStackCloud cloud(Login login, OpenStackSettings.ColdSource source) {
    OpenStackSettings usual = OpenStackSettings.defaults();
    return new OpenStackCloud(
        login,
        new OpenStackSettings(
            usual.reportInterval(),
            usual.servicesEvery(),
            usual.changesEvery(),
            usual.everythingEvery(),
            source,
            false,
            false,
            OpenStackSettings.Retire.DELETE,
            new OpenStackSettings.Refresh(Duration.ofSeconds(2), 1),
            Duration.ofMinutes(2)),
        new PolicyResolver(PolicyRules.none()),
        told::add,
        (host, at) -> {},
        () -> {},
        Optional.empty(),
        InstantSource.system());
  }

  private static Login login(Map<String, String> rc) {
    return Login.of(
        URI.create(rc.getOrDefault("OS_AUTH_URL", "")),
        rc.getOrDefault("OS_USERNAME", ""),
        rc.getOrDefault("OS_PASSWORD", ""),
        rc.getOrDefault("OS_USER_DOMAIN_ID", "default"),
        rc.getOrDefault("OS_PROJECT_NAME", ""),
        rc.getOrDefault("OS_REGION_NAME", "RegionOne"));
  }

  /** What a shell would export from the file that the environment names. */
  private static Map<String, String> openrc() throws IOException {
    String file = System.getenv("PENUMBRA_OPENSTACK_RC");
    boolean wanted = "true".equals(System.getenv("PENUMBRA_OPENSTACK"));
    assertThat(file != null || !wanted).as("a cloud was to be brought up: see .ci/run").isTrue();
    assumeTrue(file != null, "PENUMBRA_OPENSTACK_RC names no openrc: no cloud to try it on");
    TreeMap<String, String> found = new TreeMap<>();
    for (String line : Files.readAllLines(Path.of(java.util.Objects.requireNonNull(file)))) {
      for (String word : line.split("\\s+", -1)) {
        String[] parts = word.split("=", 2);
        if (parts.length == 2 && parts[0].startsWith("OS_")) {
          found.put(parts[0], parts[1]);
        }
      }
    }
    return found;
  }
}
