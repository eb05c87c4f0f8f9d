package io.penumbra.adapter.qemu.cloud;

import io.penumbra.adapter.qemu.api.AgentClient;
import io.penumbra.adapter.qemu.api.AgentClient.Reached;
import io.penumbra.adapter.qemu.api.AgentClient.ShadowProgress;
import io.penumbra.adapter.qemu.api.Nothing;
import io.penumbra.adapter.qemu.api.ReplicaOrder;
import io.penumbra.adapter.qemu.api.RestoreOrder;
import io.penumbra.adapter.qemu.api.ShadowOrder;
import io.penumbra.adapter.qemu.api.ShadowSeat;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.adapter.qemu.cloud.Books.HostEntry;
import io.penumbra.adapter.qemu.cloud.Books.ShadowEntry;
import io.penumbra.adapter.qemu.cloud.Books.VmEntry;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.CloudCommand;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.event.Outcome.Liveness;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.web.Reply;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Has commands carried out by agents. Where several are concerned, each step can be repeated. */
final class CloudWork {

  private static final Outcome DONE = new Outcome.Done();
  private static final int OBSERVERS = 3;

  /**
   * For a host that has been silent for longer than usual already; others look just as long, and
   * may take as long again to say so: two that have looked make a verdict, one does not.
   */
  private static final Duration PROBE = Duration.ofMillis(400);

  private static final Duration OWN_LOOK = Duration.ofMillis(150);
  private static final Duration USUAL = Duration.ofSeconds(25);
  private static final Duration SYNC = Duration.ofSeconds(110);
  private static final Duration ACTIVATE = Duration.ofSeconds(280);
  private static final Duration FILL = Duration.ofMinutes(58);
  private static final Duration ROUND = Duration.ofSeconds(10);

  /** A gateway that can't be guarded by then is away: its VM has a shadow all the same. */
  private static final Duration GUARD = Duration.ofSeconds(20);

  private static final Duration EPOCH_MIN = Duration.ofMillis(100);
  private static final Duration EPOCH_MAX = Duration.ofSeconds(60);

  private final QemuCloud cloud;
  private final Books books;
  private final HeartbeatIntake intake;
  private final EventFeed feed;
  private final InstantSource wall;

  CloudWork(
      QemuCloud cloud, Books books, HeartbeatIntake intake, EventFeed feed, InstantSource wall) {
    this.cloud = cloud;
    this.books = books;
    this.intake = intake;
    this.feed = feed;
    this.wall = wall;
  }

  /**
   * Filling takes long, and must not keep the VM's other commands waiting. What is asked of one
   * instance keeps its order; a host that is dead must not keep another waiting.
   */
  static String laneOf(CloudCommand command) {
    return switch (command) {
      case Command.ProbeHost c -> "probe " + c.host();
      case Command.SetQuarantine c -> "host " + c.host();
      case Command.CreateShadow c -> "fill %s on %s".formatted(c.vm(), c.host());
      case Command.ChangeShadowMode c -> "mode %s on %s".formatted(c.vm(), c.host());
      case Command.ResizeShadow c -> shadow(c.vm(), c.host());
      case Command.DeleteShadow c -> shadow(c.vm(), c.host());
      case Command.SetEpochInterval c -> "interval of " + c.vm();
      case Command.AllocateShadow c -> shadow(c.vm(), c.host());
      case Command.SyncLast c ->
          c.primary()
              .map(primary -> instance(c.vm(), primary))
              // Asked for beside the room, and does not wait for it.
              .orElseGet(() -> "last of %s on %s".formatted(c.vm(), c.host()));
      case Command.ResumePrimary c -> instance(c.vm(), c.host());
      case Command.Activate c -> shadow(c.vm(), c.host());
      case Command.VerifyService c -> "verify %s on %s".formatted(c.vm(), c.host());
      case Command.RetirePrimary c -> instance(c.vm(), c.host());
    };
  }

  private static String instance(VmId vm, HostId host) {
    return "%s on %s".formatted(vm, host);
  }

  private static String shadow(VmId vm, HostId host) {
    return "shadow of %s on %s".formatted(vm, host);
  }

