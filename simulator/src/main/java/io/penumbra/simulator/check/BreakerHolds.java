package io.penumbra.simulator.check;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.simulator.world.Happening;
import io.penumbra.simulator.world.World;
import io.penumbra.simulator.world.WorldObserver;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Never 7: more failovers than the breaker allows. Counts, from the commands that really went out,
 * hosts that were fenced and VMs whose running primary was taken away, per window. A host or VM
 * counts when it is first touched, not at every retry. What the breaker lets through is seen here
 * only when its first command goes out, which may be later; so half a window is looked at.
 */
public final class BreakerHolds implements WorldObserver, Checker {

  private final World world;
  private final SchedulerSettings.Breaker limits;
  private final Breaches breaches;
  private final Map<HostId, Long> fenced = new HashMap<>();
  private final Map<VmId, HostId> movesUnderWay = new HashMap<>();
  private final Deque<Long> hosts = new ArrayDeque<>();
  private final Deque<Long> moves = new ArrayDeque<>();

  public BreakerHolds(World world, SchedulerSettings.Breaker limits, Breaches breaches) {
    this.world = world;
    this.limits = limits;
    this.breaches = breaches;
  }

  @Override
  public void happened(Happening happening) {
    switch (happening) {
      case Happening.Commanded(Command.FenceHost fence) -> {
        Long before = fenced.put(fence.host(), world.now());
        if (before == null || world.now() - before > limits.window().toNanos()) {
          count(hosts, "hosts were fenced", limits.hosts().of(world.hosts().size()));
        }
      }
      case Happening.Commanded(Command.SyncLast sync) when sync.primary().isPresent() -> {
        HostId from = sync.primary().get();
        if (!from.equals(movesUnderWay.put(sync.vm(), from))) {
          count(moves, "VMs were moved while they ran", limits.moves().of(world.vms().size()));
        }
      }
      case Happening.Commanded(Command.ResumePrimary resume) -> movesUnderWay.remove(resume.vm());
      case Happening.Activated activated -> movesUnderWay.remove(activated.instance().vm().id());
      case Happening.VmWent went -> movesUnderWay.remove(went.vm().id());
      default -> {}
    }
  }

  private void count(Deque<Long> times, String what, int limit) {
    long from = world.now() - limits.window().toNanos() / 2;
    while (!times.isEmpty() && times.peekFirst() <= from) {
      times.removeFirst();
    }
    times.addLast(world.now());
    if (times.size() > limit) {
      breaches.report(
          7,
          "%d %s within half of %s; the breaker allows %d in all of it"
              .formatted(times.size(), what, limits.window(), limit));
    }
  }
}
