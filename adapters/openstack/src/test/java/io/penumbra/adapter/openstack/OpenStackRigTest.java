package io.penumbra.adapter.openstack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.openstack.api.Answer;
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
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Against real services: a VM gets a shadow, its server is stopped, and the shadow takes over. */
class OpenStackRigTest {

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

  private void takeOver(OpenStackCloud cloud, OpenStackFencer fencer, VmId vm, String server)
      throws InterruptedException {
    HostId from = primary(cloud, vm, server);
    HostId to =
        cloud.snapshot().hosts().stream()
            .map(report -> report.host().id())
            .filter(host -> !host.equals(from))
            .findFirst()
            .orElseThrow();
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
    for (int i = 0; i < 120; i++) {
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
    OpenStackSettings usual = OpenStackSettings.defaults();
    return new OpenStackCloud(
        login,
        new OpenStackSettings(
            usual.reportInterval(),
            usual.servicesEvery(),
            usual.changesEvery(),
            usual.everythingEvery(),
            OpenStackSettings.ColdSource.IMAGE,
            false,
            false,
            OpenStackSettings.Retire.DELETE,
            Duration.ofMinutes(2)),
        new PolicyResolver(PolicyRules.none()),
        told::add,
        (host, at) -> {},
        () -> {},
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
