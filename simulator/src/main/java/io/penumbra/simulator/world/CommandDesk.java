package io.penumbra.simulator.world;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.simulator.chance.LogNormal;
import io.penumbra.simulator.fault.FaultDice;
import io.penumbra.simulator.fault.FaultKind;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Takes commands for everybody who carries them out: delays them, refuses some, repeats the answer
 * to one it has carried out, and keeps the commands for one VM in order.
 */
final class CommandDesk {

  /** Carries a command out and answers, at once or later. */
  interface Work {
    void carryOut(Consumer<Outcome> answer);
  }

  private static final int REMEMBERED = 200_000;
  private static final double SLOW_FACTOR = 40;

  private final World world;
  private final FaultDice dice;
  private final RandomGenerator chance;
  private final Map<CommandId, Entry> entries = new LinkedHashMap<>();

  CommandDesk(World world, FaultDice dice, RandomGenerator chance) {
    this.world = world;
    this.dice = dice;
    this.chance = chance;
  }

  private static final class Entry {
    private @Nullable Outcome outcome;
  }

  /** What gets its commands in the order in which they were given. */
  static final class Lane {
    private long doneAt;
  }

  /** Takes a command; those of one lane are carried out in the order they were given. */
  void take(
      Command command, @Nullable Lane lane, LogNormal millis, Consumer<Outcome> report, Work work) {
    world.tell(new Happening.Commanded(command));
    long delay = delay(millis);
    Entry known = entries.get(command.id());
    if (known != null) {
      Outcome before = known.outcome;
      if (before != null) {
        world.time().afterNanos(delay, () -> send(command.id(), before, report));
      }
      return;
    }
    Entry entry = new Entry();
    entries.put(command.id(), entry);
    forgetOldest();
    long at = world.now() + delay;
    if (lane != null) {
      at = Math.max(at, lane.doneAt + 1);
      lane.doneAt = at;
    }
    world.time().at(at, () -> begin(command, entry, report, work));
  }

  private void begin(Command command, Entry entry, Consumer<Outcome> report, Work work) {
    if (dice.strikes(FaultKind.API_REFUSES)) {
      answer(
          command.id(),
          entry,
          new Outcome.Failed("api-refused", "the API refused the call: too many requests"),
          report);
    } else if (dice.strikes(FaultKind.COMMAND_LIES)) {
      answer(
          command.id(),
          entry,
          new Outcome.Unknown("the API said done, reading back did not show it"),
          report);
    } else {
      work.carryOut(outcome -> answer(command.id(), entry, outcome, report));
    }
  }

  private void answer(CommandId id, Entry entry, Outcome outcome, Consumer<Outcome> report) {
    if (isFinal(outcome)) {
      entry.outcome = outcome;
    } else {
      entries.remove(id);
    }
    send(id, outcome, report);
  }

  private void send(CommandId id, Outcome outcome, Consumer<Outcome> report) {
    world.tell(new Happening.Reported(id, outcome));
    if (!dice.strikes(FaultKind.REPORT_LOST)) {
      report.accept(outcome);
    }
  }

  /** What was not carried out may be carried out when the same command comes again. */
  private static boolean isFinal(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Done() -> true;
      case Outcome.Synced synced -> synced.verified();
      case Outcome.FencingAnswered(FencingResult result) -> result instanceof FencingResult.Fenced;
      case Outcome.Failed failed -> false;
      case Outcome.Unknown unknown -> false;
      case Outcome.HostProbed probed -> false;
    };
  }

  long delay(LogNormal millis) {
    double drawn = millis.draw(chance);
    if (dice.strikes(FaultKind.API_SLOW)) {
      drawn *= SLOW_FACTOR;
    }
    return (long) (drawn * 1e6);
  }

  private void forgetOldest() {
    if (entries.size() > REMEMBERED) {
      var oldest = entries.entrySet().iterator();
      oldest.next();
      oldest.remove();
    }
  }
}
