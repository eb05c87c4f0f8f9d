package io.penumbra.sync.path;

import io.penumbra.sync.path.Outgoing.Fate;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * One path as the dispatch sees it: the shards that wait for it, those that fly on it, and the
 * model of what it can do. Owned by the dispatch's thread.
 */
final class Lane {

  private final int number;
  private final PathModel model;
  private final Deque<Ticket> queue = new ArrayDeque<>();
  private final SortedMap<Long, Ticket> flying = new TreeMap<>();
  private long shardsSent;
  private long bytesSent;
  private long queuedBytes;
  private long nextSequence;
  private long suspectSince;
  private boolean open;
  private boolean usable;

  /** Whether there was nothing to send just before: then acks tell nothing of the bandwidth. */
  private boolean paused = true;

  Lane(int number, long now) {
    this.number = number;
    model = new PathModel(now);
  }

  boolean usable() {
    return usable;
  }

  /** What a placement may know of it. */
  LaneView view(long now) {
    return new LaneView(number, model.forecast(now), queuedBytes + model.bytesInFlight());
  }

  DispatchState.PathState state(long now) {
    return new DispatchState.PathState(
        new PathId(number),
        usable,
        shardsSent,
        bytesSent,
        queuedBytes,
        model.bytesInFlight(),
        model.forecast(now));
  }

  // ---- waiting

  /** Puts a shard into the queue. */
  void enqueue(Outgoing group, int index) {
    group.moves(index, Fate.QUEUED, number);
    queue.addLast(new Ticket(group, index));
    queuedBytes += group.shardBytes(index);
  }

  /** A shard in the queue is not needed any more; its ticket is dropped when it is come across. */
  void forget(Outgoing group, int index) {
    queuedBytes -= group.shardBytes(index);
  }

  /** Empties the queue: its shards are nowhere then. */
  private void withdraw() {
    for (Ticket ticket : queue) {
      if (ticket.waitsIn(number)) {
        ticket.group().moves(ticket.index(), Fate.NOWHERE, number);
      }
    }
    queue.clear();
    queuedBytes = 0;
  }

  /**
   * The next shard to go, if there is one and there is room for it. Shards that can wait let others
   * pass, and go when there are no others.
   */
  Optional<Departure> next(Predicate<Outgoing> canWait, long now) {
    Optional<Ticket> chosen = usable ? choose(canWait) : Optional.empty();
    if (chosen.isEmpty()) {
      paused |= queue.isEmpty();
      return Optional.empty();
    }
    Ticket ticket = chosen.get();
    int bytes = ticket.group().shardBytes(ticket.index());
    long inFlight = model.bytesInFlight();
    if (inFlight > 0 && inFlight + bytes > model.window(bytes)) {
      return Optional.empty();
    }
    queue.remove(ticket);
    queuedBytes -= bytes;
    return Optional.of(depart(ticket, bytes, now));
  }

  private Optional<Ticket> choose(Predicate<Outgoing> canWait) {
    Optional<Ticket> spare = Optional.empty();
    for (Iterator<Ticket> tickets = queue.iterator(); tickets.hasNext(); ) {
      Ticket ticket = tickets.next();
      if (ticket.group().complete() || !ticket.waitsIn(number)) {
        tickets.remove();
      } else if (!canWait.test(ticket.group())) {
        return Optional.of(ticket);
      } else if (spare.isEmpty()) {
        spare = Optional.of(ticket);
      }
    }
    return spare;
  }

  // ---- flying

  private Departure depart(Ticket ticket, int bytes, long now) {
    ticket.group().moves(ticket.index(), Fate.FLYING, number);
    long sequence = nextSequence++;
    flying.put(sequence, ticket);
    model.sent(sequence, bytes, paused, now);
    paused = false;
    shardsSent++;
    bytesSent += bytes;
    return new Departure(ticket.group(), ticket.index(), sequence);
  }

  /** A probe flies, and will be acked like a shard. */
  long probe(int bytes, long now) {
    long sequence = nextSequence++;
    model.sent(sequence, bytes, true, now);
    return sequence;
  }

  /** An ack came; the shard that it was for, if that is still of interest. */
  Optional<Ticket> acked(long sequence, Verdict verdict, long heldNanos, long now) {
    model.acked(sequence, verdict != Verdict.CORRUPT, heldNanos, now);
    return Optional.ofNullable(flying.remove(sequence));
  }

  /** Whether that shard's fate was last decided here. */
  boolean flies(Ticket ticket) {
    Outgoing group = ticket.group();
    int index = ticket.index();
    return group.fate(index) == Fate.FLYING && group.lane(index) == number;
  }

  /** A shard did not arrive over this path. */
  void lost(Ticket ticket) {
    ticket.group().moves(ticket.index(), Fate.LOST, number);
  }

  /** A shard has arrived over this path. */
  void arrived(Ticket ticket) {
    ticket.group().moves(ticket.index(), Fate.ARRIVED, number);
  }

  // ---- being there

  /** It can be used from now on. */
  void opened(long now) {
    open = true;
    nextSequence = 0;
    paused = true;
    model.opened(now);
  }

  /** It is gone, and what was on it is lost. */
  void closed(long now) {
    open = false;
    model.closed(now);
    List<Ticket> gone = List.copyOf(flying.values());
    flying.clear();
    for (Ticket ticket : gone) {
      if (flies(ticket)) {
        lost(ticket);
      }
    }
  }

  /** The other end began anew: nothing of what is here counts. */
  void clear() {
    queue.clear();
    queuedBytes = 0;
    flying.clear();
  }

  /** Looks whether acks are overdue; true if it is usable now and was not, or the other way. */
  boolean judge(long now) {
    boolean suspect = open && model.suspect(now);
    boolean nowUsable = open && !suspect;
    if (nowUsable == usable) {
      return false;
    }
    usable = nowUsable;
    if (suspect) {
      model.suspected(now);
    }
    if (!usable) {
      suspectSince = now;
      withdraw();
    }
    return true;
  }

  /** For how long it has been open and suspect; 0 when it is not. */
  long suspectFor(long now) {
    return open && !usable ? now - suspectSince : 0;
  }

  /** When it will be suspect unless an ack comes. */
  Optional<Long> suspectAt() {
    return usable ? model.suspectAt() : Optional.empty();
  }

  long bytesInFlight() {
    return model.bytesInFlight();
  }

  /** A shard's place in a queue or in flight; void when the shard has moved on meanwhile. */
  record Ticket(Outgoing group, int index) {

    private boolean waitsIn(int lane) {
      return group.fate(index) == Fate.QUEUED && group.lane(index) == lane;
    }
  }
}
