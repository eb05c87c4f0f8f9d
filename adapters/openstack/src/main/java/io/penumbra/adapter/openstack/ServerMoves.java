package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.adapter.openstack.api.Nova;
import io.penumbra.adapter.openstack.api.Rest;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Moves single servers from state to state, and waits until they are there. */
final class ServerMoves {

  private static final System.Logger LOG = System.getLogger(ServerMoves.class.getName());

  private static final Duration FIRST_LOOK = Duration.ofMillis(250);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final OpenStackSettings settings;
  private final Nova nova;
  private final Lookout lookout;
  private final InstantSource clock;
  private final Predicate<ServerRecord> worthwhile;

  ServerMoves(OpenStackSettings settings, Nova nova, Lookout lookout, InstantSource clock) {
    this(settings, nova, lookout, clock, server -> true);
  }

  private ServerMoves(
      OpenStackSettings settings,
      Nova nova,
      Lookout lookout,
      InstantSource clock,
      Predicate<ServerRecord> worthwhile) {
    this.settings = settings;
    this.nova = nova;
    this.lookout = lookout;
    this.clock = clock;
    this.worthwhile = worthwhile;
  }

  /** The same, but whatever is waited for is given up when it is not worthwhile any more. */
  ServerMoves onlyWhile(Predicate<ServerRecord> asked) {
    return new ServerMoves(settings, nova, lookout, clock, asked);
  }

  /** The name of a VM's shadow on a host, by which it is found again. */
  static String name(VmId vm, HostId host) {
    return "penumbra-%s-%s".formatted(vm, host);
  }

