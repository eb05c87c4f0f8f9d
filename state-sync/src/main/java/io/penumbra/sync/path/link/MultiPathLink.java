package io.penumbra.sync.path.link;

import io.penumbra.sync.path.CodeChoice;
import io.penumbra.sync.path.GroupCoder;
import io.penumbra.sync.path.Reassembly;
import io.penumbra.sync.path.ShardLabel;
import io.penumbra.sync.path.Verdict;
import io.penumbra.sync.path.wire.BrokenFrameException;
import io.penumbra.sync.path.wire.PathFrame;
import io.penumbra.sync.path.wire.PathFrame.Ack;
import io.penumbra.sync.path.wire.PathFrame.Hello;
import io.penumbra.sync.path.wire.PathFrame.Probe;
import io.penumbra.sync.path.wire.PathFrame.Shard;
import io.penumbra.sync.path.wire.PathFrame.Spoilt;
import io.penumbra.sync.path.wire.PathFrame.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Whole messages to and from the other host, over as many paths as there are. Messages arrive in
 * the order in which they were sent, each once, as long as both ends live; a path may be cut, slow
 * down, spoil bytes or come back at any time. When the other end starts anew, what was under way is
 * gone, and the handler is told.
 *
 * <p>One end dials each path, the other listens ({@link Entrance}). Two threads serve each
 * connection, one reads, one writes ({@link PathWriter}), so that neither waits for the other; one
 * hands messages over ({@link Delivery}), one watches the time. What they share is the {@link
 * Junction}.
 */
public final class MultiPathLink implements AutoCloseable {

  private static final long TICK_NANOS = 10_000_000;

  private final Junction junction;
  private final LinkThreads threads;
  private final Entrance entrance;
  private final PathWriter writer;
  private final Delivery delivery;
  private final List<PathListener> listeners;

  /** Parity is computed outside the main lock, by one sender at a time. */
  private final ReentrantLock coding = new ReentrantLock();

  private final GroupCoder parityCoder;

  private MultiPathLink(
      LinkSettings settings,
      int paths,
      List<PathListener> listeners,
      MessageHandler handler,
      LongSupplier clock) {
    junction = new Junction(settings, paths, clock);
    threads = new LinkThreads(this::fail);
    entrance = new Entrance(junction, threads, this::serve);
    writer = new PathWriter(junction);
    delivery = new Delivery(junction, handler);
    parityCoder = junction.newCoder();
    this.listeners = List.copyOf(listeners);
  }

  /**
   * The end that connects.
   *
   * @param paths one for each way to the other host, at least one
   * @param clock nanoseconds that only go forward
   */
  public static MultiPathLink dial(
      LinkSettings settings,
      List<? extends Path> paths,
      MessageHandler handler,
      LongSupplier clock) {
    MultiPathLink link = new MultiPathLink(settings, paths.size(), List.of(), handler, clock);
    for (int path = 0; path < paths.size(); path++) {
      int number = path;
      Path way = paths.get(path);
      link.threads.run("dial-" + number, () -> link.entrance.dial(number, way));
    }
    link.start();
    return link;
  }

  /**
   * The end that is connected to.
   *
   * @param paths how many the other end may have
   * @param listeners where they come in, one for each address; closed with the link
   * @param clock nanoseconds that only go forward
   */
  public static MultiPathLink listen(
      LinkSettings settings,
      int paths,
      List<? extends PathListener> listeners,
      MessageHandler handler,
      LongSupplier clock) {
    MultiPathLink link = new MultiPathLink(settings, paths, List.copyOf(listeners), handler, clock);
    for (PathListener listener : link.listeners) {
      link.threads.run("accept", () -> link.entrance.accept(listener));
    }
    link.start();
    return link;
  }

  private void start() {
    threads.run("deliver", delivery::run);
    threads.run("tick", this::watchTime);
  }

  private void fail(Throwable broken) {
    junction.failLocked(broken);
    close();
  }