  Outcome carryOut(CloudCommand command) throws InterruptedException {
    return switch (command) {
      case Command.ProbeHost c -> probe(c.host());
      case Command.SetQuarantine c -> quarantine(c);
      case Command.CreateShadow c -> create(c);
      case Command.ChangeShadowMode c -> ask(c.host(), c, FILL);
      case Command.ResizeShadow c -> ask(c.host(), c, USUAL);
      case Command.DeleteShadow c -> delete(c);
      case Command.SetEpochInterval c -> every(c);
      case Command.AllocateShadow c -> ask(c.host(), c, USUAL);
      case Command.SyncLast c -> ask(c.primary().orElse(c.host()), c, SYNC);
      case Command.ResumePrimary c -> resume(c);
      case Command.Activate c -> activate(c);
      case Command.VerifyService c -> ask(c.host(), c, USUAL);
      case Command.RetirePrimary c -> retire(c);
    };
  }

  /** One agent carries it out alone. */
  private Outcome ask(HostId host, Command command, Duration within) throws InterruptedException {
    Optional<AgentClient> agent = cloud.agent(host);
    if (agent.isEmpty()) {
      return new Outcome.Unknown("no agent of %s has been heard of".formatted(host));
    }
    return switch (agent.get().execute(command, within)) {
      case Reply.Ok<Outcome>(Outcome outcome) -> outcome;
      case Reply.Refused<Outcome>(_, String code, String detail) ->
          new Outcome.Failed(code, detail);
      case Reply.Unreachable<Outcome>(String why) -> new Outcome.Unknown(why);
      case Reply.Unclear<Outcome>(String why) -> new Outcome.Unknown(why);
    };
  }

  // --- hosts

