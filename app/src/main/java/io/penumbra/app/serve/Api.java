package io.penumbra.app.serve;

import io.penumbra.domain.ProjectId;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.placement.DecisionTable;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.log.DecisionEntry;
import io.penumbra.placement.log.DecisionExplanation;
import io.penumbra.placement.log.DecisionHistory;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.scheduler.failover.FailoverRecord;
import io.penumbra.scheduler.loop.ControlLoop;
import io.penumbra.scheduler.loop.LoopView;
import io.penumbra.scheduler.service.Controller;
import io.penumbra.scheduler.service.ControllerBusyException;
import io.penumbra.scheduler.service.ControllerState;
import io.penumbra.web.Answer;
import io.penumbra.web.Call;
import io.penumbra.web.Route;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Function;

/** The control plane's API, described in {@code openapi.yaml}. */
final class Api {

  private static final long LIST_MAX = 10_000;

  private final Controller controller;
  private final PolicyResolver policies;
  private final Path decisions;
  private final InstantSource clock;
  private final Meters meters;
  private Optional<DecisionHistory> lastRead = Optional.empty();

  Api(
      Controller controller,
      PolicyResolver policies,
      Path decisions,
      InstantSource clock,
      Meters meters) {
    this.controller = controller;
    this.policies = policies;
    this.decisions = decisions;
    this.clock = clock;
    this.meters = meters;
  }

  List<Route> routes() {
    return List.of(
        Route.get("/health", call -> health()).withoutToken(),
        Route.get("/metrics", call -> metrics()).withoutToken(),
        Route.post("/v1/placements", this::place),
        Route.get("/v1/hosts", call -> Answer.ok(hosts())),
        Route.get("/v1/vms", call -> Answer.ok(vms())),
        Route.get("/v1/vms/{vm}", this::vm),
        Route.get("/v1/failovers", call -> Answer.ok(failovers())),
        Route.get("/v1/incidents", call -> Answer.ok(view(LoopView::incidents))),
        Route.get("/v1/breakers", call -> Answer.ok(view(LoopView::breakers))),
        Route.get("/v1/decisions", this::decisions),
        Route.get("/v1/decisions/{vm}", this::explain),
        Route.post("/v1/policies/resolve", this::resolve));
  }

  private <T> T view(Function<LoopView, T> reader) throws InterruptedException {
    return controller.view(reader, ServeConfig.ANSWER_WITHIN);
  }

  // --- how it is

  /** How the control plane is. */
  record Health(String state, Instant since, Optional<String> why) {}

  private Answer health() {
    return switch (controller.state()) {
      case ControllerState.Working(Instant since) ->
          Answer.ok(new Health("working", since, Optional.empty()));
      case ControllerState.Starting(Instant since) ->
          Answer.json(503, new Health("starting", since, Optional.empty()));
      case ControllerState.Recovering(Instant since, int attempts, String why, Instant again) ->
          Answer.json(
              503,
              new Health(
                  "recovering",
                  since,
                  Optional.of("%s; attempt %d at %s".formatted(why, attempts + 1, again))));
      case ControllerState.Closed() ->
          Answer.json(503, new Health("closed", clock.instant(), Optional.empty()));
    };
  }

  private Answer metrics() throws InterruptedException {
    Optional<Meters.Gauges> gauges = Optional.empty();
    if (controller.state() instanceof ControllerState.Working) {
      try {
        gauges =
            Optional.of(
                controller.ask(
                    (loop, placer) -> Meters.Gauges.of(loop.view(), placer.fleet()),
                    Duration.ofSeconds(1)));
      } catch (ControllerBusyException e) {
        // what it counts by itself is still worth reading
      }
    }
    return Answer.text("text/plain; version=0.0.4; charset=utf-8", meters.text(gauges));
  }

  // --- placement

  private Answer place(Call call) throws InterruptedException {
    ScoreRequest asked = call.body(ScoreRequest.class);
    PolicyResolver.Resolution policy = asked.policy(policies);
    long started = System.nanoTime();
    try {
      Scores scores =
          controller.ask(
              (loop, placer) -> scores(asked, policy, loop, placer), ServeConfig.ANSWER_WITHIN);
      meters.placed(System.nanoTime() - started, scores.primary().isPresent());
      return Answer.ok(scores);
    } catch (ControllerBusyException e) {
      meters.busy();
      return Answer.problem(503, "busy", String.valueOf(e.getMessage())).with("Retry-After", "1");
    }
  }

