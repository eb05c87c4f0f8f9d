package io.penumbra.adapter.fencing;

import io.penumbra.adapter.fencing.agent.HostAgents;
import io.penumbra.adapter.fencing.lease.LeaseExpiry;
import io.penumbra.domain.HostId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.FenceCommand;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.scheduler.desk.CommandDesk;
import io.penumbra.scheduler.port.EventSink;
import io.penumbra.scheduler.port.Fencer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Fences by every way there is. All ways to switch a host off are tried at the same time, and the
 * first proof counts; without one the answer is what all of them said.
 */
public final class CombinedFencer implements Fencer, AutoCloseable {

  /** A dead rack is fenced VM by VM, each waiting for its own lease, all at once. */
  private static final CommandDesk.Settings DESK =
      new CommandDesk.Settings(8_192, 8_192, 16_384, Duration.ofMillis(2));

  private final List<PowerSwitch> switches;
  private final HostAgents agents;
  private final LeaseExpiry leases;
  private final CommandDesk<FenceCommand> desk;
  private final ExecutorService ways = Executors.newVirtualThreadPerTaskExecutor();

  public CombinedFencer(
      List<PowerSwitch> switches,
      HostAgents agents,
      LeaseExpiry leases,
      InstantSource clock,
      EventSink sink) {
    this.switches = List.copyOf(switches);
    this.agents = agents;
    this.leases = leases;
    desk = new CommandDesk<>("fencing", DESK, clock, sink, CombinedFencer::lane, this::carryOut);
  }

  @Override
  public void execute(FenceCommand command) {
    desk.take(command);
  }

  /** No way waits for another: whichever gives certainty first counts. */
  private static String lane(FenceCommand command) {
    return switch (command) {
      case Command.FenceHost c -> "host " + c.host();
      case Command.FenceVm c -> "vm " + c.vm() + " on " + c.host();
      case Command.ExpireLease c -> "lease " + c.vm() + " on " + c.primary() + " by " + c.shadow();
    };
  }

  private Outcome carryOut(FenceCommand command) throws InterruptedException {
    return new Outcome.FencingAnswered(
        switch (command) {
          case Command.FenceHost c -> switchOff(c.host());
          case Command.FenceVm c -> agents.stopVm(c.host(), c.vm());
          case Command.ExpireLease c -> leases.expire(c.vm(), c.primary(), c.shadow());
        });
  }

  private FencingResult switchOff(HostId host) throws InterruptedException {
    CompletionService<FencingResult> race = new ExecutorCompletionService<>(ways);
    List<Future<FencingResult>> running = new ArrayList<>();
    switches.forEach(way -> running.add(race.submit(() -> way.powerOff(host))));
    try {
      List<FencingResult> answers = new ArrayList<>();
      for (int i = 0; i < running.size(); i++) {
        FencingResult answer = resultOf(race.take());
        if (answer instanceof FencingResult.Fenced) {
          return answer;
        }
        answers.add(answer);
      }
      return sum(host, answers);
    } finally {
      running.forEach(way -> way.cancel(true));
    }
  }

  private static FencingResult resultOf(Future<FencingResult> way) throws InterruptedException {
    try {
      return way.get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      return new FencingResult.Unknown(cause.getClass().getName());
    }
  }

  /** It serves for certain only when nobody is in doubt and somebody has seen it. */
  static FencingResult sum(HostId host, List<FencingResult> answers) {
    List<String> doubts = new ArrayList<>();
    List<String> sightings = new ArrayList<>();
    for (FencingResult answer : answers) {
      switch (answer) {
        case FencingResult.Fenced fenced -> {
          return fenced;
        }
        case FencingResult.NotFenced(String reason) -> sightings.add(reason);
        case FencingResult.Unknown(String reason) -> doubts.add(reason);
      }
    }
    if (answers.isEmpty()) {
      return new FencingResult.Unknown("no way to switch %s off is configured".formatted(host));
    }
    String all = String.join("; ", sightings) + (sightings.isEmpty() ? "" : "; ");
    return doubts.isEmpty()
        ? new FencingResult.NotFenced(String.join("; ", sightings))
        : new FencingResult.Unknown(all + String.join("; ", doubts));
  }

  @Override
  public void close() {
    desk.close();
    ways.shutdownNow();
  }
}