  /**
   * Sends a message. Waits while the other end has not been reached yet, or has as many bytes
   * unread as it allows. When this returns the message is under way, not there.
   *
   * @param message from its position to its limit; nobody may change it any more, it is not copied
   */
  public void send(ByteBuffer message) throws InterruptedException, IOException {
    CodeChoice.Cut cut = awaitRoom(message.remaining());
    List<ByteBuffer> parity = List.of();
    if (cut.shape().parity() > 0) {
      coding.lockInterruptibly();
      try {
        parity = parityCoder.parity(message.duplicate(), cut.shape());
      } finally {
        coding.unlock();
      }
    }
    admit(message.duplicate(), parity, cut);
  }

  private CodeChoice.Cut awaitRoom(int messageBytes) throws InterruptedException, IOException {
    junction.lock.lockInterruptibly();
    try {
      junction.requireOpen();
      while (junction.peer().isEmpty() || !junction.fits(messageBytes)) {
        junction.room.await();
        junction.requireOpen();
      }
      if (messageBytes > junction.peerMessageBytesMax()) {
        throw new IllegalArgumentException(
            "a message of %d bytes, the other end takes %d. Maybe send it in parts?"
                .formatted(messageBytes, junction.peerMessageBytesMax()));
      }
      return junction.dispatch.cut(messageBytes, junction.now());
    } finally {
      junction.lock.unlock();
    }
  }

  /** With one path the caller writes what it can; with several it must not wait for one of them. */
  private void admit(ByteBuffer message, List<ByteBuffer> parity, CodeChoice.Cut cut)
      throws InterruptedException, LinkClosedException {
    Optional<Seat> only;
    Optional<Connection> connection;
    junction.lock.lockInterruptibly();
    try {
      junction.requireOpen();
      junction.dispatch.admit(message, parity, cut, junction.now());
      only = writer.tryBegin();
      connection = only.flatMap(Seat::connection);
      if (only.isEmpty()) {
        junction.wakeWriters();
      }
    } finally {
      junction.lock.unlock();
    }
    if (only.isPresent() && connection.isPresent()) {
      writer.writeOut(connection.get(), only.get());
    }
  }

  /**
   * Waits until the other end's handler has dealt with everything sent; false if it took longer.
   */
  public boolean flush(Duration most) throws InterruptedException, IOException {
    long left = most.toNanos();
    junction.lock.lockInterruptibly();
    try {
      while (junction.dispatch.unreadMessages() > 0) {
        junction.requireOpen();
        if (left <= 0) {
          return false;
        }
        left = junction.room.awaitNanos(left);
      }
      return true;
    } finally {
      junction.lock.unlock();
    }
  }

  /** How things stand. */
  public LinkState state() {
    junction.lock.lock();
    try {
      return new LinkState(
          junction.peer(),
          junction.dispatch.state(junction.now()),
          junction.reassembly().counts(),
          junction.seats.stream().map(Seat::story).toList());
    } finally {
      junction.lock.unlock();
    }
  }

  // ---- reading

  private void serve(Connection connection, int number) {
    Seat seat = junction.seats.get(number);
    threads.run("write-" + number, () -> writer.writeAll(connection, seat));
    threads.run("read-" + number, () -> readAll(connection, seat));
  }

  /** Reads until the connection breaks, or another thread has taken that over. */
  private void readAll(Connection connection, Seat seat) throws InterruptedException {
    Thread self = Thread.currentThread();
    readBy(connection, seat, self);
    String why = "closed";
    boolean reads = true;
    try {
      while (reads) {
        if (handle(connection, seat, connection.read())) {
          delivery.handOver();
          reads = readsLocked(seat, self);
        }
      }
    } catch (IOException broken) {
      why = connection + ": " + broken;
    } finally {
      if (reads) {
        end(connection, seat, why);
      }
    }
  }

  private void readBy(Connection connection, Seat seat, Thread reader) {
    junction.lock.lock();
    try {
      if (seat.heldBy(connection)) {
        seat.reader(reader);
      }
    } finally {
      junction.lock.unlock();
    }
  }

  private boolean readsLocked(Seat seat, Thread reader) {
    junction.lock.lock();
    try {
      return seat.readBy(reader);
    } finally {
      junction.lock.unlock();
    }
  }

