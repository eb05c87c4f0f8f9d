package io.penumbra.sync.path;

import io.penumbra.sync.erasure.CodeShape;
import io.penumbra.sync.path.Outgoing.Fate;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The sending end: which shard goes over which path, and what is done when one fails. Shards are
 * placed when their group comes in; each path takes its own next one when it has room. A shard that
 * is lost with its path is sent again only when too few others can still arrive, and what is queued
 * on a path that fails moves for nothing. Shards of a group that is complete are not sent any more.
 *
 * <p>Owned by one thread at a time. Times are of one clock that only goes forward.
 */
public final class Dispatch {

  /** A group is late when it takes this much longer than was forecast. */
  private static final double LATE = 1.25;

  private static final long LATE_NANOS = 5_000_000;

  private final CodeChoice choice;
  private final ShardPlacement placement;
  private final List<Lane> lanes;

  /** Groups that the other end has not got yet, by number. */
  private final SortedMap<Long, Outgoing> open = new TreeMap<>();

  /** Sizes of the groups that the other end's reader has not taken yet, oldest first. */
  private final Deque<Integer> unread = new ArrayDeque<>();

  private long unreadBytes;
  private long nextGroup;
  private long shardsSent;
  private long bytesSent;
  private long shardsResent;
  private long shardsMoved;

  public Dispatch(int paths, CodeChoice choice, ShardPlacement placement, long now) {
    this.choice = choice;
    this.placement = placement;
    lanes = IntStream.range(0, paths).mapToObj(number -> new Lane(number, now)).toList();
  }

  /** The code for a message of that size as things stand, and the paths it is meant for. */
  public CodeChoice.Cut cut(int messageBytes, long now) {
    return choice.choose(messageBytes, views(now));
  }

  /**
   * Takes a group in and places its shards.
   *
   * @param message from its position to its limit; nobody may change it until it has arrived
   * @param parity one buffer for each parity shard of the cut's code
   * @return the group's number
   */
  public long admit(ByteBuffer message, List<ByteBuffer> parity, CodeChoice.Cut cut, long now) {
    Outgoing group = new Outgoing(nextGroup++, message, parity, cut.shape());
    open.put(group.id(), group);
    unread.addLast(group.messageBytes());
    unreadBytes += group.messageBytes();
    List<LaneView> targets =
        views(now).stream()
            .filter(view -> cut.lanes().stream().anyMatch(lane -> lane.lane() == view.lane()))
            .toList();
    if (targets.isEmpty()) {
      repair(group, now);
      return group.id();
    }
    int[] placed =
        placement.place(cut.shape().total(), group.shardBytes(), cut.shardsPerLaneMax(), targets);
    group.dueAt(now + patience(forecast(group, placed, targets)));
    for (int index = 0; index < placed.length; index++) {
      enqueue(group, index, lanes.get(placed[index]));
    }
    return group.id();
  }

  /** When enough shards will have arrived, in nanoseconds from now. */
  private static double forecast(Outgoing group, int[] placed, List<LaneView> targets) {
    List<LaneView> views = new ArrayList<>(targets);
    double[] arrivals = new double[placed.length];
    for (int index = 0; index < placed.length; index++) {
      for (int i = 0; i < views.size(); i++) {
        LaneView view = views.get(i);
        if (view.lane() == placed[index]) {
          arrivals[index] = view.arrivalNanos(group.shardBytes(index));
          views.set(i, view.behind(group.shardBytes(index)));
        }
      }
    }
    Arrays.sort(arrivals);
    return arrivals[group.shape().data() - 1];
  }

  private static long patience(double expected) {
    return (long) (expected * LATE) + LATE_NANOS;
  }

  private List<LaneView> views(long now) {
    List<LaneView> views = new ArrayList<>();
    for (Lane lane : lanes) {
      if (lane.usable) {
        long ahead = lane.queuedBytes + lane.model.bytesInFlight();
        views.add(new LaneView(lane.number, lane.model.forecast(now), ahead));
      }
    }
    return views;
  }

