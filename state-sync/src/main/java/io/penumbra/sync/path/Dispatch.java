package io.penumbra.sync.path;

import io.penumbra.sync.path.Outgoing.Fate;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
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

  private final Unread unread = new Unread();
  private long nextGroup;
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
    unread.sent(group.messageBytes());
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
      lanes.get(placed[index]).enqueue(group, index);
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
    return lanes.stream().filter(Lane::usable).map(lane -> lane.view(now)).toList();
  }

  /**
   * The next shard for a path that has room, if there is one. Shards that a group can do without,
   * as enough others are flying, let those of later groups pass: when paths are idle they go at
   * once, when paths are short of room they go as soon as the group is late.
   */
  public Optional<Departure> next(int path, long now) {
    return lanes
        .get(path)
        .next(group -> now < group.dueAt() && underWay(group) >= group.shape().data(), now);
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

  /** A probe leaves that will be acked like a shard; it keeps a quiet path's model awake. */
  public long probe(int path, int bytes, long now) {
    return lanes.get(path).probe(bytes, now);
  }

  /** An ack came back over a path. */
  public void acked(int path, long sequence, Verdict verdict, long heldNanos, long now) {
    Lane lane = lanes.get(path);
    lane.acked(sequence, verdict, heldNanos, now)
        .filter(ticket -> !ticket.group().complete())
        .ifPresent(ticket -> land(lane, ticket, verdict, now));
    judge(lane, now);
  }

  private void land(Lane lane, Lane.Ticket ticket, Verdict verdict, long now) {
    Outgoing group = ticket.group();
    int index = ticket.index();
    switch (verdict) {
      case ARRIVED -> {
        if (group.fate(index) == Fate.QUEUED) {
          lanes.get(group.lane(index)).forget(group, index);
        }
        lane.arrived(ticket);
      }
      case CORRUPT, REFUSED -> {
        if (lane.flies(ticket)) {
          lane.lost(ticket);
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
    unread.taken(readBelow);
  }

  private void complete(long id) {
    Outgoing group = open.remove(id);
    if (group == null) {
      return;
    }
    group.completed();
    for (int index = 0; index < group.shape().total(); index++) {
      if (group.fate(index) == Fate.QUEUED) {
        lanes.get(group.lane(index)).forget(group, index);
      }
    }
  }

  /** A path can be used from now on. */
  public void pathUp(int path, long now) {
    Lane lane = lanes.get(path);
    lane.opened(now);
    judge(lane, now);
  }

  /** A path is gone, and with it whatever was on it. */
  public void pathDown(int path, long now) {
    Lane lane = lanes.get(path);
    lane.closed(now);
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
    if (lane.judge(now)) {
      repairAll(now);
    }
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
      lanes.get(placed[i]).enqueue(group, chosen.get(i));
    }
  }

  private boolean onItsWay(Outgoing group, int index) {
    return switch (group.fate(index)) {
      case ARRIVED -> true;
      case QUEUED, FLYING -> lanes.get(group.lane(index)).usable();
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
    nextGroup = 0;
    for (Lane lane : lanes) {
      lane.clear();
      judge(lane, now);
    }
  }

  /** Bytes of messages that the other end's reader has not taken yet. */
  public long unreadBytes() {
    return unread.bytes();
  }

  /** Messages that the other end's reader has not taken yet. */
  public int unreadMessages() {
    return unread.messages();
  }

  /** Groups that are not complete at the other end, as far as it has said. */
  public int groupsOpen() {
    return open.size();
  }

  /** For how long a path has been open and suspect; 0 when it is not. */
  public long suspectFor(int path, long now) {
    return lanes.get(path).suspectFor(now);
  }

  /** Whether anything is in flight on a path. */
  public boolean flying(int path) {
    return lanes.get(path).bytesInFlight() > 0;
  }

  /** When the next ack is overdue on any path. */
  public Optional<Long> nextTick() {
    return lanes.stream().flatMap(lane -> lane.suspectAt().stream()).min(Long::compare);
  }

  /** What has been done so far, and how the paths stand. */
  public DispatchState state(long now) {
    List<DispatchState.PathState> paths = lanes.stream().map(lane -> lane.state(now)).toList();
    return new DispatchState(
        nextGroup,
        open.size(),
        paths.stream().mapToLong(DispatchState.PathState::shardsSent).sum(),
        paths.stream().mapToLong(DispatchState.PathState::bytesSent).sum(),
        shardsResent,
        shardsMoved,
        paths);
  }
}
