package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.AgentClient.CpuShare;
import io.penumbra.adapter.qemu.api.AgentClient.Doubt;
import io.penumbra.adapter.qemu.api.AgentClient.Guard;
import io.penumbra.adapter.qemu.api.AgentClient.Probe;
import io.penumbra.adapter.qemu.api.AgentClient.Reached;
import io.penumbra.adapter.qemu.api.AgentClient.RollBack;
import io.penumbra.adapter.qemu.api.AgentClient.Verify;
import io.penumbra.adapter.qemu.api.AgentJson;
import io.penumbra.adapter.qemu.api.Heartbeat.InstanceReport;
import io.penumbra.adapter.qemu.api.LeaseCalls;
import io.penumbra.adapter.qemu.api.Nothing;
import io.penumbra.adapter.qemu.api.ReplicaOrder;
import io.penumbra.adapter.qemu.api.RestoreOrder;
import io.penumbra.adapter.qemu.api.ShadowOrder;
import io.penumbra.adapter.qemu.api.ShadowSeat;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Outcome;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.web.Answer;
import io.penumbra.web.Call;
import io.penumbra.web.Reply;
import io.penumbra.web.Route;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/** The agent's API, as routes. What is refused is a problem with a short code for a title. */
public final class AgentRoutes {

  private static final Duration PROBE = Duration.ofMillis(150);
  private static final int CONFLICT = 409;

  private final Surroundings around;
  private final VmShelf shelf;
  private final CommandBook commands;
  private final AgentWork work;
  private final HostHealth health;
  private final PressureRelief relief;
  private final IntSupplier localHealth;
  private final Supplier<SortedMap<String, Double>> figures;

  AgentRoutes(
      Surroundings around,
      VmShelf shelf,
      CommandBook commands,
      AgentWork work,
      HostHealth health,
      PressureRelief relief,
      IntSupplier localHealth,
      Supplier<SortedMap<String, Double>> figures) {
    this.around = around;
    this.shelf = shelf;
    this.commands = commands;
    this.work = work;
    this.health = health;
    this.relief = relief;
    this.localHealth = localHealth;
    this.figures = figures;
  }

  /** All of them, in the order in which they are described. */
  public List<Route> list() {
    return List.of(
        Route.get("/v1/health", call -> ok(new Nothing())).withoutToken(),
        Route.get("/metrics", call -> metrics()).withoutToken(),
        Route.get("/v1/openapi.yaml", call -> openApi()).withoutToken(),
        Route.get("/v1/host", call -> ok(around.settings().host())),
        Route.get("/v1/telemetry", call -> ok(health.sample())),
        Route.get("/v1/instances", call -> ok(instances())),
        Route.get("/v1/strays", call -> ok(around.hypervisor().strays())),
        Route.get("/v1/vms/{vm}", call -> spec(vm(call))),
        Route.put("/v1/vms/{vm}", this::start),
        Route.delete("/v1/vms/{vm}", call -> done(work.delete(vm(call)))),
        Route.put("/v1/vms/{vm}/replicas/{host}", this::replicate),
        Route.delete("/v1/vms/{vm}/replicas/{host}", this::stopReplicating),
        Route.put("/v1/vms/{vm}/cpu-share", this::share),
        Route.post("/v1/vms/{vm}/doubt", this::doubt),
        Route.get("/v1/vms/{vm}/guard", this::guard),
        Route.post("/v1/commands", this::command),
        Route.put("/v1/shadows/{vm}", this::prepare),
        Route.get("/v1/shadows/{vm}", this::progress),
        Route.get("/v1/shadows/{vm}/epochs", this::epochs),
        Route.post("/v1/shadows/{vm}/restore", this::restore),
        Route.post("/v1/shadows/{vm}/roll-back", this::rollBack),
        Route.post("/v1/shadows/{vm}/verify", this::verify),
        Route.post("/v1/leases/{vm}/renew", this::renew),
        Route.post("/v1/leases/{vm}/stop", this::stopRenewing),
        Route.post("/v1/leases/{vm}/take-up", this::takeUp),
        Route.post("/v1/probe", this::probe));
  }