  private static void enqueue(Outgoing group, int index, Lane lane) {
    group.moves(index, Fate.QUEUED, lane.number);
    lane.queue.addLast(new Ticket(group, index));
    lane.queuedBytes += group.shardBytes(index);
  }

  /**
   * The next shard for a path that has room, if there is one. Shards that a group can do without,
   * as enough others are flying, let those of later groups pass: when paths are idle they go at
   * once, when paths are short of room they go as soon as the group is late.
   */
  public Optional<Departure> next(int path, long now) {
    Lane lane = lanes.get(path);
    Optional<Ticket> chosen = choose(lane, now);
    if (chosen.isEmpty()) {
      lane.paused |= lane.queue.isEmpty();
      return Optional.empty();
    }
    Ticket ticket = chosen.get();
    int bytes = ticket.group().shardBytes(ticket.index());
    long flying = lane.model.bytesInFlight();
    if (flying > 0 && flying + bytes > lane.model.window(bytes)) {
      return Optional.empty();
    }
    lane.queue.remove(ticket);
    lane.queuedBytes -= bytes;
    return Optional.of(depart(lane, ticket, bytes, now));
  }

  private Optional<Ticket> choose(Lane lane, long now) {
    Optional<Ticket> spare = Optional.empty();
    if (!lane.usable) {
      return spare;
    }
    for (Iterator<Ticket> tickets = lane.queue.iterator(); tickets.hasNext(); ) {
      Ticket ticket = tickets.next();
      Outgoing group = ticket.group();
      boolean here = group.lane(ticket.index()) == lane.number;
      if (group.complete() || !here || group.fate(ticket.index()) != Fate.QUEUED) {
        tickets.remove();
      } else if (now >= group.dueAt() || underWay(group) < group.shape().data()) {
        return Optional.of(ticket);
      } else if (spare.isEmpty()) {
        spare = Optional.of(ticket);
      }
    }
    return spare;
  }

  private int underWay(Outgoing group) {
    int count = 0;
    for (int index = 0; index < group.shape().total(); index++) {
      if (group.fate(index) != Fate.QUEUED && onItsWay(group, index)) {
        count++;
      }
    }
    return count;
  }

  private Departure depart(Lane lane, Ticket ticket, int bytes, long now) {
    ticket.group().moves(ticket.index(), Fate.FLYING, lane.number);
    long sequence = lane.nextSequence++;
    lane.flying.put(sequence, ticket);
    lane.model.sent(sequence, bytes, lane.paused, now);
    lane.paused = false;
    shardsSent++;
    bytesSent += bytes;
    return new Departure(ticket.group(), ticket.index(), sequence);
  }

  /** A probe leaves that will be acked like a shard; it keeps a quiet path's model awake. */
  public long probe(int path, int bytes, long now) {
    Lane lane = lanes.get(path);
    long sequence = lane.nextSequence++;
    lane.model.sent(sequence, bytes, true, now);
    return sequence;
  }

  /** An ack came back over a path. */
  public void acked(int path, long sequence, Verdict verdict, long heldNanos, long now) {
    Lane lane = lanes.get(path);
    lane.model.acked(sequence, verdict != Verdict.CORRUPT, heldNanos, now);
    Ticket ticket = lane.flying.remove(sequence);
    if (ticket != null && !ticket.group().complete()) {
      land(lane, ticket, verdict, now);
    }
    judge(lane, now);
  }

  private void land(Lane lane, Ticket ticket, Verdict verdict, long now) {
    Outgoing group = ticket.group();
    int index = ticket.index();
    switch (verdict) {
      case ARRIVED -> {
        if (group.fate(index) == Fate.QUEUED) {
          lanes.get(group.lane(index)).queuedBytes -= group.shardBytes(index);
        }
        group.moves(index, Fate.ARRIVED, lane.number);
      }
      case CORRUPT, REFUSED -> {
        if (group.fate(index) == Fate.FLYING && group.lane(index) == lane.number) {
          group.moves(index, Fate.LOST, lane.number);
          repair(group, now);
        }
      }
    }
  }

