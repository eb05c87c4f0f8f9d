package io.penumbra.adapter.openstack;

import io.penumbra.adapter.openstack.ServerRecord.Role;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.Nova;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What is done with VMs and their shadows. Every command looks at the servers first, and goes on
 * from where an earlier attempt under the same id has come to: what was done is written on the
 * servers themselves.
 */
final class ServerWork {

  private static final Outcome DONE = new Outcome.Done();

  private final OpenStackSettings settings;
  private final Nova nova;
  private final Books books;
  private final Lookout lookout;
  private final InstantSource clock;
  private final ServerMoves moves;
  private final StateImages images;
  private final ShadowState states;
  private final Ports ports;
  private final OldServers oldServers;
  private final Turns turns;
  private final StateRefresh refresh;

  ServerWork(
      OpenStackSettings settings,
      Nova nova,
      Books books,
      Lookout lookout,
      Ports ports,
      OldServers oldServers,
      ServerMoves moves,
      StateImages images,
      ShadowState states,
      StateRefresh refresh,
      Turns turns,
      InstantSource clock) {
    this.settings = settings;
    this.nova = nova;
    this.states = states;
    this.books = books;
    this.lookout = lookout;
    this.clock = clock;
    this.ports = ports;
    this.oldServers = oldServers;
    this.moves = moves;
    this.images = images;
    this.refresh = refresh;
    this.turns = turns;
  }

  // --- shadows

  Outcome create(Command.CreateShadow command) throws InterruptedException, Refusal {
    ServerRecord primary = primary(command.vm());
    if (!primary.host().equals(Optional.of(command.primary()))) {
      throw Refusal.failed("primary-moved", "the primary is on " + primary.host());
    }
    mayKeep(command.mode(), command.host());
    Optional<ServerRecord> there = on(command.vm(), command.host());
    if (there.isPresent() && there.get().role() != Role.SHADOW) {
      throw Refusal.failed("occupied", "server %s is there".formatted(there.get().id()));
    }
    if (there.isPresent() && there.get().status().equals("ERROR")) {
      moves.remove(there.get());
      there = Optional.empty();
    }
    if (there.isEmpty() && command.refill()) {
      throw Refusal.failed("no-shadow", "there is no shadow on " + command.host());
    }
    boolean upToDate =
        there.isPresent()
            && there.get().isCompleteShadow()
            && there.get().number(Mark.TERM) == primary.number(Mark.TERM);
    if (upToDate && !command.refill()) {
      moves.rest(there.get(), command.mode());
    } else {
      fill(primary, there, command);
    }
    return DONE;
  }

  /** A warm shadow's memory is kept by the agent on its host; Nova can't do it. */
  private void mayKeep(ShadowMode mode, HostId host) throws Refusal {
    if (mode == ShadowMode.WARM && !settings.standby()) {
      throw Refusal.failed(
          "no-agent",
          "there is no node agent on %s that keeps a memory; a cold shadow, or a standby (cloud.standby), needs none"
              .formatted(host));
    }
  }

  private void fill(
      ServerRecord primary, Optional<ServerRecord> there, Command.CreateShadow command)
      throws InterruptedException, Refusal {
    StateImages.Cut cut = images.cut(primary, lookout.isUp(command.primary()));
    try {
      fill(primary, there, command, cut);
    } catch (Refusal e) {
      if (on(command.vm(), command.host()).isEmpty()) {
        images.dropOlder(command.vm()); // no server is left that says whose state it is
      }
      throw e;
    }
  }

  private void fill(
      ServerRecord primary,
      Optional<ServerRecord> there,
      Command.CreateShadow command,
      StateImages.Cut cut)
      throws InterruptedException, Refusal {
    ServerRecord shadow;
    if (there.isPresent()) {
      shadow = states.put(primary, there.get(), cut);
    } else {
      if (!states.hasRoom(command.host(), primary)) {
        throw Refusal.failed(
            "no-capacity",
            "Placement has no room for %s on %s".formatted(primary.vm().size(), command.host()));
      }
      shadow =
          moves.make(
              primary, command.host(), images.source(cut), begin(command, cut, primary.name()));
    }
    moves.rest(shadow, command.mode());
    complete(shadow, command, cut);
  }

  private static Map<String, String> begin(
      Command.CreateShadow command, StateImages.Cut cut, String name) {
    TreeMap<String, String> marks = new TreeMap<>();
    marks.put(Mark.SHADOW_OF.key(), command.vm().value());
    marks.put(Mark.ROLE.key(), "shadow");
    marks.put(Mark.HOST.key(), command.host().value());
    marks.put(Mark.COMMAND.key(), command.id().value());
    marks.put(Mark.IMAGE.key(), cut.image());
    marks.put(Mark.NAME.key(), name);
    return marks;
  }