  /** What describes them. */
  public static byte[] description() {
    try (InputStream in = AgentRoutes.class.getResourceAsStream("openapi.yaml")) {
      if (in == null) {
        throw new IllegalStateException("openapi.yaml is missing beside " + AgentRoutes.class);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Answer openApi() {
    return Answer.text("application/yaml", new String(description(), StandardCharsets.UTF_8));
  }

  static Answer ok(Object value) {
    return new Answer(200, "application/json", ByteBuffer.wrap(AgentJson.write(value)), Map.of());
  }

  private static <T> T body(Call call, Class<T> type) {
    try {
      return AgentJson.read(call.bytes(), type);
    } catch (IOException e) {
      throw new BadInputException("body", String.valueOf(e.getMessage()), "", e);
    }
  }

  private static VmId vm(Call call) {
    return VmId.of(call.path("vm"));
  }

  private static Answer refused(String code, String message) {
    return Answer.problem(CONFLICT, code, message);
  }

  private static Answer done(Outcome outcome) {
    return outcome instanceof Outcome.Failed(String code, String message)
        ? refused(code, message)
        : ok(new Nothing());
  }

  // --- what is here

  private List<InstanceReport> instances() {
    return shelf.all().stream().flatMap(vm -> vm.report().stream()).toList();
  }

  private Answer spec(VmId id) {
    Optional<HostedVm> there = shelf.find(id);
    return there.isEmpty()
        ? refused("no-instance", "no instance of %s here".formatted(id))
        : ok(
            there
                .get()
                .record()
                .spec()
                .withIdentity(
                    there
                        .get()
                        .primary()
                        .flatMap(PrimarySide::guest)
                        .flatMap(Hypervisor.Guest::identity)));
  }

  private Answer metrics() {
    return Answer.text(
        "text/plain; version=0.0.4",
        AgentMetrics.text(shelf.all(), localHealth.getAsInt(), health, relief, figures.get()));
  }

  // --- VMs

  private Answer start(Call call) throws InterruptedException {
    VmSpec spec = body(call, VmSpec.class);
    if (!spec.vm().id().equals(vm(call))) {
      throw new BadInputException(
          "body: vm.id", "is %s, the path says %s".formatted(spec.vm().id(), vm(call)), "");
    }
    return done(work.start(spec));
  }

  private Answer replicate(Call call) throws InterruptedException {
    ReplicaOrder order = body(call, ReplicaOrder.class);
    return onPrimary(call, primary -> primary.replicate(order));
  }

  private Answer stopReplicating(Call call) throws InterruptedException {
    HostId host = HostId.of(call.path("host"));
    return shelf.find(vm(call)).flatMap(HostedVm::primary).isEmpty()
        ? ok(new Nothing())
        : onPrimary(call, primary -> primary.stopReplicating(host));
  }

  private Answer share(Call call) {
    int weight = body(call, CpuShare.class).weight();
    Optional<Hypervisor.Guest> guest =
        shelf.find(vm(call)).flatMap(HostedVm::primary).flatMap(PrimarySide::guest);
    if (guest.isEmpty()) {
      return refused("no-instance", "%s does not run here".formatted(vm(call)));
    }
    try {
      guest.get().share(weight);
      return ok(new Nothing());
    } catch (HypervisorException e) {
      return refused(e.code(), e.text());
    }
  }

  private Answer doubt(Call call) throws InterruptedException {
    String reason = body(call, Doubt.class).reason();
    return onPrimary(call, primary -> primary.doubt(reason));
  }

  private interface Deed {
    void on(PrimarySide primary);
  }

  private Answer onPrimary(Call call, Deed deed) throws InterruptedException {
    Optional<HostedVm> there = shelf.find(vm(call));
    if (there.isEmpty() || there.get().primary().isEmpty()) {
      return refused("no-instance", "%s does not run here".formatted(vm(call)));
    }
    there.get().lock().lockInterruptibly();
    try {
      there.get().primary().ifPresent(deed::on);
    } finally {
      there.get().lock().unlock();
    }
    return ok(new Nothing());
  }

  /** Waits until clients of a guest are told nothing that its shadow could lose, or for so long. */
  private Answer guard(Call call) throws InterruptedException {
    Optional<PrimarySide> primary = shelf.find(vm(call)).flatMap(HostedVm::primary);
    if (primary.isEmpty()) {
      return refused("no-instance", "%s does not run here".formatted(vm(call)));
    }
    long wait = call.query("waitMillis", 0, 0, 60_000) * 1_000_000;
    long since = around.clock().getAsLong();
    while (!primary.get().isGuarded() && around.clock().getAsLong() - since < wait) {
      Thread.sleep(15);
    }
    return ok(new Guard(primary.get().isGuarded()));
  }

  /** The id again is answered with the same outcome; while it is carried out, both wait. */
  private Answer command(Call call) {
    Command command = body(call, Command.class);
    CommandId id = command.id();
    return ok(
        commands.once(
            id,
            () -> {
              try {
                return work.carryOut(command);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return new Outcome.Unknown("the agent is being stopped");
              }
            }));
  }

  // --- shadows

  private Answer prepare(Call call) throws InterruptedException {
    ShadowOrder order = body(call, ShadowOrder.class);
    return switch (work.prepare(order)) {
      case AgentWork.Prepared.Seated(ShadowSeat seat) -> ok(seat);
      case AgentWork.Prepared.Refused(Outcome.Failed why) -> refused(why.code(), why.message());
    };
  }

  private Optional<ShadowSide> shadow(Call call) {
    return shelf.find(vm(call)).flatMap(HostedVm::shadow);
  }

  private static Answer noShadow(Call call) {
    return refused("no-shadow", "no shadow of %s here".formatted(vm(call)));
  }

  private Answer progress(Call call) throws InterruptedException {
    Optional<ShadowSide> there = shadow(call);
    if (there.isEmpty()) {
      return noShadow(call);
    }
    long term = call.query("term", 0, 0, Long.MAX_VALUE);
    long wait = call.query("waitMillis", 0, 0, 60_000);
    return ok(there.get().awaitTerm(term, Duration.ofMillis(wait)));
  }

  /** One epoch that a shadow could go back to. */
  public record KeptEpoch(
      long term, long epoch, long number, Instant cutAt, HealthSnapshot health) {}

  private Answer epochs(Call call) {
    Optional<ShadowSide> there = shadow(call);
    return there.isEmpty()
        ? noShadow(call)
        : ok(AgentWork.all(there.get().shadow()).stream().map(AgentRoutes::kept).toList());
  }

  private static KeptEpoch kept(EpochManifest manifest) {
    CutLabel label = CutLabel.of(manifest).orElse(new CutLabel(0, 0));
    return new KeptEpoch(
        label.term(), label.epoch(), manifest.epoch(), manifest.cutAt(), manifest.health());
  }

  private Answer restore(Call call) throws InterruptedException {
    Outcome outcome = work.restore(vm(call), body(call, RestoreOrder.class));
    Optional<ShadowSide> there = shadow(call);
    return outcome instanceof Outcome.Failed || there.isEmpty()
        ? done(outcome)
        : ok(there.get().awaitTerm(0, Duration.ZERO));
  }

  private Answer rollBack(Call call) throws InterruptedException {
    RollBack wanted = body(call, RollBack.class);
    return done(work.rollBack(vm(call), wanted.epoch()));
  }

  private Answer verify(Call call) throws InterruptedException {
    Duration listen = Duration.ofMillis(body(call, Verify.class).listenMillis());
    Optional<HostedVm> vm = shelf.find(vm(call));
    Optional<ShadowSide> there = vm.flatMap(HostedVm::shadow);
    if (there.isEmpty()) {
      return noShadow(call);
    }
    try {
      return ok(there.get().check(new AnswerCheck(around, vm.orElseThrow(), there.get()), listen));
    } catch (HypervisorException e) {
      return refused(e.code(), e.text());
    }
  }

  // --- leases

  private Answer renew(Call call) {
    LeaseCalls.Renew renew = body(call, LeaseCalls.Renew.class);
    Optional<ShadowSide> there = shadow(call);
    return there.isEmpty() ? noShadow(call) : ok(there.get().renew(renew));
  }

  private Answer stopRenewing(Call call) {
    LeaseCalls.Stop stop = body(call, LeaseCalls.Stop.class);
    Optional<ShadowSide> there = shadow(call);
    return there.isEmpty() ? noShadow(call) : ok(there.get().stop(stop));
  }

  private Answer takeUp(Call call) {
    Optional<ShadowSide> there = shadow(call);
    there.ifPresent(ShadowSide::takeUp);
    return there.isEmpty() ? noShadow(call) : ok(new Nothing());
  }

  // --- others

  private Answer probe(Call call) throws InterruptedException {
    String address = body(call, Probe.class).address();
    return switch (around.agentAt(address).health(PROBE)) {
      case Reply.Ok<Nothing> _ -> ok(new Reached(true, address + " answers"));
      case Reply.Refused<Nothing>(int status, _, _) ->
          ok(new Reached(true, "%s answers %d".formatted(address, status)));
      case Reply.Unreachable<Nothing>(String why) -> ok(new Reached(false, why));
      case Reply.Unclear<Nothing>(String why) -> ok(new Reached(false, why));
    };
  }
}
