package io.penumbra.app.serve;

import io.penumbra.adapter.fencing.CombinedFencer;
import io.penumbra.adapter.fencing.PowerSwitch;
import io.penumbra.adapter.fencing.agent.HostAgents;
import io.penumbra.adapter.fencing.agent.LeaseAnswer;
import io.penumbra.adapter.fencing.lease.LeaseExpiry;
import io.penumbra.adapter.fencing.redfish.Credentials;
import io.penumbra.adapter.fencing.redfish.RedfishEndpoint;
import io.penumbra.adapter.fencing.redfish.RedfishSwitch;
import io.penumbra.adapter.qemu.agent.BootClock;
import io.penumbra.adapter.qemu.api.AgentClient;
import io.penumbra.adapter.qemu.api.AgentJson;
import io.penumbra.adapter.qemu.api.AnswerReport;
import io.penumbra.adapter.qemu.api.LeaseCalls;
import io.penumbra.adapter.qemu.api.Nothing;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.adapter.qemu.cloud.QemuCloud;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.SagaId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.scheduler.failover.SagaStep;
import io.penumbra.scheduler.lease.LeaseTerms;
import io.penumbra.scheduler.loop.LoopView;
import io.penumbra.scheduler.service.Controller;
import io.penumbra.web.Answer;
import io.penumbra.web.Call;
import io.penumbra.web.Reply;
import io.penumbra.web.Route;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Plugs in hosts with node agents: their guests, their leases, their power, their traffic. */
final class AgentsPlug {

  private static final Duration LEASE_PATIENCE = Duration.ofSeconds(30);

  private final Controller controller;
  private final QemuCloud cloud;

  private AgentsPlug(Controller controller, QemuCloud cloud) {
    this.controller = controller;
    this.cloud = cloud;
  }

  static Optional<ServePorts> connect(ServeConfig config, Controller controller) {
    return config.cloud() instanceof CloudConfig.Agents agents
        ? Optional.of(connect(config, agents, controller))
        : Optional.empty();
  }

  private static ServePorts connect(
      ServeConfig config, CloudConfig.Agents agents, Controller controller) {
    LeaseTerms usual = LeaseTerms.defaults();
    LeaseTerms lease =
        new LeaseTerms(agents.lease().orElse(usual.lasts()), usual.driftMax(), usual.margin());
    QemuCloud cloud =
        new QemuCloud(
            new QemuCloud.Settings(
                config.stateDirectory().resolve("hosts.json"),
                Secret.read("cloud.token", agents.token()),
                agents.tls().map(tls -> tls.files().context()),
                lease),
            controller::heartbeat,
            controller::wake);
    CombinedFencer fencer =
        new CombinedFencer(
            switches(agents),
            new AgentsOfCloud(cloud),
            new LeaseExpiry(
                cloud.leases(),
                new AgentsOfCloud(cloud),
                new BootClock(),
                Thread::sleep,
                LEASE_PATIENCE),
            InstantSource.system(),
            controller);
    TrafficPlug traffic = TrafficPlug.of(agents, controller);
    AgentsPlug plug = new AgentsPlug(controller, cloud);
    List<Route> routes = new ArrayList<>(cloud.intake().routes());
    routes.add(Route.put("/v1/vms/{vm}", plug::start));
    routes.add(Route.delete("/v1/vms/{vm}", plug::delete));
    routes.add(Route.post("/v1/vms/{vm}/roll-back", plug::rollBack));
    routes.add(Route.post("/v1/vms/{vm}/verify", plug::verify));
    routes.add(Route.put("/v1/vms/{vm}/cpu-share", plug::share));
    return ServePorts.of(
        cloud,
        fencer,
        traffic.router(),
        routes,
        () -> {
          cloud.close();
          fencer.close();
          traffic.close();
        });
  }

  // --- starting and ending VMs

  /** Where it went. */
  record Started(String vm, String host, List<String> shadows) {}

  /**
   * Places a VM and has it started there. Its shadow follows by itself. One that is known is
   * described anew where it is: a second place would be a second instance.
   */
  private Answer start(Call call) throws InterruptedException {
    VmSpec spec = spec(call);
    Optional<LoopView.VmView> known = view(spec.vm().id());
    if (known.isEmpty()) {
      return place(spec);
    }
    LoopView.VmView vm = known.get();
    if (vm.saga().isPresent()) {
      return answer(moving(vm));
    }
    Reply<Nothing> reply = cloud.start(spec, vm.host());
    boolean nothingRuns = vm.claimed() && reply instanceof Reply.Refused<Nothing>;
    return nothingRuns
        ? place(spec)
        : started(
            spec, vm.host(), vm.shadows().stream().map(LoopView.ShadowView::host).toList(), reply);
  }