  private void complete(ServerRecord shadow, Command.CreateShadow command, StateImages.Cut cut)
      throws InterruptedException, Refusal {
    TreeMap<String, String> marks = new TreeMap<>(ShadowState.marksOf(cut));
    marks.put(ServerRecord.MODE, word(command.mode()));
    marks.put(Mark.RESIDENT.key(), ServerRecord.text(command.resident()));
    marks.put(Mark.COMMAND.key(), command.id().value());
    marks.put(Mark.STATE.key(), "complete");
    moves.mark(shadow, marks);
  }

  private static String word(ShadowMode mode) {
    return mode == ShadowMode.WARM ? "warm" : "cold";
  }

  Outcome changeMode(Command.ChangeShadowMode command) throws InterruptedException, Refusal {
    ServerRecord shadow = shadow(command.vm(), command.host());
    mayKeep(command.mode(), command.host());
    moves.rest(shadow, command.mode());
    moves.mark(shadow, Map.of(ServerRecord.MODE, word(command.mode())));
    return DONE;
  }

  /** The server has the VM's whole size from the start; how much of it counts is bookkeeping. */
  Outcome resize(Command.ResizeShadow command) throws InterruptedException, Refusal {
    ServerRecord shadow = shadow(command.vm(), command.host());
    moves.mark(shadow, Map.of(Mark.RESIDENT.key(), ServerRecord.text(command.resident())));
    return DONE;
  }

  Outcome allocate(Command.AllocateShadow command) throws InterruptedException, Refusal {
    turns.takesOver(command.vm(), settings.serverWithin());
    ServerRecord shadow = shadow(command.vm(), command.host());
    if (!lookout.isUp(command.host())) {
      throw Refusal.unknown("nova-compute on %s is silent".formatted(command.host()));
    }
    moves.mark(shadow, Map.of(Mark.RESIDENT.key(), ServerRecord.text(command.size())));
    return DONE;
  }

  Outcome delete(Command.DeleteShadow command) throws InterruptedException, Refusal {
    boolean unseen = lookout.isPartial() && books.primary(command.vm()).isEmpty();
    if (unseen && !isGone(command)) {
      throw Refusal.unknown(
          "part of Nova does not answer; %s may be there, and need its shadow"
              .formatted(command.vm()));
    }
    for (ServerRecord there : allOn(command.vm(), command.host())) {
      if (isTheVm(there)) {
        throw Refusal.failed("in-service", "server %s is the VM".formatted(there.id()));
      }
      if (there.role() == Role.SHADOW) {
        moves.remove(there);
      }
    }
    if (!unseen) {
      images.dropOlder(command.vm());
    }
    return DONE;
  }

  /**
   * Whether Nova says, though a part of it is hidden, that there is no server any more of which the
   * shadow was made: its first, as long as nothing was promoted. Only of such a shadow is that
   * known; what was promoted has another id, and may be in the hidden part.
   */
  private boolean isGone(Command.DeleteShadow command) throws InterruptedException {
    boolean first =
        allOn(command.vm(), command.host()).stream()
            .allMatch(there -> there.role() == Role.SHADOW && there.number(Mark.TERM) == 0);
    return first && lookout.look(command.vm().value()).isEmpty();
  }

  /** A new state is cut in this interval instead of the policy's, as far as the bounds allow. */
  Outcome setInterval(Command.SetEpochInterval command) {
    if (!images.areOfPrimaries()) {
      return new Outcome.Failed(
          "no-states",
          "the shadows of %s start from its image; there is nothing to be cut"
              .formatted(command.vm()));
    }
    refresh.pace(command.vm(), command.interval());
    return DONE;
  }

  // --- taking over

  Outcome sync(Command.SyncLast command) throws InterruptedException, Refusal {
    turns.takesOver(command.vm(), settings.serverWithin());
    ServerRecord shadow = shadow(command.vm(), command.host());
    if (!shadow.isCompleteShadow()) {
      throw Refusal.failed(
          "no-shadow", "the shadow on %s is not complete".formatted(command.host()));
    }
    if (command.primary().isPresent()) {
      return pauseAndSync(shadow, command.primary().get(), command.id());
    }
    Instant cut = ServerReader.instant(shadow.mark(Mark.CUT).orElse(""));
    Duration age = Duration.between(cut, clock.instant());
    return synced(shadow, age.isNegative() ? Duration.ZERO : age);
  }