  private void end(Connection connection, Seat seat, String why) {
    connection.close();
    junction.lock.lock();
    try {
      if (seat.heldBy(connection)) {
        junction.leave(seat, why, junction.now());
      }
    } finally {
      junction.lock.unlock();
    }
  }

  /** Deals with a frame; true if the caller is to hand messages over now. */
  private boolean handle(Connection connection, Seat seat, PathFrame frame) throws IOException {
    junction.lock.lock();
    try {
      if (!seat.heldBy(connection)) {
        throw new BrokenFrameException("the path has another connection by now");
      }
      long now = junction.now();
      switch (frame) {
        case Hello hello -> throw new BrokenFrameException("a second greeting: " + hello);
        case Shard(long sequence, ShardLabel label, ByteBuffer payload) -> {
          Reassembly.Taken taken = junction.reassembly().take(label, payload, now);
          answer(seat, new Ack(sequence, taken.verdict(), 0));
          return arrived(seat, taken.completed());
        }
        case Spoilt(long sequence) -> speak(seat, new Ack(sequence, Verdict.CORRUPT, 0));
        case Probe(long sequence) -> speak(seat, new Ack(sequence, Verdict.ARRIVED, 0));
        case Ack(long sequence, Verdict verdict, long heldNanos) -> {
          junction.dispatch.acked(seat.number(), sequence, verdict, heldNanos, now);
          if (junction.dispatch.groupsOpen() > 0) {
            junction.wakeWriters();
          }
        }
        case Status(long readBelow, long completeBelow, long completeAbove) -> {
          junction.dispatch.status(readBelow, completeBelow, completeAbove);
          junction.room.signalAll();
        }
      }
      return false;
    } finally {
      junction.lock.unlock();
    }
  }

  /** What the other end waits for can wait for the handler: as long as a tick, no longer. */
  private boolean arrived(Seat seat, boolean completed) {
    if (!completed) {
      seat.work().signal();
      return false;
    }
    junction.oweStatus();
    if (junction.reassembly().poll().isPresent() && delivery.tryBegin(seat)) {
      return true;
    }
    junction.wakeWriters();
    return false;
  }

  private static void speak(Seat seat, PathFrame frame) throws BrokenFrameException {
    answer(seat, frame);
    seat.work().signal();
  }

  private static void answer(Seat seat, PathFrame frame) throws BrokenFrameException {
    if (!seat.answer(frame)) {
      throw new BrokenFrameException("the other end sends and does not listen");
    }
  }

  // ---- time

  private void watchTime() throws InterruptedException {
    while (!junction.closedLocked()) {
      junction.restLocked(TICK_NANOS);
      junction.lock.lockInterruptibly();
      try {
        tick(junction.now());
      } finally {
        junction.lock.unlock();
      }
    }
  }

  private void tick(long now) {
    junction.dispatch.tick(now);
    long silence = junction.settings.silence().toNanos();
    for (Seat seat : junction.seats) {
      if (seat.connection().isPresent()) {
        if (junction.dispatch.suspectFor(seat.number(), now) > silence) {
          junction.leave(seat, "silent for " + junction.settings.silence(), now);
        } else {
          seat.oweProbe(now, junction.settings.heartbeat().toNanos());
        }
      }
      // An idle link wakes nobody but for its heartbeats.
      if (seat.owesProbe() || seat.owesAnswer() || junction.dispatch.groupsOpen() > 0) {
        seat.work().signal();
      }
    }
    delivery.stuck(now, TICK_NANOS).ifPresent(this::relieve);
    entrance.tick(now);
  }

  /** A path's reader is with a handler that takes its time: another one reads on. */
  private void relieve(Seat seat) {
    seat.relieveReader();
    seat.connection()
        .ifPresent(
            connection -> threads.run("read-" + seat.number(), () -> readAll(connection, seat)));
  }

  /** Breaks off all paths; what is under way is lost. Use {@link #flush} before. */
  @Override
  public void close() {
    junction.lock.lock();
    try {
      if (junction.closed()) {
        return;
      }
      junction.shut();
      entrance.close();
    } finally {
      junction.lock.unlock();
    }
    listeners.forEach(PathListener::close);
    threads.end();
  }
}