  private Scores scores(
      ScoreRequest asked, PolicyResolver.Resolution policy, ControlLoop loop, Placer placer) {
    Optional<VmId> shadowOf = asked.shadowOf();
    if (shadowOf.flatMap(loop.view()::vm).filter(asked::isShadowOf).isPresent()) {
      return Scores.chosenBefore(asked);
    }
    List<String> problems = new ArrayList<>(policy.problems());
    shadowOf.ifPresent(vm ->
        problems.add(
            "tag penumbra:shadow-of names %s, which has no shadow on these hosts; placed like any other server"
                .formatted(vm)));
    var request = asked.placement(policy, clock.instant());
    DecisionTable table = placer.explain(request);
    PlacementDecision decision =
        asked.claim() ? loop.place(request, table.decision()) : table.decision();
    return Scores.of(asked, word(policy.effective().policy().mode()), problems, table, decision);
  }

  /** Under which tags, flavor and project. */
  record PolicyQuestion(String project, String flavor, SortedMap<String, String> tags) {}

  /** How such a VM is protected. */
  record PolicyAnswer(ProtectionPolicy policy, String source, List<String> problems) {}

  private Answer resolve(Call call) {
    PolicyQuestion asked = call.body(PolicyQuestion.class);
    PolicyResolver.Resolution found =
        policies.resolve(
            ProjectId.of(asked.project()), ScoreRequest.flavorOf(asked.flavor()), asked.tags());
    return Answer.ok(
        new PolicyAnswer(found.effective().policy(), found.effective().source(), found.problems()));
  }

  // --- what it knows

  /** One host. */
  record HostLine(
      String host,
      String condition,
      String capacity,
      String allocated,
      String reserved,
      int primaries,
      int shadows,
      Optional<Double> risk) {}

  private List<HostLine> hosts() throws InterruptedException {
    return controller.ask(
        (loop, placer) -> placer.fleet().hosts().stream().map(Api::line).toList(),
        ServeConfig.ANSWER_WITHIN);
  }

  private static HostLine line(HostView host) {
    return new HostLine(
        host.host().id().value(),
        word(host.condition()),
        host.effectiveCapacity().toString(),
        host.allocated().toString(),
        host.reserved().toString(),
        host.primaries(),
        host.shadows(),
        host.risk().map(RiskScore::probability));
  }

  private List<LoopView.VmView> vms() throws InterruptedException {
    return view(
        loop -> loop.vms().stream().limit(LIST_MAX).flatMap(id -> loop.vm(id).stream()).toList());
  }

  private Answer vm(Call call) throws InterruptedException {
    VmId id = VmId.of(call.path("vm"));
    return view(loop -> loop.vm(id))
        .map(Answer::ok)
        .orElseGet(() -> Answer.problem(404, "no-such-vm", id + " is not known here"));
  }

  /** Failovers under way, and the ledger of those that are done. */
  record Failovers(List<LoopView.SagaView> underWay, List<FailoverRecord> done) {}

  private Failovers failovers() throws InterruptedException {
    return view(loop -> new Failovers(List.copyOf(loop.sagas()), List.copyOf(loop.ledger())));
  }

  // --- decisions

  private Answer decisions(Call call) {
    int last = (int) call.query("last", 50, 1, LIST_MAX);
    Optional<String> vm = call.query("vm");
    DecisionHistory history = history();
    List<DecisionEntry> found =
        history.find(entry -> vm.isEmpty() || entry.vm().value().equals(vm.get()));
    return Answer.ok(found.subList(Math.max(0, found.size() - last), found.size()));
  }

  /** Why a VM is where it is. */
  record Explanation(String vm, long number, Instant at, List<String> lines) {}

  private Answer explain(Call call) {
    VmId vm = VmId.of(call.path("vm"));
    DecisionHistory history = history();
    List<DecisionEntry> entries = history.decisionsOf(vm);
    if (entries.isEmpty()) {
      return Answer.problem(404, "no-decision", "no decision about " + vm + " is in the log");
    }
    DecisionEntry newest = entries.getLast();
    return Answer.ok(
        new Explanation(
            vm.value(),
            newest.number(),
            newest.at(),
            DecisionExplanation.of(history.load(newest))));
  }

  /** Reads what has come since the last question, and no more. */
  private synchronized DecisionHistory history() {
    DecisionHistory now =
        lastRead.map(DecisionHistory::refreshed).orElseGet(() -> DecisionHistory.open(decisions));
    lastRead = Optional.of(now);
    return now;
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
