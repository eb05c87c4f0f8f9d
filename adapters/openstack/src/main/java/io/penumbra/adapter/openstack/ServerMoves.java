package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.Nova;
import io.penumbra.adapter.openstack.api.Rest;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Moves single servers from state to state, and waits until they are there. */
final class ServerMoves {

  private static final Duration FIRST_LOOK = Duration.ofMillis(250);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final OpenStackSettings settings;
  private final Nova nova;
  private final Lookout lookout;
  private final InstantSource clock;

  ServerMoves(OpenStackSettings settings, Nova nova, Lookout lookout, InstantSource clock) {
    this.settings = settings;
    this.nova = nova;
    this.lookout = lookout;
    this.clock = clock;
  }

  /** The name of a VM's shadow on a host, by which it is found again. */
  static String name(VmId vm, HostId host) {
    return "penumbra-%s-%s".formatted(vm, host);
  }

  /**
   * Makes a server on that host and no other, without a network, and waits until it is there. If
   * Nova finds no room after all, nothing is left of it.
   */
  ServerRecord make(ServerRecord primary, HostId host, String image, Map<String, String> marks)
      throws InterruptedException, Refusal {
    String flavor = primary.vm().flavor().value();
    String flavorId =
        nova.flavorId(flavor)
            .orElseThrow(
                () -> Refusal.failed("no-flavor", "flavor %s is no more".formatted(flavor)));
    ObjectNode body = Rest.object();
    ObjectNode server = body.putObject("server");
    server.put("name", name(primary.vmId(), host));
    server.put("imageRef", image);
    server.put("flavorRef", flavorId);
    server.put("networks", "none");
    server.put("host", host.value());
    ObjectNode metadata = server.putObject("metadata");
    TreeMap<String, String> items = new TreeMap<>(primary.ownMetadata());
    items.putAll(marks);
    items.forEach(metadata::put);
    // So that a filter that asks Penumbra knows that this is no VM to be placed.
    body.putObject("os:scheduler_hints").put(Mark.SHADOW_OF.key(), primary.vmId().value());
    Answer answer = nova.create(body);
    if (!(answer instanceof Answer.Ok ok)) {
      throw Refusal.of("creating the shadow's server", answer);
    }
    String id = ok.body().path("server").path("id").asText();
    try {
      return await(id, "there", made -> made.status().equals("ACTIVE") && made.task().isEmpty());
    } catch (Refusal refusal) {
      throw withdraw(id, refusal);
    }
  }

  private Refusal withdraw(String id, Refusal refusal) throws InterruptedException {
    String said = String.valueOf(refusal.getMessage()).toLowerCase(Locale.ROOT);
    Optional<ServerRecord> there = lookout.look(id);
    boolean error = there.filter(made -> made.status().equals("ERROR")).isPresent();
    if (!error || !ServerWork.isOk(nova.delete(id))) {
      return refusal;
    }
    lookout.hint(id);
    boolean noRoom =
        said.contains("no valid host") || said.contains("no hosts") || said.contains("exceeded");
    return Refusal.failed(
        noRoom ? "no-capacity" : "not-created", String.valueOf(refusal.getMessage()));
  }

  /** Puts another image under a server that does not run. */
  ServerRecord rebuild(ServerRecord server, String image) throws InterruptedException, Refusal {
    if (server.image().equals(image)) {
      return server;
    }
    ObjectNode body = Rest.object();
    body.putObject("rebuild").put("imageRef", image);
    Answer answer = nova.act(server.id(), body);
    if (!ServerWork.isOk(answer)) {
      throw Refusal.of("rebuilding the shadow's server", answer);
    }
    return await(
        server.id(),
        "rebuilt",
        now ->
            now.image().equals(image)
                && now.task().isEmpty()
                && (now.status().equals("ACTIVE") || now.status().equals("SHUTOFF")));
  }

  /** Brings a shadow to where it waits: stopped, or as a standby paused. */
  ServerRecord rest(ServerRecord shadow, ShadowMode mode) throws InterruptedException, Refusal {
    if (mode != ShadowMode.WARM) {
      return stop(shadow);
    }
    ServerRecord now = fresh(shadow);
    if (now.status().equals("PAUSED")) {
      return now;
    }
    run(now);
    act(now, "pause");
    return await(now.id(), "paused", server -> server.status().equals("PAUSED"));
  }

