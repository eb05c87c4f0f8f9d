package io.penumbra.simulator.world;

import io.penumbra.domain.event.Event;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.simulator.fault.FaultDice;
import io.penumbra.simulator.fault.FaultKind;
import java.util.ArrayList;
import java.util.List;

/** The cloud's stream of events: lossy, repeating and out of order when it is told to be. */
public final class EventFeed {

  private static final int KEPT = 20_000;

  private final FaultDice dice;
  private final List<Event> kept = new ArrayList<>();
  private long first;
  private Runnable wake = () -> {};

  EventFeed(FaultDice dice) {
    this.dice = dice;
  }

  /** Calls this whenever there is something new to read. */
  public void onEvent(Runnable woken) {
    wake = woken;
  }

  /** Where the next event will stand. */
  public long end() {
    return first + kept.size();
  }

  void emit(Event event) {
    if (dice.strikes(FaultKind.EVENT_LOST)) {
      return;
    }
    int at = kept.size();
    if (dice.strikes(FaultKind.EVENT_REORDERED)) {
      at = Math.max(unread(), at - 1 - dice.stream(FaultKind.EVENT_REORDERED).nextInt(3));
    }
    kept.add(at, event);
    if (dice.strikes(FaultKind.EVENT_DUPLICATED)) {
      kept.add(event);
    }
    wake.run();
  }

  private long read;

  private int unread() {
    return (int) Math.max(0, read - first);
  }

  Cloud.Page after(long cursor, int max) {
    int from = (int) Math.max(0, cursor - first);
    int to = Math.min(kept.size(), from + max);
    if (from >= to) {
      return new Cloud.Page(List.of(), Math.max(cursor, first));
    }
    Cloud.Page page = new Cloud.Page(kept.subList(from, to), first + to);
    read = Math.max(read, first + to);
    forget();
    return page;
  }

  private void forget() {
    if (unread() > 2 * KEPT) {
      int gone = unread() - KEPT;
      kept.subList(0, gone).clear();
      first += gone;
    }
  }
}