  /** Looks ourselves, and asks a few other hosts, whether the host's agent answers. */
  private Outcome probe(HostId host) throws InterruptedException {
    Optional<HostEntry> entry = books.host(host);
    if (entry.isEmpty()) {
      return new Outcome.HostProbed(Liveness.UNDECIDED, "no agent of %s is known".formatted(host));
    }
    List<Future<Optional<Boolean>>> looks = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      looks.add(threads.submit(() -> Optional.of(reaches(host))));
      for (HostEntry observer : observers(host)) {
        looks.add(threads.submit(() -> look(observer.host().id(), entry.get().address())));
      }
      int asked = 0;
      int reached = 0;
      for (Future<Optional<Boolean>> look : looks) {
        Optional<Boolean> seen = seen(look);
        asked += seen.isPresent() ? 1 : 0;
        reached += seen.orElse(false) ? 1 : 0;
      }
      threads.shutdownNow();
      Liveness liveness =
          reached > 0 ? Liveness.ALIVE : asked >= 2 ? Liveness.UNREACHABLE : Liveness.UNDECIDED;
      return new Outcome.HostProbed(
          liveness, "%d of %d observers reach it".formatted(reached, asked));
    }
  }

  private static Optional<Boolean> seen(Future<Optional<Boolean>> look)
      throws InterruptedException {
    try {
      return look.get(PROBE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return Optional.empty();
    }
  }

  private boolean reaches(HostId host) throws InterruptedException {
    return cloud.agent(host).isPresent()
        && cloud.agent(host).get().health(OWN_LOOK) instanceof Reply.Ok<Nothing>;
  }

  private Optional<Boolean> look(HostId observer, String address) throws InterruptedException {
    return cloud.agent(observer).orElseThrow().probe(address, PROBE)
            instanceof Reply.Ok<Reached>(Reached seen)
        ? Optional.of(seen.reached())
        : Optional.empty();
  }

  /** Those that were heard of last, from all over the fleet. */
  private List<HostEntry> observers(HostId host) {
    List<HostEntry> others = new ArrayList<>(books.hosts());
    others.removeIf(other -> other.host().id().equals(host));
    others.sort((one, other) ->
        intake.heardAt(other.host().id()).compareTo(intake.heardAt(one.host().id())));
    int step = Math.max(1, others.size() / (2 * OBSERVERS));
    List<HostEntry> chosen = new ArrayList<>();
    for (int i = 0; i < others.size() && chosen.size() < OBSERVERS; i += step) {
      chosen.add(others.get(i));
    }
    return chosen;
  }

  private Outcome quarantine(Command.SetQuarantine command) {
    Optional<HostEntry> entry = books.host(command.host());
    if (entry.isEmpty()) {
      return new Outcome.Failed("no-host", "no host " + command.host());
    }
    HostEntry known = entry.get();
    if (books.put(new HostEntry(known.host(), known.address(), command.quarantined()))) {
      HostCondition now = command.quarantined() ? HostCondition.QUARANTINED : HostCondition.UP;
      feed.offer(new Event.HostConditionReported(wall.instant(), command.host(), now));
    }
    return DONE;
  }

  // --- shadows

  /** Prepares it at its host, has the primary's agent fill it, and waits until it is complete. */
  private Outcome create(Command.CreateShadow command) throws InterruptedException {
    Optional<VmEntry> vm = books.vm(command.vm());
    if (vm.isEmpty()) {
      return new Outcome.Failed("no-vm", "there is no VM " + command.vm());
    }
    if (!vm.get().host().equals(command.primary())) {
      return primaryMoved(command);
    }
    Optional<AgentClient> primary = cloud.agent(command.primary());
    Optional<AgentClient> host = cloud.agent(command.host());
    if (command.fromStore() && host.isPresent()) {
      return restore(command, vm.get().term(), host.get());
    }
    if (primary.isEmpty() || host.isEmpty()) {
      return new Outcome.Unknown(
          "no agent of %s or %s is known".formatted(command.primary(), command.host()));
    }
    return switch (primary.get().spec(command.vm())) {
      case Reply.Ok<VmSpec>(VmSpec spec) ->
          prepare(command, spec, vm.get().term(), primary.get(), host.get());
      case Reply.Refused<VmSpec> refused -> primaryMoved(command);
      case Reply.Unreachable<VmSpec>(String why) ->
          new Outcome.Failed("no-source", "the primary's agent does not answer: " + why);
      case Reply.Unclear<VmSpec>(String why) -> new Outcome.Unknown(why);
    };
  }

  /** No primary is left to fill it: its host's agent looks into the tier store. */
  private static Outcome restore(Command.CreateShadow command, long term, AgentClient host)
      throws InterruptedException {
    RestoreOrder order =
        new RestoreOrder(command.primary(), term, command.resident(), Optional.empty());
    return switch (host.restore(command.vm(), order, FILL)) {
      case Reply.Ok<ShadowProgress> _ -> DONE;
      case Reply.Refused<ShadowProgress>(_, String code, String detail) ->
          new Outcome.Failed(code, detail);
      case Reply.Unreachable<ShadowProgress>(String why) -> new Outcome.Unknown(why);
      case Reply.Unclear<ShadowProgress>(String why) -> new Outcome.Unknown(why);
    };
  }

  private static Outcome primaryMoved(Command.CreateShadow command) {
    return new Outcome.Failed("primary-moved", "the primary is not on " + command.primary());
  }

  private Outcome prepare(
      Command.CreateShadow command, VmSpec spec, long term, AgentClient primary, AgentClient host)
      throws InterruptedException {
    ShadowOrder order =
        new ShadowOrder(
            spec, command.primary(), term, command.mode(), command.resident(), command.refill());
    return switch (host.prepare(order)) {
      case Reply.Ok<ShadowSeat>(ShadowSeat seat) -> {
        ReplicaOrder replica =
            new ReplicaOrder(
                command.host(),
                host.address(),
                seat.addresses(),
                seat.link(),
                interval(command.mode(), command.rpo()));
        Outcome filled = fill(command, term, primary.replicate(command.vm(), replica), host);
        if (filled.equals(DONE)) {
          primary.awaitGuard(command.vm(), GUARD);
        }
        yield filled;
      }
      case Reply.Refused<ShadowSeat>(_, String code, String detail) ->
          new Outcome.Failed(code, detail);
      case Reply.Unreachable<ShadowSeat>(String why) -> new Outcome.Unknown(why);
      case Reply.Unclear<ShadowSeat>(String why) -> new Outcome.Unknown(why);
    };
  }

  /** Half of what may be lost is spent between cuts, the rest on the way. */
  static Duration interval(ShadowMode mode, Duration rpo) {
    Duration half = rpo.dividedBy(2);
    Duration least = mode == ShadowMode.WARM ? EPOCH_MIN : Duration.ofSeconds(1);
    return half.compareTo(least) < 0 ? least : half.compareTo(EPOCH_MAX) > 0 ? EPOCH_MAX : half;
  }

  private Outcome fill(
      Command.CreateShadow command, long term, Reply<Nothing> replicates, AgentClient host)
      throws InterruptedException {
    if (replicates instanceof Reply.Refused<Nothing>(_, String code, String detail)) {
      return new Outcome.Failed(code, detail);
    }
    if (!(replicates instanceof Reply.Ok<Nothing>)) {
      return new Outcome.Unknown(replicates.toString());
    }
    Instant until = wall.instant().plus(FILL);
    while (wall.instant().isBefore(until)) {
      switch (host.awaitComplete(command.vm(), term, ROUND)) {
        case Reply.Ok<ShadowProgress>(ShadowProgress progress) -> {
          if (progress.complete()) {
            return DONE;
          }
        }
        case Reply.Refused<ShadowProgress> gone -> {
          return new Outcome.Failed("gone", "the shadow was removed while it was filled");
        }
        case Reply.Unreachable<ShadowProgress>(String why) -> {
          return new Outcome.Unknown(why);
        }
        case Reply.Unclear<ShadowProgress>(String why) -> {
          return new Outcome.Unknown(why);
        }
      }
      if (books.vm(command.vm()).filter(e -> e.host().equals(command.primary())).isEmpty()) {
        return primaryMoved(command);
      }
    }
    return new Outcome.Failed("link-broken", "it was not filled within " + FILL);
  }

  private Outcome delete(Command.DeleteShadow command) throws InterruptedException {
    Optional<VmEntry> vm = books.vm(command.vm());
    if (vm.filter(entry -> entry.host().equals(command.host())).isPresent()) {
      return inService();
    }
    Optional<AgentClient> primary = vm.flatMap(entry -> cloud.agent(entry.host()));
    if (primary.isPresent()) {
      primary.get().stopReplicating(command.vm(), command.host());
    }
    Outcome outcome = ask(command.host(), command, USUAL);
    boolean superseded = outcome instanceof Outcome.Failed no && no.code().equals("in-service");
    // An old primary that is still there is no shadow, so nothing of one is left.
    return superseded ? DONE : outcome;
  }

  private static Outcome inService() {
    return new Outcome.Failed("in-service", "the books call it the VM");
  }

  private Outcome every(Command.SetEpochInterval command) throws InterruptedException {
    Optional<VmEntry> vm = books.vm(command.vm());
    return vm.isEmpty()
        ? new Outcome.Failed("no-vm", "there is no VM " + command.vm())
        : ask(vm.get().host(), command, USUAL);
  }

  // --- taking over

  private Outcome activate(Command.Activate command) throws InterruptedException {
    Outcome outcome = ask(command.host(), command, ACTIVATE);
    if (outcome.equals(DONE)) {
      books.change(
          command.vm(),
          entry ->
              entry.term() < command.term() ? entry.at(command.host(), command.term()) : entry);
      // It may have been fenced there in an earlier life.
      cloud.leases().takeUp(command.vm(), command.host());
    }
    return outcome;
  }

  /** Whoever kept it from serving takes it back; then it may go on. */
  private Outcome resume(Command.ResumePrimary command) throws InterruptedException {
    books.change(command.vm(), entry -> entry.at(command.host(), command.term()));
    cloud.leases().takeUp(command.vm(), command.host());
    for (ShadowEntry shadow : books.shadowsOf(command.vm())) {
      Optional<AgentClient> agent = cloud.agent(shadow.host());
      if (agent.isPresent()) {
        agent.get().takeUp(command.vm());
      }
    }
    return ask(command.host(), command, USUAL);
  }

  private Outcome retire(Command.RetirePrimary command) throws InterruptedException {
    VmId id = command.vm();
    if (books.vm(id).filter(entry -> entry.host().equals(command.host())).isPresent()) {
      return inService();
    }
    Outcome outcome = ask(command.host(), command, USUAL);
    if (outcome.equals(DONE)) {
      cloud.leases().takeUp(id, command.host());
    }
    return outcome;
  }
}