  private Optional<LoopView.VmView> view(VmId vm) throws InterruptedException {
    return controller.view(loop -> loop.vm(vm), ServeConfig.ANSWER_WITHIN);
  }

  private static Reply.Refused<Nothing> moving(LoopView.VmView vm) {
    return new Reply.Refused<>(
        409,
        "moving",
        "%s has failover %s under way; try again"
            .formatted(vm.vm().id(), vm.saga().map(SagaId::value).orElse("")));
  }

  private Answer place(VmSpec spec) throws InterruptedException {
    PlacementRequest request =
        PlacementRequest.create(
            RequestId.of("start-" + UUID.randomUUID()),
            InstantSource.system().instant(),
            spec.vm(),
            spec.vm().id().hashCode());
    PlacementDecision decision = controller.place(request, ServeConfig.ANSWER_WITHIN);
    return switch (decision.answer()) {
      case PlacementDecision.Refused(List<PlacementDecision.RefusalCount> reasons) ->
          refused(reasons);
      case PlacementDecision.Placed placed -> {
        HostId host = placed.primary().host();
        yield started(spec, host, placed.shadowHosts(), cloud.start(spec, host));
      }
    };
  }

  /** A suspicion is over, or a failover, within seconds; what else is against a host may last. */
  private static Answer refused(List<PlacementDecision.RefusalCount> reasons) {
    boolean forNow =
        reasons.stream().anyMatch(reason -> reason.best().equals(HostCondition.STALE.name()));
    return forNow
        ? Answer.problem(
                503, "host-suspected", "no host can take it while one is looked at: " + reasons)
            .with("Retry-After", "1")
        : Answer.problem(409, "no-host", "no host can take it: " + reasons);
  }

  private Answer started(VmSpec spec, HostId host, List<HostId> shadows, Reply<Nothing> reply)
      throws InterruptedException {
    return switch (reply) {
      case Reply.Ok<Nothing> ok -> {
        controller.ask(
            (loop, placer) -> {
              loop.sendClients(spec.vm().id());
              return new Nothing();
            },
            ServeConfig.ANSWER_WITHIN);
        yield Answer.ok(
            new Started(
                spec.vm().id().value(),
                host.value(),
                shadows.stream().map(HostId::value).toList()));
      }
      case Reply<Nothing> other -> answer(other);
    };
  }

  private static VmSpec spec(Call call) {
    try {
      VmSpec spec = AgentJson.read(call.bytes(), VmSpec.class);
      if (!spec.vm().id().value().equals(call.path("vm"))) {
        throw new BadInputException(
            "body", "is of %s, the path says %s".formatted(spec.vm().id(), call.path("vm")), "");
      }
      return spec;
    } catch (IOException e) {
      throw new BadInputException("body", String.valueOf(e.getMessage()), "", e);
    }
  }

  /** While another instance is brought to life, nobody could end that. */
  private Answer delete(Call call) throws InterruptedException {
    VmId vm = VmId.of(call.path("vm"));
    Optional<LoopView.SagaView> saga =
        controller.view(loop -> loop.sagaOf(vm), ServeConfig.ANSWER_WITHIN);
    boolean begins =
        saga.filter(s -> s.step() == SagaStep.ACTIVATE || s.step() == SagaStep.UNDO_ACTIVATE)
            .isPresent();
    Optional<LoopView.VmView> known = begins ? view(vm) : Optional.empty();
    return answer(known.isPresent() ? moving(known.get()) : cloud.delete(vm));
  }

  /** Back to which epoch; without one to the last at which the guest was well. */
  record RollBack(Optional<Long> epoch) {}

  /** Its failover begins when its agent has said that it is given up. */
  private Answer rollBack(Call call) throws InterruptedException {
    RollBack wanted = call.body(RollBack.class);
    String reason =
        "%s wants it to go back to %s"
            .formatted(
                call.principal(),
                wanted.epoch().map(epoch -> "epoch " + epoch).orElse("its last healthy epoch"));
    Reply<Nothing> reply = goBack(VmId.of(call.path("vm")), wanted.epoch(), reason);
    return reply instanceof Reply.Ok<Nothing>
        ? Answer.json(202, Map.of("failover", reason))
        : answer(reply);
  }

