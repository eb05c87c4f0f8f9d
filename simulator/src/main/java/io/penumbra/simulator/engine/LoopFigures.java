package io.penumbra.simulator.engine;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.simulator.report.PolicyResult.Miss;
import io.penumbra.simulator.report.Timeline;
import io.penumbra.simulator.run.OutageLedger;
import io.penumbra.simulator.world.Happening;
import io.penumbra.simulator.world.Instance;
import io.penumbra.simulator.world.World;
import io.penumbra.simulator.world.WorldHost;
import io.penumbra.simulator.world.WorldObserver;
import io.penumbra.simulator.world.WorldVm;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Counts what a run under the control loop did for the VMs, from the ground truth. */
final class LoopFigures implements WorldObserver {

  private static final int MARKS_MAX = 4_000;

  private final World world;
  private final MissedFailovers misses;
  private final OutageLedger ledger;
  private final FailureIndex failures;
  private final Alarms alarms;
  private final long horizon;
  private final Map<VmId, HostId> syncingFrom = new HashMap<>();
  private final Map<WorldVm, Trouble> troubles = new HashMap<>();
  private final List<Mark> marks = new ArrayList<>();
  private double networkMib;

  /** What made a VM cease to serve. */
  private static final class Trouble {
    private final Instance instance;
    private final boolean hostFailed;
    private final long bootedAt;

    /** Known once the host is back: what the loop does from then on is no failover. */
    private Optional<Miss> why = Optional.empty();

    Trouble(Instance instance) {
      this.instance = instance;
      this.hostFailed = !instance.host().running();
      this.bootedAt = instance.bootedAt();
    }
  }

  /** Something for the timeline. */
  record Mark(int host, Timeline.Kind kind, long at, String text) {}

  LoopFigures(
      World world,
      MissedFailovers misses,
      OutageLedger ledger,
      FailureIndex failures,
      Alarms alarms,
      long horizon) {
    this.world = world;
    this.misses = misses;
    this.ledger = ledger;
    this.failures = failures;
    this.alarms = alarms;
    this.horizon = horizon;
  }

  @Override
  public void happened(Happening happening) {
    switch (happening) {
      case Happening.VmCame came -> ledger.came(came.vm().number(), world.now());
      case Happening.VmWent went -> gone(went.vm());
      case Happening.ServingChanged changed -> servingChanged(changed);
      case Happening.HostWent(var host, boolean running, String _) -> {
        if (running) {
          isBack(host);
        } else {
          alarms.stopped(host.index());
        }
      }
      case Happening.Pointed pointed -> answering(pointed.vm());
      case Happening.Commanded(Command.SyncLast sync) ->
          sync.primary().ifPresent(from -> syncingFrom.put(sync.vm(), from));
      case Happening.Commanded(Command.ResumePrimary resume) -> syncingFrom.remove(resume.vm());
      case Happening.Activated activated -> activated(activated);
      case Happening.ShadowAdmitted admitted ->
          networkMib += admitted.shadow().vm().sync().imageMib();
      default -> {}
    }
  }

  private void gone(WorldVm vm) {
    Trouble trouble = troubles.remove(vm);
    if (trouble != null && trouble.hostFailed) {
      ledger.missedFailover(why(vm, trouble, Miss.TAKEN_AWAY));
    }
    syncingFrom.remove(vm.id());
    ledger.went(vm.number(), world.now());
  }

  private void servingChanged(Happening.ServingChanged changed) {
    Instance instance = changed.instance();
    WorldVm vm = instance.vm();
    if (vm.deleted()) {
      return;
    }
    if (!changed.serving()) {
      boolean planned = syncingFrom.containsKey(vm.id()) && instance.pausedForItsLastSync();
      ledger.down(vm.number(), world.now(), planned);
      if (instance.state() == Instance.State.STOPPED && !planned && isCurrent(instance)) {
        troubles.put(vm, new Trouble(instance));
      }
      return;
    }
    Trouble trouble = troubles.get(vm);
    if (trouble != null && trouble.instance == instance) {
      ledger.lost(instance.stoppedAt() - trouble.bootedAt);
      if (trouble.hostFailed) {
        ledger.missedFailover(why(vm, trouble, Miss.BACK_FIRST));
      }
      troubles.remove(vm);
    }
    answering(vm);
  }

  private static boolean isCurrent(Instance instance) {
    return instance.vm().current().filter(instance::equals).isPresent();
  }

  private void answering(WorldVm vm) {
    if (vm.answers()) {
      ledger.up(vm.number(), world.now());
    } else {
      ledger.down(vm.number(), world.now(), syncingFrom.containsKey(vm.id()));
    }
  }

  private void activated(Happening.Activated activated) {
    WorldVm vm = activated.instance().vm();
    HostId movedFrom = syncingFrom.remove(vm.id());
    Instance old = vm.current().orElseThrow();
    int host = old.host().index();
    Trouble trouble = troubles.remove(vm);
    if (movedFrom != null && trouble == null) {
      ledger.plannedMove();
      judge(failures.failsWithin(host, world.now(), horizon));
      mark(host, Timeline.Kind.MIGRATED, "VM " + vm + " moved");
      return;
    }
    ledger.noLongerPlanned(vm.number());
    ledger.lost(activated.lostNanos());
    judge(trouble != null || !old.host().running());
    mark(host, Timeline.Kind.FAILOVER, "VM " + vm + " failed over");
  }

  private void judge(boolean wasRight) {
    if (wasRight) {
      ledger.trueFailover();
    } else {
      ledger.falseFailover();
    }
  }

  private void mark(int host, Timeline.Kind kind, String text) {
    if (marks.size() < MARKS_MAX) {
      marks.add(new Mark(host, kind, world.now(), text));
    }
  }

  /** VMs that are still down because their host failed were missed, too. */
  void end() {
    troubles.forEach((vm, trouble) -> {
      if (trouble.hostFailed) {
        ledger.missedFailover(why(vm, trouble, Miss.UNFINISHED));
      }
    });
    ledger.end(world.now());
  }

  private void isBack(WorldHost host) {
    for (Instance instance : host.instances()) {
      Trouble trouble = troubles.get(instance.vm());
      if (trouble != null && trouble.instance == instance && trouble.why.isEmpty()) {
        trouble.why = misses.why(instance.vm());
      }
    }
  }

  private Miss why(WorldVm vm, Trouble trouble, Miss otherwise) {
    return trouble.why.or(() -> misses.why(vm)).orElse(otherwise);
  }

  /** The loop was told this score of that host. */
  void scored(int host, RiskScore score) {
    alarms.scored(host, score, world.now());
  }

  List<Mark> marks() {
    List<Mark> all = new ArrayList<>(alarms.marks());
    all.addAll(marks);
    return all;
  }

  void sent(double mib) {
    networkMib += mib;
  }

  double networkGib() {
    return networkMib / 1_024;
  }
}