  /**
   * Makes a server on that host and no other, without a network, and waits until it is there. If
   * Nova finds no room after all, nothing is left of it.
   *
   * <p>Volumes are made of snapshots by Nova itself, and go with the server. It is not told of the
   * image that names them: what that says of their deletion holds for the VM's own.
   */
  ServerRecord make(
      ServerRecord primary, HostId host, StateImages.Source source, Map<String, String> marks)
      throws InterruptedException, Refusal {
    ObjectNode body = Rest.object();
    ObjectNode server = body.putObject("server");
    server.put("name", name(primary.vmId(), host));
    if (source.isOfVolumes()) {
      ArrayNode devices = server.putArray("block_device_mapping_v2");
      source.volumes().forEach(part -> devices.add(part.forShadow()));
    } else {
      server.put("imageRef", source.image());
    }
    server.put("networks", "none");
    server.put("host", host.value());
    ObjectNode metadata = server.putObject("metadata");
    TreeMap<String, String> items = new TreeMap<>(primary.ownMetadata());
    items.putAll(primary.estate());
    items.putAll(marks);
    if (source.isOfVolumes()) {
      items.put(Mark.GOING.key(), source.going());
    }
    items.forEach(metadata::put);
    // So that a filter that asks Penumbra knows that this is no VM to be placed.
    body.putObject("os:scheduler_hints").put(Mark.SHADOW_OF.key(), primary.vmId().value());
    Answer answer = order(body, server, primary.papers().flavor());
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

  /** Of that flavor; once more, if there is another of that name since its id was asked for. */
  private Answer order(ObjectNode body, ObjectNode server, String flavor)
      throws InterruptedException, Refusal {
    String flavorId = flavorId(flavor);
    server.put("flavorRef", flavorId);
    Answer answer = nova.create(body);
    boolean refused = answer instanceof Answer.Refused no && (no.status() == 400 || no.isAbsent());
    if (refused) {
      nova.forgetFlavor(flavor);
      String now = flavorId(flavor);
      if (!now.equals(flavorId)) {
        server.put("flavorRef", now);
        return nova.create(body);
      }
    }
    return answer;
  }

  private String flavorId(String flavor) throws InterruptedException, Refusal {
    return nova.flavorId(flavor)
        .orElseThrow(() -> Refusal.failed("no-flavor", "flavor %s is no more".formatted(flavor)));
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

  /** Puts another image under a server, if it is not there already. */
  ServerRecord rebuild(ServerRecord server, String image) throws InterruptedException, Refusal {
    ServerRecord before = fresh(server);
    if (!before.image().equals(image)) {
      orderRebuild(before.status().equals("PAUSED") ? stop(before) : before, image);
    } else if (before.task().isEmpty() && !before.status().equals("REBUILD")) {
      return before;
    }
    return await(
        server.id(),
        "rebuilt",
        now ->
            now.image().equals(image)
                && now.task().isEmpty()
                && (now.status().equals("ACTIVE") || now.status().equals("SHUTOFF")));
  }

  /** Nova refuses it of a server that is paused. */
  private void orderRebuild(ServerRecord server, String image)
      throws InterruptedException, Refusal {
    ObjectNode body = Rest.object();
    body.putObject("rebuild").put("imageRef", image);
    Answer answer = nova.act(server.id(), body);
    if (!ServerWork.isOk(answer)) {
      throw Refusal.of("rebuilding the shadow's server", answer);
    }
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

  /** Waits until Nova is doing nothing with it. */
  ServerRecord idle(ServerRecord server) throws InterruptedException, Refusal {
    return await(server.id(), "idle", now -> now.task().isEmpty());
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

  /**
   * What was a shadow's is the VM's now: volumes that its owner keeps stay when its server is
   * deleted. Whoever has just been promoted is not held up by it.
   */
  void keepVolumes(ServerRecord server) throws InterruptedException {
    Optional<String> mark = server.mark(Mark.GOING);
    if (mark.isEmpty()) {
      return;
    }
    List<String> going = List.of(mark.get().split(",", -1));
    try {
      for (JsonNode volume : nova.volumes(server.id())) {
        String device = volume.path("device").asText("");
        if (volume.path("delete_on_termination").asBoolean(true) && !going.contains(device)) {
          nova.keepVolume(server.id(), volume.path("volumeId").asText()).orThrow(device);
        }
      }
    } catch (CloudUnavailableException e) {
      LOG.log(
          Level.WARNING,
          "volumes of server {0}, which is {1} now, would be deleted with it: {2}",
          server.id(),
          server.vmId(),
          e.getMessage());
    }
  }

  void unmark(ServerRecord server, Mark mark) throws InterruptedException, Refusal {
    Answer answer = nova.unmark(server.id(), mark.key());
    boolean absent = answer instanceof Answer.Refused refused && refused.isAbsent();
    if (!absent && !ServerWork.isOk(answer)) {
      throw Refusal.of("writing on server " + server.id(), answer);
    }
    fresh(server);
  }

  /**
   * Orders an action; again, when Nova refuses it because it is doing something else. If the server
   * is on its way there already, or there, waiting shows it.
   */
  private void act(ServerRecord server, String action) throws InterruptedException, Refusal {
    Instant until = clock.instant().plus(settings.serverWithin());
    Duration pause = FIRST_LOOK;
    while (true) {
      Answer answer = nova.action(server.id(), action);
      if (ServerWork.isOk(answer)) {
        return;
      }
      if (!isConflict(answer)) {
        throw Refusal.of("%s of server %s".formatted(action, server.id()), answer);
      }
      ServerRecord now = fresh(server);
      while (!isOnItsWay(now, action) && !now.task().isEmpty()) {
        pause = sleep(pause, until, refused(now, action));
        now = fresh(server);
      }
      if (isOnItsWay(now, action) || !now.status().equals(server.status())) {
        return;
      }
      pause = sleep(pause, until, refused(now, action));
    }
  }

  /** Nova does not do that in the state in which the server is, or is busy with it. */
  static boolean isConflict(Answer answer) {
    return answer instanceof Answer.Refused refused && refused.status() == 409;
  }

  private static boolean isOnItsWay(ServerRecord server, String action) {
    String task =
        switch (action) {
          case "os-stop" -> "powering-off";
          case "os-start" -> "powering-on";
          case "pause" -> "pausing";
          case "unpause" -> "unpausing";
          case "resume" -> "resuming";
          default -> "shelving"; // and shelving_image_uploading, and so on
        };
    return server.task().startsWith(task);
  }

  private String refused(ServerRecord server, String action) throws Refusal {
    String said =
        "server %s is %s %s and refuses %s"
            .formatted(server.id(), server.status(), server.task(), action);
    if (!worthwhile.test(server)) {
      throw Refusal.unknown(said + "; its host went down");
    }
    return said;
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
      String otherwise = "server %s is %s and not %s".formatted(id, now.status(), what);
      if (!worthwhile.test(now)) {
        throw Refusal.unknown(otherwise + "; its host went down");
      }
      pause = sleep(pause, until, otherwise);
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