  private Outcome pauseAndSync(ServerRecord shadow, HostId from, CommandId id)
      throws InterruptedException, Refusal {
    ServerRecord primary = primary(shadow.vmId());
    if (!primary.host().equals(Optional.of(from))) {
      throw Refusal.failed("no-link", "the primary is on " + primary.host());
    }
    if (!images.areOfPrimaries()) {
      throw Refusal.failed(
          "no-sync", "shadows start from the image of the VM; a living one is not given up for it");
    }
    images.mayBeCutStopped(shadow);
    moves.stop(primary);
    StateImages.Cut cut = images.cutLast(primary);
    ServerRecord filled = states.put(primary, shadow, cut);
    return synced(moves.mark(filled, Map.of(Mark.COMMAND.key(), id.value())), Duration.ZERO);
  }

  private static Outcome synced(ServerRecord shadow, Duration age) {
    return new Outcome.Synced(shadow.number(Mark.TERM), shadow.number(Mark.EPOCH), true, age, 0);
  }

  /**
   * Makes a shadow the VM. First it is written on the servers which of them is the VM from now on,
   * so that whoever looks, also after a crash in the middle, sees one.
   */
  Outcome activate(Command.Activate command) throws InterruptedException, Refusal {
    ServerRecord server =
        on(command.vm(), command.host())
            .orElseThrow(
                () -> Refusal.failed("no-shadow", "no server of it is on " + command.host()));
    turns.takesOver(command.vm(), settings.serverWithin());
    if (server.role() == Role.SHADOW) {
      ready(server, command);
      server = withItsState(server);
      Optional<ServerRecord> before = books.primary(command.vm());
      TreeMap<String, String> marks = new TreeMap<>();
      before.ifPresent(primary -> marks.putAll(primary.estate()));
      marks.put(Mark.ROLE.key(), "primary");
      marks.put(Mark.TERM.key(), Long.toString(command.term()));
      marks.put(Mark.COMMAND.key(), command.id().value());
      if (before.isPresent()) {
        for (String left : server.leftover(before.get().estate())) {
          nova.unmark(server.id(), left);
        }
      }
      server = moves.mark(server, marks);
    } else if (server.number(Mark.TERM) != command.term() && !server.isRunning()) {
      throw Refusal.failed("stopped", "it was promoted and has stopped since");
    }
    try {
      comeToLife(server);
    } catch (Refusal refusal) {
      boolean stopped =
          refusal.outcome() instanceof Outcome.Failed no && no.code().equals("server-error");
      throw stopped
          ? Refusal.failed("stopped", String.valueOf(refusal.getMessage()))
          : Refusal.unknown(String.valueOf(refusal.getMessage()));
    }
    moves.keepVolumes(server);
    return DONE;
  }

  /** A state that was about to be put under it, when whoever did that ended, is put there now. */
  private ServerRecord withItsState(ServerRecord shadow) throws InterruptedException, Refusal {
    Optional<String> image = shadow.mark(Mark.IMAGE);
    boolean known = images.areOfPrimaries() && image.isPresent() && !shadow.image().isEmpty();
    return known ? moves.rebuild(shadow, image.get()) : shadow;
  }

  private static void ready(ServerRecord shadow, Command.Activate command) throws Refusal {
    if (!shadow.isCompleteShadow()) {
      throw Refusal.failed("not-ready", "the shadow is not complete");
    }
    long epoch = shadow.number(Mark.EPOCH);
    if (epoch != command.epoch()) {
      throw Refusal.failed(
          "other-epoch", "asked for epoch %d, it is at %d".formatted(command.epoch(), epoch));
    }
  }

  private void comeToLife(ServerRecord server) throws InterruptedException, Refusal {
    List<ServerRecord> others = OldServers.of(books.all(server.vmId()), server);
    for (ServerRecord other : others) {
      oldServers.keepOff(other);
    }
    ports.take(server, others);
    moves.run(server);
  }

  Outcome resume(Command.ResumePrimary command) throws InterruptedException, Refusal {
    ServerRecord server =
        allOn(command.vm(), command.host()).stream()
            .filter(there -> there.role() != Role.SHADOW)
            .max(
                Comparator.comparing(this::isTheVm)
                    .thenComparingLong(there -> there.number(Mark.TERM)))
            .orElseThrow(
                () -> Refusal.failed("no-instance", "no server of it is on " + command.host()));
    TreeMap<String, String> marks = new TreeMap<>();
    marks.put(Mark.ROLE.key(), "primary");
    marks.put(Mark.TERM.key(), Long.toString(Math.max(command.term(), server.number(Mark.TERM))));
    try {
      ServerRecord again = moves.mark(server, marks);
      oldServers.letGo(again);
      comeToLife(again);
    } catch (Refusal refusal) {
      throw Refusal.unknown(String.valueOf(refusal.getMessage()));
    }
    return DONE;
  }