  ServerRecord stop(ServerRecord server) throws InterruptedException, Refusal {
    ServerRecord now = fresh(server);
    if (now.isShutOff()) {
      return now;
    }
    if (now.status().equals("PAUSED")) {
      now = run(now);
    }
    act(now, "os-stop");
    return await(now.id(), "stopped", ServerRecord::isShutOff);
  }

  /** Lets a server run that is stopped or paused. */
  ServerRecord run(ServerRecord server) throws InterruptedException, Refusal {
    ServerRecord now = fresh(server);
    switch (now.status()) {
      case "SHUTOFF" -> act(now, "os-start");
      case "PAUSED" -> act(now, "unpause");
      case "SUSPENDED" -> act(now, "resume");
      default -> {}
    }
    return await(now.id(), "running", up -> up.isRunning() && up.task().isEmpty());
  }

  void shelve(ServerRecord server) throws InterruptedException, Refusal {
    ServerRecord now = fresh(server);
    if (!now.status().startsWith("SHELVED")) {
      act(now, "shelve");
    }
    ServerRecord shelved =
        await(
            now.id(),
            "put away",
            away -> away.status().startsWith("SHELVED") && away.task().isEmpty());
    if (shelved.status().equals("SHELVED")) {
      act(shelved, "shelveOffload");
      await(now.id(), "off its host", away -> away.status().equals("SHELVED_OFFLOADED"));
    }
  }

  /** Deletes a server and waits until it is gone. */
  void remove(ServerRecord server) throws InterruptedException, Refusal {
    Answer answer = nova.delete(server.id());
    boolean absent = answer instanceof Answer.Refused refused && refused.isAbsent();
    if (!absent && !ServerWork.isOk(answer)) {
      throw Refusal.of("deleting server " + server.id(), answer);
    }
    Instant until = clock.instant().plus(settings.serverWithin());
    Duration pause = FIRST_LOOK;
    while (lookout.look(server.id()).isPresent()) {
      pause = sleep(pause, until, "server %s is not gone yet".formatted(server.id()));
    }
  }

  ServerRecord mark(ServerRecord server, Map<String, String> marks)
      throws InterruptedException, Refusal {
    Answer answer = nova.mark(server.id(), marks);
    if (!ServerWork.isOk(answer)) {
      throw Refusal.of("writing on server " + server.id(), answer);
    }
    ServerRecord now = fresh(server);
    boolean written =
        marks.entrySet().stream()
            .allMatch(item -> item.getValue().equals(now.metadata().get(item.getKey())));
    if (!written) {
      throw Refusal.unknown("what was written on server %s does not show".formatted(server.id()));
    }
    return now;
  }

  private void act(ServerRecord server, String action) throws InterruptedException, Refusal {
    Answer answer = nova.action(server.id(), action);
    boolean underWay = answer instanceof Answer.Refused refused && refused.status() == 409;
    // 409: another attempt is on its way there, or it is there; waiting shows which.
    if (!ServerWork.isOk(answer) && !underWay) {
      throw Refusal.of("%s of server %s".formatted(action, server.id()), answer);
    }
  }

  private ServerRecord fresh(ServerRecord server) throws InterruptedException, Refusal {
    return lookout
        .look(server.id())
        .orElseThrow(() -> Refusal.failed("no-shadow", "server %s is gone".formatted(server.id())));
  }

  private ServerRecord await(String id, String what, Predicate<ServerRecord> there)
      throws InterruptedException, Refusal {
    Instant until = clock.instant().plus(settings.serverWithin());
    Duration pause = FIRST_LOOK;
    while (true) {
      ServerRecord now =
          lookout
              .look(id)
              .orElseThrow(() -> Refusal.failed("gone", "server %s is gone".formatted(id)));
      if (there.test(now)) {
        return now;
      }
      if (now.status().equals("ERROR") && now.task().isEmpty()) {
        throw Refusal.failed("server-error", "server %s: %s".formatted(id, now.fault()));
      }
      pause = sleep(pause, until, "server %s is %s and not %s".formatted(id, now.status(), what));
    }
  }

  private Duration sleep(Duration pause, Instant until, String otherwise)
      throws InterruptedException, Refusal {
    if (!clock.instant().isBefore(until)) {
      throw Refusal.unknown("%s after %s".formatted(otherwise, settings.serverWithin()));
    }
    Thread.sleep(pause);
    return pause.compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(3).dividedBy(2) : pause;
  }
}
