package io.penumbra.simulator.soak;

import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.log.LoggedDecision;
import io.penumbra.placement.log.MemoryDecisionLog;
import io.penumbra.scheduler.loop.LoopView;
import io.penumbra.simulator.check.ShadowsStandApart;
import io.penumbra.simulator.engine.Rig;
import io.penumbra.simulator.world.Instance;
import io.penumbra.simulator.world.WorldHost;
import io.penumbra.simulator.world.WorldVm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What must be true some time after everything has healed: no failover under way, no host stuck,
 * every VM serves and is pointed to, and has the shadows it wants or a reasoned shortage.
 */
final class Convergence {

  private final Rig rig;
  private final MemoryDecisionLog decisions;

  Convergence(Rig rig, MemoryDecisionLog decisions) {
    this.rig = rig;
    this.decisions = decisions;
  }

  /** What is not yet as it should be; empty when everything is. */
  List<String> missing() {
    List<String> missing = new ArrayList<>();
    Optional<LoopView> view = rig.controller().view();
    if (view.isEmpty()) {
      return List.of("the controller is down");
    }
    view.get()
        .sagas()
        .forEach(saga ->
            missing.add(
                "saga %s of VM %s is at %s since %s"
                    .formatted(saga.id(), saga.vm(), saga.step(), saga.stepSince())));
    view.get()
        .incidents()
        .forEach(incident ->
            missing.add(
                "incident %s of host %s is %s since %s"
                    .formatted(
                        incident.id(), incident.host(), incident.state(), incident.since())));
    for (WorldHost host : rig.world().hosts()) {
      if (!host.running() || host.condition() != HostCondition.UP) {
        missing.add(
            "host %s is %s%s"
                .formatted(host, host.condition(), host.running() ? "" : " and does not run"));
      }
    }
    for (WorldVm vm : rig.world().vms()) {
      addMissing(vm, view.get(), missing);
    }
    for (VmId vm : view.get().vms()) {
      if (rig.world().vm(vm).isEmpty()) {
        missing.add("the loop knows VM %s, which is not there".formatted(vm));
      }
    }
    return missing;
  }

  private void addMissing(WorldVm vm, LoopView view, List<String> missing) {
    Optional<Instance> current = vm.current();
    if (vm.deleted()) {
      missing.add("VM %s was deleted and left %s".formatted(vm, vm.instances()));
      return;
    }
    if (current.isEmpty() || !current.get().serving()) {
      missing.add("VM %s does not serve: %s".formatted(vm, vm.instances()));
      return;
    }
    WorldHost host = current.get().host();
    if (vm.loadBalancer().filter(host::equals).isEmpty()) {
      missing.add("the load balancer of VM %s does not point to %s".formatted(vm, host));
    }
    if (vm.dns().filter(host::equals).isEmpty()) {
      missing.add("the name of VM %s does not point to %s".formatted(vm, host));
    }
    Optional<LoopView.VmView> known = view.vm(vm.id());
    if (known.isEmpty() || !known.get().host().equals(host.id())) {
      missing.add("VM %s is on %s, the loop has %s".formatted(vm, host, known));
    }
    for (Instance instance : vm.instances()) {
      if (!instance.isShadow() && instance != current.get()) {
        missing.add("VM %s left %s".formatted(vm, instance));
      }
    }
    addMissingShadows(vm, current.get(), missing);
  }

  private void addMissingShadows(WorldVm vm, Instance current, List<String> missing) {
    ProtectionPolicy policy = vm.vm().policy().policy();
    int complete = 0;
    boolean shortage = shortageIsReasoned(vm);
    for (Instance shadow : vm.shadows()) {
      if (shadow.replica().complete() && shadow.mode() == policy.mode()) {
        complete++;
      }
      // One that a promotion has brought too near is kept while there is no room for a better one.
      ShadowsStandApart.shared(shadow, current)
          .filter(what -> !shortage)
          .ifPresent(what ->
              missing.add(
                  "the shadow of VM %s on %s shares %s with %s"
                      .formatted(vm, shadow.host(), what, current.host())));
    }
    if (vm.shadows().size() > policy.shadows()) {
      missing.add(
          "VM %s has %d shadows, wants %d".formatted(vm, vm.shadows().size(), policy.shadows()));
    }
    boolean enough = policy.mode() == ShadowMode.NONE || complete >= policy.shadows();
    if (!enough && !shortage) {
      missing.add(
          "VM %s has %d complete shadows, wants %d %s"
              .formatted(vm, complete, policy.shadows(), policy.mode()));
    }
  }

  /** The newest decision about the VM says, with numbers, that there is no room for more. */
  private boolean shortageIsReasoned(WorldVm vm) {
    List<LoggedDecision> about = decisions.decisionsOf(vm.id());
    if (about.isEmpty()) {
      return false;
    }
    return switch (about.getLast().decision().answer()) {
      case PlacementDecision.Refused refused -> true;
      case PlacementDecision.Placed placed -> placed.shortOfShadows().isPresent();
    };
  }
}