  /** Nova says whether it runs; whether its service answers, only an agent or a probe could. */
  Outcome verify(Command.VerifyService command) throws InterruptedException, Refusal {
    Optional<ServerRecord> server = on(command.vm(), command.host());
    if (!lookout.isUp(command.host())) {
      throw Refusal.unknown("nova-compute on %s is silent".formatted(command.host()));
    }
    if (server.isEmpty() || !server.get().isRunning()) {
      String state = server.map(ServerRecord::status).orElse("absent");
      throw Refusal.failed("no-answer", "it is %s on %s".formatted(state, command.host()));
    }
    return DONE;
  }

  Outcome retire(Command.RetirePrimary command) throws InterruptedException, Refusal {
    for (ServerRecord old : allOn(command.vm(), command.host())) {
      if (isTheVm(old)) {
        throw Refusal.failed("in-service", "server %s is the VM".formatted(old.id()));
      }
      if (old.role() == Role.SHADOW) {
        continue;
      }
      oldServers.keepOff(old);
      Optional<ServerRecord> now = books.primary(command.vm());
      if (now.isPresent() && lookout.isUp(command.host())) {
        ports.letGo(old, now.get());
      }
      if (settings.retire() == OpenStackSettings.Retire.DELETE) {
        ports.discard(old);
        moves.remove(old);
      } else if (lookout.isUp(command.host())) {
        ports.discard(old);
        putAway(old);
      } else {
        throw Refusal.unknown(
            "nova-compute on %s is silent; the old server is put away when it is back"
                .formatted(command.host()));
      }
    }
    return DONE;
  }

  /** Nova shelves nothing that is in ERROR, or that it is doing something else with. */
  private void putAway(ServerRecord old) throws InterruptedException, Refusal {
    ServerRecord now = moves.idle(old);
    moves.shelve(now.status().equals("ERROR") ? moves.stop(now) : now);
  }

  // --- looking

  private ServerRecord primary(VmId vm) throws InterruptedException, Refusal {
    Optional<ServerRecord> known = books.primary(vm);
    if (known.isPresent()) {
      lookout.look(known.get().id());
    }
    return books
        .primary(vm)
        .orElseThrow(() -> Refusal.failed("no-vm", "there is no server of " + vm));
  }

  private ServerRecord shadow(VmId vm, HostId host) throws InterruptedException, Refusal {
    return on(vm, host)
        .filter(server -> server.role() == Role.SHADOW && !server.status().equals("ERROR"))
        .orElseThrow(
            () -> Refusal.failed("no-shadow", "no shadow of %s on %s".formatted(vm, host)));
  }

  private boolean isTheVm(ServerRecord server) {
    return books.primary(server.vmId()).filter(now -> now.id().equals(server.id())).isPresent();
  }

  /** What counts there: the VM before a shadow, and nothing that has had its time. */
  private Optional<ServerRecord> on(VmId vm, HostId host) throws InterruptedException {
    List<ServerRecord> there = allOn(vm, host);
    Optional<ServerRecord> theVm = there.stream().filter(this::isTheVm).findFirst();
    return theVm.or(() ->
        there.stream()
            .filter(server -> server.role() != Role.RETIRED)
            .max(
                Comparator.comparing((ServerRecord server) -> server.role() != Role.SHADOW)
                    .thenComparing(Books.NEWEST)));
  }

  /** Every server of a VM there is on a host, looked at now; also one that nobody has told of. */
  private List<ServerRecord> allOn(VmId vm, HostId host) throws InterruptedException {
    long since = lookout.now();
    nova.named(ServerMoves.name(vm, host)).forEach(json -> lookout.take(json, since));
    for (ServerRecord known : books.all(vm)) {
      if (known.host().equals(Optional.of(host))) {
        lookout.look(known.id());
      }
    }
    return books.all(vm).stream()
        .filter(server -> server.host().equals(Optional.of(host)))
        .filter(server -> !server.status().contains("DELETED"))
        .toList();
  }

  /** Whether an answer says that it was done. */
  static boolean isOk(Answer answer) {
    return answer instanceof Answer.Ok;
  }
}
