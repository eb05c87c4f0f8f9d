package io.penumbra.scheduler.desk;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.scheduler.port.EventSink;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Takes commands from the control loop and returns at once; has each carried out on a virtual
 * thread, those of one lane one after the other; offers every outcome until the loop takes it.
 *
 * <p>A command that is on its way, or was carried out for good, is not carried out again under the
 * same id. What ended without certainty is. After a restart nothing is remembered, so work has to
 * look before it acts.
 *
 * <p>At most {@code takenMax} commands are in hand, from being taken until their outcome is. One
 * more is answered {@code Failed} with {@code busy}, if the loop listens; if not, its time-out is
 * the answer.
 */
public final class CommandDesk<C extends Command> implements AutoCloseable {

  /** Carries out one command. It may take its time; it must look before it acts. */
  @FunctionalInterface
  public interface Work<C extends Command> {
    Outcome carryOut(C command) throws InterruptedException;
  }

  /**
   * Bounds of a desk.
   *
   * @param takenMax commands in hand
   * @param atOnceMax commands being carried out
   * @param rememberedMax outcomes that are given again when a command comes again
   * @param offerAgain first pause before an outcome is offered again; it doubles up to a second
   */
  public record Settings(int takenMax, int atOnceMax, int rememberedMax, Duration offerAgain) {
    public Settings {
      if (takenMax < 1 || atOnceMax < 1 || rememberedMax < 1 || !offerAgain.isPositive()) {
        throw new IllegalArgumentException(
            "takenMax %d, atOnceMax %d, rememberedMax %d, offerAgain %s; expected 1 or more each"
                .formatted(takenMax, atOnceMax, rememberedMax, offerAgain));
      }
    }

    public static Settings defaults() {
      return new Settings(4_096, 256, 16_384, Duration.ofMillis(5));
    }
  }

  private final String name;
  private final Settings settings;
  private final InstantSource clock;
  private final EventSink sink;
  private final Function<C, String> laneOf;
  private final Work<C> work;
  private final Semaphore atOnce;
  private final Map<String, Queue<C>> lanes = new HashMap<>();
  private final Set<CommandId> underWay = new HashSet<>();
  private final Map<CommandId, Outcome> remembered = new LinkedHashMap<>();
  private final Set<Thread> threads = new HashSet<>();
  private int inHand;
  private boolean closed;

  /**
   * A desk.
   *
   * @param name for the names of its threads
   * @param laneOf commands of the same lane are carried out one after the other, in their order
   */
  public CommandDesk(
      String name,
      Settings settings,
      InstantSource clock,
      EventSink sink,
      Function<C, String> laneOf,
      Work<C> work) {
    this.name = name;
    this.settings = settings;
    this.clock = clock;
    this.sink = sink;
    this.laneOf = laneOf;
    this.work = work;
    this.atOnce = new Semaphore(settings.atOnceMax());
  }

  /** Takes a command and returns at once. */
  public synchronized void take(C command) {
    if (closed || underWay.contains(command.id())) {
      return;
    }
    if (inHand >= settings.takenMax()) {
      offer(
          command.id(),
          new Outcome.Failed("busy", "%s has %d commands in hand".formatted(name, inHand)));
      return;
    }
    underWay.add(command.id());
    inHand++;
    String lane = laneOf.apply(command);
    Queue<C> waiting = lanes.get(lane);
    if (waiting != null) {
      waiting.add(command);
      return;
    }
    Queue<C> fresh = new ArrayDeque<>();
    fresh.add(command);
    lanes.put(lane, fresh);
    Thread thread = Thread.ofVirtual().name(name + " " + lane).unstarted(() -> serve(lane, fresh));
    threads.add(thread);
    thread.start();
  }

  private void serve(String lane, Queue<C> waiting) {
    try {
      while (true) {
        C command = next(lane, waiting);
        if (command == null) {
          return;
        }
        Outcome outcome = outcomeOf(command);
        // Before the loop is told: it may ask again at once, and must not be taken for a
        // repetition.
        synchronized (this) {
          underWay.remove(command.id());
        }
        tell(command.id(), outcome);
        synchronized (this) {
          inHand--;
        }
      }
    } catch (InterruptedException e) {
      // The desk is being closed: what isn't told is asked again after the next start.
      Thread.currentThread().interrupt();
    } finally {
      synchronized (this) {
        threads.remove(Thread.currentThread());
        notifyAll();
      }
    }
  }

  private synchronized @Nullable C next(String lane, Queue<C> waiting) {
    C command = closed ? null : waiting.poll();
    if (command == null) {
      lanes.remove(lane);
    }
    return command;
  }

  private Outcome outcomeOf(C command) throws InterruptedException {
    synchronized (this) {
      Outcome before = remembered.get(command.id());
      if (before != null) {
        return before;
      }
    }
    atOnce.acquire();
    Outcome outcome;
    try {
      outcome = work.carryOut(command);
    } catch (RuntimeException e) {
      // A fault of ours, and nobody knows how far it came. Its message may hold a secret.
      outcome = inDoubt(command, "%s in %s".formatted(e.getClass().getName(), where(e)));
    } finally {
      atOnce.release();
    }
    if (isFinal(outcome)) {
      remember(command.id(), outcome);
    }
    return outcome;
  }

  private static String where(RuntimeException e) {
    StackTraceElement[] trace = e.getStackTrace();
    return trace.length == 0 ? "an unknown place" : trace[0].toString();
  }

  private static Outcome inDoubt(Command command, String why) {
    return command instanceof Command.FenceCommand
        ? new Outcome.FencingAnswered(new FencingResult.Unknown(why))
        : new Outcome.Unknown(why);
  }

  private synchronized void remember(CommandId id, Outcome outcome) {
    remembered.put(id, outcome);
    if (remembered.size() > settings.rememberedMax()) {
      var oldest = remembered.entrySet().iterator();
      oldest.next();
      oldest.remove();
    }
  }

  private static boolean isFinal(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Done done -> true;
      case Outcome.Synced synced -> synced.verified();
      case Outcome.FencingAnswered(FencingResult result) -> result instanceof FencingResult.Fenced;
      case Outcome.Failed failed -> false;
      case Outcome.Unknown unknown -> false;
      case Outcome.HostProbed probed -> false;
    };
  }

  private void tell(CommandId id, Outcome outcome) throws InterruptedException {
    Duration pause = settings.offerAgain();
    while (!offer(id, outcome)) {
      Thread.sleep(pause);
      pause = pause.compareTo(Duration.ofMillis(500)) > 0 ? pause : pause.multipliedBy(2);
    }
  }

  private boolean offer(CommandId id, Outcome outcome) {
    return sink.offer(new Event.CommandReported(clock.instant(), id, outcome));
  }

  /** How many commands are in hand. */
  public synchronized int inHand() {
    return inHand;
  }

  /** Stops whatever is under way and waits for it, a second at most. Nothing is told any more. */
  @Override
  public synchronized void close() {
    closed = true;
    threads.forEach(Thread::interrupt);
    try {
      for (int waits = 0; waits < 10 && !threads.isEmpty(); waits++) {
        wait(100);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
