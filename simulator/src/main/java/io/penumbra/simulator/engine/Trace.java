package io.penumbra.simulator.engine;

import io.penumbra.domain.command.Command;
import io.penumbra.simulator.time.VirtualTime;
import io.penumbra.simulator.world.Happening;
import io.penumbra.simulator.world.WorldObserver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/**
 * What happened, as text: its last lines are kept for a bug report, and all of it goes into a hash,
 * so that two runs can be told to be the same to the last byte.
 */
public final class Trace implements WorldObserver {

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private final VirtualTime time;
  private final int tail;
  private final Consumer<String> everyLine;
  private final Deque<String> lines = new ArrayDeque<>();
  private long hash = FNV_OFFSET;
  private long count;

  /**
   * A trace.
   *
   * @param tail how many of the last lines are kept
   * @param everyLine gets all of them
   */
  public Trace(VirtualTime time, int tail, Consumer<String> everyLine) {
    this.time = time;
    this.tail = tail;
    this.everyLine = everyLine;
  }

  @Override
  public void happened(Happening happening) {
    if (happening instanceof Happening.HoldingsChanged
        || happening instanceof Happening.LinksChanged) {
      return;
    }
    add(text(happening));
  }

  private void add(String what) {
    String line = time.instant() + " " + what;
    count++;
    for (int i = 0; i < line.length(); i++) {
      hash = (hash ^ line.charAt(i)) * FNV_PRIME;
    }
    if (lines.size() == tail) {
      lines.removeFirst();
    }
    lines.addLast(line);
    everyLine.accept(line);
  }

  private static String text(Happening happening) {
    return switch (happening) {
      case Happening.VmCame(var vm, var host) -> "VM " + vm + " comes to " + host;
      case Happening.VmWent(var vm) -> "VM " + vm + " goes";
      case Happening.ServingChanged(var instance, boolean serving, String why) ->
          (serving ? "serves: " : "ceases: ") + instance + ": " + why;
      case Happening.ShadowAdmitted(var shadow, var primary) ->
          "shadow of " + shadow.vm() + " on " + shadow.host() + " beside " + primary.host();
      case Happening.ShadowCompleted(var shadow) -> "complete: " + shadow;
      case Happening.ShadowGone(var shadow, String why) -> "gone: " + shadow + ": " + why;
      case Happening.Activated a ->
          "activated: %s, asked for epoch %d, held %d, %s, lost %d ns"
              .formatted(
                  a.instance(),
                  a.epochAsked(),
                  a.epochHeld(),
                  a.verified() ? "verified" : "unverified",
                  a.lostNanos());
      case Happening.Pointed(var vm, String what, var host) ->
          what + " of " + vm + " points to " + host;
      case Happening.HoldingsChanged(var host) -> "holdings of " + host;
      case Happening.LinksChanged(var host) -> "links of " + host;
      case Happening.HostWent(var host, boolean running, String why) ->
          "host " + host + (running ? " runs: " : " stops: ") + why;
      case Happening.Fault(String kind, boolean begins, String what) ->
          "fault " + kind + (begins ? " begins: " : " ends: ") + what;
      case Happening.Commanded(Command command) -> "command " + command;
      case Happening.Reported(var command, var outcome) -> "outcome " + command + " " + outcome;
      case Happening.ControllerWent(boolean up, String why) ->
          "controller " + (up ? "up: " : "down: ") + why;
      case Happening.Noted(String text) -> text;
    };
  }

  /** A hash of every line so far, in order. */
  public long hash() {
    return hash;
  }

  public long count() {
    return count;
  }

  /** The last lines. */
  public List<String> tail() {
    return new ArrayList<>(lines);
  }
}
