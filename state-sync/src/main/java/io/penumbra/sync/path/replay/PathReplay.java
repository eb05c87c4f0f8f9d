package io.penumbra.sync.path.replay;

import io.penumbra.sync.path.CodeChoice;
import io.penumbra.sync.path.Departure;
import io.penumbra.sync.path.Dispatch;
import io.penumbra.sync.path.ShardPlacement;
import io.penumbra.sync.path.Verdict;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * Groups sent over traced paths by the real {@link Dispatch}, in virtual time. A path is a line
 * that serves one shard after the other at the trace's rate; what is on it when it breaks is gone,
 * and nobody is told. It is connected anew when it works again.
 */
public final class PathReplay {

  private static final long TICK = 5_000_000;
  private static final long HEARTBEAT = 100_000_000;
  private static final int PROBE_BYTES = 48;

  private final List<Line> lines = new ArrayList<>();
  private final Dispatch dispatch;
  private final Load load;
  private final RandomGenerator random;
  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private final SortedMap<Long, Arriving> arriving = new TreeMap<>();
  private final List<Long> completions = new ArrayList<>();
  private long order;
  private long now;
  private long completeBelow;
  private long offered;

  private PathReplay(
      List<PathTrace> traces,
      Load load,
      CodeChoice choice,
      ShardPlacement placement,
      RandomGenerator random) {
    for (PathTrace trace : traces) {
      lines.add(new Line(lines.size(), trace));
    }
    dispatch = new Dispatch(traces.size(), choice, placement, 0);
    this.load = load;
    this.random = random;
  }

  /** Plays a load over paths and says how long each group took. */
  public static ReplayResult run(
      List<PathTrace> traces,
      Load load,
      CodeChoice choice,
      ShardPlacement placement,
      RandomGenerator random) {
    return new PathReplay(traces, load, choice, placement, random).play();
  }

  private ReplayResult play() {
    for (Line line : lines) {
      line.up = line.trace.at(0).up();
      if (line.up) {
        dispatch.pathUp(line.number, 0);
      }
      at(line.trace.changesAfter(0), () -> turn(line));
      at(HEARTBEAT, () -> beat(line));
    }
    at(0, this::offer);
    at(TICK, this::tick);
    while (!events.isEmpty() && completions.size() < load.groups() && now < load.patienceNanos()) {
      Event event = events.remove();
      now = event.at();
      event.happens().run();
    }
    var state = dispatch.state(now);
    return new ReplayResult(
        completions, (int) offered - completions.size(), load.bytesOf(offered), state);
  }

  private void at(long when, Runnable happens) {
    events.add(new Event(Math.max(when, now), order++, happens));
  }

  private void offer() {
    CodeChoice.Cut cut = dispatch.cut(load.groupBytes(), now);
    ByteBuffer message = ByteBuffer.wrap(load.content());
    int shardBytes = cut.shape().shardBytes(load.groupBytes());
    List<ByteBuffer> parity =
        Collections.nCopies(
            cut.shape().parity(),
            ByteBuffer.wrap(load.content(), 0, Math.min(shardBytes, load.groupBytes())));
    long group = dispatch.admit(message, parity, cut, now);
    arriving.put(group, new Arriving(cut.shape().data(), now));
    offered++;
    pumpAll();
    if (offered < load.groups()) {
      at(now + load.everyNanos(), this::offer);
    }
  }

  private void tick() {
    dispatch.tick(now);
    pumpAll();
    at(now + TICK, this::tick);
  }

  private void beat(Line line) {
    if (line.up) {
      long sequence = dispatch.probe(line.number, PROBE_BYTES, now);
      long delay = line.trace.at(now).delayNanos();
      long connection = line.connection;
      at(now + 2 * delay, () -> acked(line, connection, sequence, Verdict.ARRIVED));
    } else {
      dispatch.probe(line.number, PROBE_BYTES, now);
    }
    at(now + HEARTBEAT, () -> beat(line));
  }

  private void turn(Line line) {
    boolean up = line.trace.at(now).up();
    if (up != line.up) {
      line.up = up;
      line.connection++;
      line.freeAt = now;
      if (up) {
        dispatch.pathDown(line.number, now);
        dispatch.pathUp(line.number, now);
        pumpAll();
      }
    }
    at(line.trace.changesAfter(now), () -> turn(line));
  }

  private void pumpAll() {
    for (Line line : lines) {
      pump(line);
    }
  }

