package io.penumbra.sync.path.link;

import io.penumbra.sync.path.ShardLabel;
import io.penumbra.sync.path.wire.FrameCodec;
import io.penumbra.sync.path.wire.PathFrame;
import io.penumbra.sync.path.wire.PathFrame.Probe;
import io.penumbra.sync.path.wire.PathFrame.Shard;
import io.penumbra.sync.path.wire.PathFrame.Status;
import java.io.IOException;
import java.util.Optional;

/**
 * Writes what a path has to say. Each connection has a thread for it; where there is one path only,
 * whoever sends a message writes it as well, if that thread has nothing to do.
 */
final class PathWriter {

  private final Junction junction;

  PathWriter(Junction junction) {
    this.junction = junction;
  }

  /** Writes as long as the connection has its path's seat. */
  void writeAll(Connection connection, Seat seat) throws InterruptedException {
    Optional<PathFrame> first = awaitTurn(connection, seat);
    while (first.isPresent()) {
      write(connection, seat, first);
      first = awaitTurn(connection, seat);
    }
  }

  private Optional<PathFrame> awaitTurn(Connection connection, Seat seat)
      throws InterruptedException {
    junction.lock.lockInterruptibly();
    try {
      while (!junction.closed() && seat.heldBy(connection)) {
        Optional<PathFrame> frame = seat.writing() ? Optional.empty() : nextFrame(seat);
        if (frame.isPresent()) {
          seat.writing(true);
          return frame;
        }
        seat.work().await();
      }
      return Optional.empty();
    } finally {
      junction.lock.unlock();
    }
  }

  /** The only path that is connected, for the caller to write to. The caller has the lock. */
  Optional<Seat> tryBegin() {
    Optional<Seat> only = Optional.empty();
    for (Seat seat : junction.seats) {
      if (seat.connection().isPresent()) {
        if (only.isPresent()) {
          return Optional.empty();
        }
        only = Optional.of(seat);
      }
    }
    if (only.isEmpty() || only.get().writing()) {
      return Optional.empty();
    }
    only.get().writing(true);
    return only;
  }

  /** Writes all there is to say; to be called after one has begun. */
  void writeOut(Connection connection, Seat seat) {
    write(connection, seat, next(connection, seat));
  }

  private void write(Connection connection, Seat seat, Optional<PathFrame> first) {
    try {
      Optional<PathFrame> frame = first;
      while (frame.isPresent()) {
        Optional<PathFrame> following = further(connection, seat);
        connection.write(frame.get(), following.isPresent());
        frame = following.isPresent() ? following : next(connection, seat);
      }
    } catch (IOException broken) {
      // The reader of the same connection sees it, too, and cleans up.
      connection.close();
    }
  }

  /** What will follow the frame that is being written, so that small ones go together. */
  private Optional<PathFrame> further(Connection connection, Seat seat) {
    junction.lock.lock();
    try {
      return seat.heldBy(connection) ? nextFrame(seat) : Optional.empty();
    } finally {
      junction.lock.unlock();
    }
  }

  /** What is to be written now; if there is nothing, somebody else may begin. */
  private Optional<PathFrame> next(Connection connection, Seat seat) {
    junction.lock.lock();
    try {
      if (!seat.heldBy(connection)) {
        // Whoever has the seat by now has its own writer.
        return Optional.empty();
      }
      Optional<PathFrame> frame = nextFrame(seat);
      seat.writing(frame.isPresent());
      return frame;
    } finally {
      junction.lock.unlock();
    }
  }

  /** Answers go before shards: the other end's forecasts, and its memory, wait for them. */
  private Optional<PathFrame> nextFrame(Seat seat) {
    // The status first: what is known to be complete needs nothing done when its acks come.
    if (seat.takeStatusDue()) {
      var reassembly = junction.reassembly();
      return Optional.of(
          new Status(
              reassembly.readBelow(), reassembly.completeBelow(), reassembly.completeAbove()));
    }
    Optional<PathFrame> answer = seat.nextAnswer();
    if (answer.isPresent()) {
      return answer;
    }
    long now = junction.now();
    if (seat.takeProbeDue(now)) {
      return Optional.of(
          new Probe(junction.dispatch.probe(seat.number(), FrameCodec.HEADER_BYTES, now)));
    }
    return junction
        .dispatch
        .next(seat.number(), now)
        .map(departure ->
            new Shard(
                departure.sequence(),
                new ShardLabel(
                    departure.group().id(),
                    departure.group().messageBytes(),
                    departure.shape(),
                    departure.index()),
                departure.payload()));
  }
}