  /**
   * The other end says what it has.
   *
   * @param readBelow all groups below that number have been taken by its reader
   * @param completeBelow all groups below that number are complete
   * @param completeAbove bit i says that group completeBelow + i is complete
   */
  public void status(long readBelow, long completeBelow, long completeAbove) {
    while (!open.isEmpty() && open.firstKey() < completeBelow) {
      complete(open.firstKey());
    }
    for (int bit = 0; bit < Long.SIZE; bit++) {
      if ((completeAbove >>> bit & 1) != 0) {
        complete(completeBelow + bit);
      }
    }
    while (!unread.isEmpty() && nextGroup - unread.size() < readBelow) {
      unreadBytes -= unread.removeFirst();
    }
  }

  private void complete(long id) {
    Outgoing group = open.remove(id);
    if (group == null) {
      return;
    }
    group.completed();
    for (int index = 0; index < group.shape().total(); index++) {
      if (group.fate(index) == Fate.QUEUED) {
        lanes.get(group.lane(index)).queuedBytes -= group.shardBytes(index);
      }
    }
  }

  /** A path can be used from now on. */
  public void pathUp(int path, long now) {
    Lane lane = lanes.get(path);
    lane.open = true;
    lane.nextSequence = 0;
    lane.paused = true;
    lane.model.opened(now);
    judge(lane, now);
  }

  /** A path is gone, and with it whatever was on it. */
  public void pathDown(int path, long now) {
    Lane lane = lanes.get(path);
    lane.open = false;
    lane.model.closed(now);
    List<Ticket> gone = List.copyOf(lane.flying.values());
    lane.flying.clear();
    for (Ticket ticket : gone) {
      Outgoing group = ticket.group();
      boolean here = group.lane(ticket.index()) == lane.number;
      if (here && group.fate(ticket.index()) == Fate.FLYING) {
        group.moves(ticket.index(), Fate.LOST, lane.number);
      }
    }
    judge(lane, now);
    repairAll(now);
  }

  /** Looks for paths from which acks are overdue. Call it every few milliseconds. */
  public void tick(long now) {
    for (Lane lane : lanes) {
      judge(lane, now);
    }
  }

  private void judge(Lane lane, long now) {
    boolean suspect = lane.open && lane.model.suspect(now);
    boolean usable = lane.open && !suspect;
    if (usable == lane.usable) {
      return;
    }
    lane.usable = usable;
    if (suspect) {
      lane.model.suspected(now);
    }
    if (!usable) {
      lane.suspectSince = now;
      withdraw(lane);
    }
    repairAll(now);
  }

  private static void withdraw(Lane lane) {
    for (Ticket ticket : lane.queue) {
      Outgoing group = ticket.group();
      int index = ticket.index();
      if (group.fate(index) == Fate.QUEUED && group.lane(index) == lane.number) {
        group.moves(index, Fate.NOWHERE, lane.number);
      }
    }
    lane.queue.clear();
    lane.queuedBytes = 0;
  }

  private void repairAll(long now) {
    for (Outgoing group : List.copyOf(open.values())) {
      repair(group, now);
    }
  }

  /** Sends as many shards more as it takes for the group to be complete, and none besides. */
  private void repair(Outgoing group, long now) {
    int missing = group.shape().data();
    for (int index = 0; index < group.shape().total(); index++) {
      if (onItsWay(group, index)) {
        missing--;
      }
    }
    if (missing <= 0) {
      return;
    }
    List<LaneView> targets = views(now);
    if (targets.isEmpty()) {
      return;
    }
    List<Integer> chosen = stranded(group, missing);
    int[] placed =
        placement.place(chosen.size(), group.shardBytes(), group.shape().total(), targets);
    for (int i = 0; i < placed.length; i++) {
      if (group.fate(chosen.get(i)) == Fate.NOWHERE) {
        shardsMoved++;
      } else {
        shardsResent++;
      }
      enqueue(group, chosen.get(i), lanes.get(placed[i]));
    }
  }