  /** A VM that moves already would not begin another failover, and its shadows would only wait. */
  private Reply<Nothing> goBack(VmId vm, Optional<Long> epoch, String reason)
      throws InterruptedException {
    Optional<LoopView.VmView> known = view(vm).filter(is -> is.saga().isPresent());
    return known.isPresent() ? moving(known.get()) : cloud.rollBack(vm, epoch, reason);
  }

  /**
   * How long requests are collected, and whether the VM goes back to the copy's epoch if it answers
   * what it should not.
   */
  record Verify(long listenMillis, boolean rollBack) {}

  /**
   * What was found, and what follows.
   *
   * @param failover why it begins, or why it can't; empty if nothing was to follow
   */
  record Verified(AnswerReport report, String failover) {}

  private Answer verify(Call call) throws InterruptedException {
    Verify wanted = call.body(Verify.class);
    VmId vm = VmId.of(call.path("vm"));
    Duration listen =
        Duration.ofMillis(new AgentClient.Verify(wanted.listenMillis()).listenMillis());
    Reply<AnswerReport> reply = cloud.verify(vm, listen);
    if (!(reply instanceof Reply.Ok<AnswerReport>(AnswerReport report))) {
      return answer(reply);
    }
    String failover = "";
    if (wanted.rollBack() && report.differing() > 0) {
      Reply<Nothing> back = goBack(vm, Optional.of(report.epoch()), report.text());
      failover = back instanceof Reply.Ok<Nothing> ? report.text() : "not begun: " + back;
    }
    return Answer.ok(new Verified(report, failover));
  }

  private Answer share(Call call) throws InterruptedException {
    int weight = call.body(AgentClient.CpuShare.class).weight();
    return answer(cloud.share(VmId.of(call.path("vm")), weight));
  }

  private static <T> Answer answer(Reply<T> reply) {
    return switch (reply) {
      case Reply.Ok<T> ok -> Answer.nothing();
      case Reply.Refused<T>(int status, String code, String detail) ->
          Answer.problem(status, code, detail);
      case Reply.Unreachable<T>(String why) -> Answer.problem(502, "no-agent", why);
      case Reply.Unclear<T>(String why) -> Answer.problem(504, "unclear", why);
    };
  }

  // --- fencing

  private static List<PowerSwitch> switches(CloudConfig.Agents agents) {
    Map<String, CloudConfig.AgentHost> hosts = agents.hosts().orElse(Map.of());
    return List.of(
        new RedfishSwitch(
            host ->
                Optional.ofNullable(hosts.get(host.value()))
                    .flatMap(CloudConfig.AgentHost::redfish)
                    .map(AgentsPlug::endpoint),
            new RedfishSwitch.Settings(
                Duration.ofSeconds(5), Duration.ofSeconds(20), Duration.ofMillis(20), 2)));
  }

  static RedfishEndpoint endpoint(CloudConfig.Bmc bmc) {
    return new RedfishEndpoint(
        URI.create(bmc.url()),
        bmc.system(),
        Optional.empty(),
        bmc.login()
            .<RedfishEndpoint.Login>map(
                file -> new RedfishEndpoint.Basic(Credentials.read(Path.of(file))))
            .orElseGet(RedfishEndpoint.Anonymous::new),
        bmc.fingerprint()
            .<RedfishEndpoint.Trust>map(RedfishEndpoint.Pinned::new)
            .orElseGet(RedfishEndpoint.SystemTrust::new));
  }

  /** The agents as fencing sees them. */
  private record AgentsOfCloud(QemuCloud cloud) implements HostAgents {

    @Override
    public FencingResult stopVm(HostId host, VmId vm) throws InterruptedException {
      return cloud.stopInstance(
          new Command.FenceVm(CommandId.of("fence-" + UUID.randomUUID()), vm, host));
    }

    @Override
    public FencingResult stopAll(HostId host) throws InterruptedException {
      return cloud.stopAll(host);
    }

    @Override
    public LeaseAnswer endLease(HostId keeper, VmId vm, HostId primary, Duration controllerSilent)
        throws InterruptedException {
      LeaseCalls.End end = cloud.endOfLease(vm, primary, keeper, controllerSilent);
      if (!end.certain()) {
        return new LeaseAnswer.NotKept(end.why());
      }
      return end.ended()
          ? new LeaseAnswer.RanOut(Duration.ZERO)
          : new LeaseAnswer.MayRun(end.left());
    }
  }
}
