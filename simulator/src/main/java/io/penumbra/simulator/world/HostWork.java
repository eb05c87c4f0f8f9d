package io.penumbra.simulator.world;

import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.event.Outcome.Liveness;
import io.penumbra.domain.fleet.HostCondition;
import java.util.function.Consumer;

/** What the cloud does with whole hosts: look at them through others' eyes, keep them empty. */
final class HostWork {

  private static final int OBSERVERS = 3;

  private final World world;
  private final EventFeed feed;

  HostWork(World world, EventFeed feed) {
    this.world = world;
    this.feed = feed;
  }

  /** Asks a few other hosts, spread over the fleet, whether the host's agent answers them. */
  void probe(Command.ProbeHost command, Consumer<Outcome> answer) {
    WorldHost host = world.host(command.host());
    int all = world.hosts().size();
    int asked = 0;
    int reached = 0;
    int start = host.index() * 7 + 1;
    for (int i = 0; i < all && asked < OBSERVERS; i++) {
      WorldHost observer = world.hosts().get((start + i * 5) % all);
      if (observer != host && world.agentAnswers(observer)) {
        asked++;
        if (host.agentWorks() && world.network().talks(observer.index(), host.index())) {
          reached++;
        }
      }
    }
    String evidence = "%d of %d observers reach it".formatted(reached, asked);
    Liveness liveness =
        reached > 0 ? Liveness.ALIVE : asked >= 2 ? Liveness.UNREACHABLE : Liveness.UNDECIDED;
    answer.accept(new Outcome.HostProbed(liveness, evidence));
  }

  void quarantine(Command.SetQuarantine command, Consumer<Outcome> answer) {
    WorldHost host = world.host(command.host());
    HostCondition before = host.condition();
    if (command.quarantined()) {
      host.quarantined = true;
      if (before == HostCondition.UP) {
        change(host, HostCondition.QUARANTINED);
      }
    } else {
      host.quarantined = false;
      if (before == HostCondition.QUARANTINED) {
        change(host, HostCondition.UP);
      }
    }
    answer.accept(new Outcome.Done());
  }

  private void change(WorldHost host, HostCondition condition) {
    world.setCondition(host, condition);
    feed.emit(new Event.HostConditionReported(world.time().instant(), host.id(), condition));
  }
}