  private boolean onItsWay(Outgoing group, int index) {
    return switch (group.fate(index)) {
      case ARRIVED -> true;
      case QUEUED, FLYING -> lanes.get(group.lane(index)).usable;
      case NOWHERE, LOST -> false;
    };
  }

  /** Shards that were never sent come first: moving those costs nothing. */
  private List<Integer> stranded(Outgoing group, int count) {
    List<Integer> all =
        IntStream.range(0, group.shape().total())
            .filter(index -> !onItsWay(group, index))
            .boxed()
            .toList();
    List<Integer> ordered = new ArrayList<>();
    for (Fate fate : List.of(Fate.NOWHERE, Fate.LOST, Fate.FLYING)) {
      all.stream().filter(index -> group.fate(index) == fate).forEach(ordered::add);
    }
    return List.copyOf(ordered.subList(0, count));
  }

  /** The other end began anew: nothing of what it was sent counts any more. */
  public void restart(long now) {
    open.values().forEach(Outgoing::completed);
    open.clear();
    unread.clear();
    unreadBytes = 0;
    nextGroup = 0;
    for (Lane lane : lanes) {
      lane.queue.clear();
      lane.queuedBytes = 0;
      lane.flying.clear();
      judge(lane, now);
    }
  }

  /** Bytes of messages that the other end's reader has not taken yet. */
  public long unreadBytes() {
    return unreadBytes;
  }

  /** Messages that the other end's reader has not taken yet. */
  public int unreadMessages() {
    return unread.size();
  }

  /** Groups that are not complete at the other end, as far as it has said. */
  public int groupsOpen() {
    return open.size();
  }

  /** For how long a path has been open and suspect; 0 when it is not. */
  public long suspectFor(int path, long now) {
    Lane lane = lanes.get(path);
    return lane.open && !lane.usable ? now - lane.suspectSince : 0;
  }

  /** Whether anything is in flight on a path. */
  public boolean flying(int path) {
    return lanes.get(path).model.bytesInFlight() > 0;
  }

  /** When the next ack is overdue on any path. */
  public Optional<Long> nextTick() {
    return lanes.stream()
        .filter(lane -> lane.usable)
        .flatMap(lane -> lane.model.suspectAt().stream())
        .min(Long::compare);
  }

  /** What has been done so far, and how the paths stand. */
  public DispatchState state(long now) {
    List<DispatchState.PathState> paths = new ArrayList<>();
    for (Lane lane : lanes) {
      paths.add(
          new DispatchState.PathState(
              new PathId(lane.number),
              lane.usable,
              lane.queuedBytes,
              lane.model.bytesInFlight(),
              lane.model.forecast(now)));
    }
    return new DispatchState(
        nextGroup, open.size(), shardsSent, bytesSent, shardsResent, shardsMoved, paths);
  }

  /**
   * A shard to be written now.
   *
   * @param sequence what its ack will name
   */
  public record Departure(Outgoing group, int index, long sequence) {

    /** The group's code. */
    public CodeShape shape() {
      return group.shape();
    }

    /** The shard's bytes. */
    public ByteBuffer payload() {
      return group.shard(index);
    }
  }

  /** A shard's place in a queue; void when the shard has moved on meanwhile. */
  private record Ticket(Outgoing group, int index) {}

  /** One path as the dispatch sees it. */
  private static final class Lane {

    private final int number;
    private final PathModel model;
    private final Deque<Ticket> queue = new ArrayDeque<>();
    private final SortedMap<Long, Ticket> flying = new TreeMap<>();
    private long queuedBytes;
    private long nextSequence;
    private long suspectSince;
    private boolean open;
    private boolean usable;
    private boolean paused = true;

    Lane(int number, long now) {
      this.number = number;
      model = new PathModel(now);
    }
  }
}