  private void pump(Line line) {
    while (true) {
      var departure = dispatch.next(line.number, now);
      if (departure.isEmpty()) {
        return;
      }
      if (!line.up) {
        continue;
      }
      Departure leaves = departure.get();
      int bytes = leaves.payload().remaining() + PROBE_BYTES;
      line.freeAt = served(line.trace, Math.max(now, line.freeAt), bytes);
      long there = line.freeAt + line.trace.at(line.freeAt).delayNanos();
      long connection = line.connection;
      at(there, () -> arrives(line, connection, leaves));
    }
  }

  private static long served(PathTrace trace, long from, double bytes) {
    long time = from;
    double left = bytes;
    while (true) {
      double rate = trace.at(time).bytesPerSecond();
      long until = trace.changesAfter(time);
      double carried = rate * (until - time) / 1e9;
      if (carried >= left) {
        return time + (long) Math.ceil(left / rate * 1e9);
      }
      left -= carried;
      time = until;
    }
  }

  private void arrives(Line line, long connection, Departure shard) {
    if (line.connection != connection) {
      return;
    }
    boolean spoilt = random.nextDouble() < load.spoiltShare();
    if (!spoilt) {
      long group = shard.group().id();
      Arriving into = arriving.get(group);
      if (into != null) {
        into.shards.set(shard.index());
        if (into.shards.cardinality() >= into.needed) {
          arriving.remove(group);
          completions.add(now - into.offeredAt);
          completeBelow = arriving.isEmpty() ? offered : arriving.firstKey();
          tellAll();
        }
      }
    }
    Verdict verdict = spoilt ? Verdict.CORRUPT : Verdict.ARRIVED;
    long back = line.trace.at(now).delayNanos();
    at(now + back, () -> acked(line, connection, shard.sequence(), verdict));
  }

  /** The status goes back over every path that works. */
  private void tellAll() {
    long below = completeBelow;
    long above = 0;
    for (int bit = 0; bit < Long.SIZE && below + bit < offered; bit++) {
      if (!arriving.containsKey(below + bit)) {
        above |= 1L << bit;
      }
    }
    long bits = above;
    for (Line line : lines) {
      if (line.up) {
        at(
            now + line.trace.at(now).delayNanos(),
            () -> {
              dispatch.status(below, below, bits);
              pumpAll();
            });
      }
    }
  }

  private void acked(Line line, long connection, long sequence, Verdict verdict) {
    if (line.connection == connection) {
      dispatch.acked(line.number, sequence, verdict, 0, now);
      pumpAll();
    }
  }

  /**
   * What is sent.
   *
   * @param groups how many
   * @param groupBytes size of each
   * @param everyNanos pause from the start of one to the start of the next
   * @param spoiltShare share of shards that arrive with wrong bytes
   * @param patienceNanos what has not arrived by then counts as never
   */
  public record Load(
      int groups, int groupBytes, long everyNanos, double spoiltShare, long patienceNanos) {

    byte[] content() {
      return new byte[groupBytes];
    }

    long bytesOf(long count) {
      return count * groupBytes;
    }
  }

  /**
   * How it went.
   *
   * @param nanos from offered to complete, for each group that arrived
   * @param missing groups that did not arrive
   * @param bytesOffered of all groups
   * @param state the sender's counts at the end
   */
  public record ReplayResult(
      List<Long> nanos, int missing, long bytesOffered, io.penumbra.sync.path.DispatchState state) {

    public ReplayResult {
      nanos = List.copyOf(nanos);
    }

    /** A quantile of the times, groups that never arrived counted as longest. */
    public double millis(double quantile) {
      long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
      int rank = (int) Math.ceil(quantile * (sorted.length + missing)) - 1;
      if (rank >= sorted.length) {
        return Double.POSITIVE_INFINITY;
      }
      return Arrays.stream(sorted).skip(Math.max(0, rank)).findFirst().orElse(0) / 1e6;
    }

    /** Bytes of shards sent for every byte offered. */
    public double overhead() {
      return (double) state.bytesSent() / bytesOffered;
    }
  }

  private record Event(long at, long order, Runnable happens) implements Comparable<Event> {

    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(at, other.at);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  private static final class Line {

    private final int number;
    private final PathTrace trace;
    private boolean up;
    private long connection;
    private long freeAt;

    Line(int number, PathTrace trace) {
      this.number = number;
      this.trace = trace;
    }
  }

  private static final class Arriving {

    private final int needed;
    private final long offeredAt;
    private final BitSet shards = new BitSet();

    Arriving(int needed, long offeredAt) {
      this.needed = needed;
      this.offeredAt = offeredAt;
    }
  }
}
