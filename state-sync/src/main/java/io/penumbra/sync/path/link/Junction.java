package io.penumbra.sync.path.link;

import io.penumbra.sync.erasure.GaloisKernel;
import io.penumbra.sync.path.Dispatch;
import io.penumbra.sync.path.EarliestArrival;
import io.penumbra.sync.path.GroupCoder;
import io.penumbra.sync.path.PathId;
import io.penumbra.sync.path.Reassembly;
import io.penumbra.sync.path.wire.PathFrame.Hello;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * What the threads of a link share, and the lock that guards it: the two cores, a seat for each
 * path, and who the other end is. Methods whose name does not end in {@code Locked} take no lock;
 * they are called by who has it.
 */
final class Junction {

  final LinkSettings settings;
  final LongSupplier clock;
  final ReentrantLock lock = new ReentrantLock();

  /** Senders wait here for room at the other end. */
  final Condition room = lock.newCondition();

  /** Who hands messages over waits here. */
  final Condition arrivals = lock.newCondition();

  /** Who rests waits here, so that closing wakes it. */
  final Condition ticks = lock.newCondition();

  final List<Seat> seats;
  final Dispatch dispatch;
  private final GaloisKernel kernel = GaloisKernel.best();

  private Reassembly reassembly;
  private OptionalLong peer = OptionalLong.empty();
  private boolean peerUnannounced;
  private int peerMessageBytesMax;
  private long peerWindowBytes;
  private boolean closed;
  private Optional<Throwable> failure = Optional.empty();

  Junction(LinkSettings settings, int paths, LongSupplier clock) {
    if (paths < 1 || paths > PathId.PATHS_MAX) {
      throw new IllegalArgumentException(
          "a link has 1 to %d paths, not %d".formatted(PathId.PATHS_MAX, paths));
    }
    this.settings = settings;
    this.clock = clock;
    reassembly = newReassembly();
    dispatch = new Dispatch(paths, settings.code(), new EarliestArrival(), clock.getAsLong());
    seats =
        IntStream.range(0, paths).mapToObj(path -> new Seat(path, lock.newCondition())).toList();
  }

  GroupCoder newCoder() {
    return new GroupCoder(kernel);
  }

  private Reassembly newReassembly() {
    return new Reassembly(newCoder(), settings.messageBytesMax(), settings.windowBytes());
  }

  long now() {
    return clock.getAsLong();
  }

  Reassembly reassembly() {
    return reassembly;
  }

  OptionalLong peer() {
    return peer;
  }

  int peerMessageBytesMax() {
    return peerMessageBytesMax;
  }

  /** Whether the other end has room for a message, as far as it is known. */
  boolean fits(int messageBytes) {
    return dispatch.unreadMessages() == 0
        || (dispatch.unreadMessages() < Reassembly.GROUPS_MAX / 2
            && dispatch.unreadBytes() + messageBytes <= peerWindowBytes);
  }

  boolean peerWaits() {
    return peerUnannounced;
  }

  /** The peer that its handler has not been told of, once. */
  OptionalLong takeUnannounced() {
    OptionalLong unannounced = peerUnannounced ? peer : OptionalLong.empty();
    peerUnannounced = false;
    return unannounced;
  }

  /** The other end has started, for the first time or anew: nothing from before counts. */
  void meet(Hello hello, long now) {
    for (Seat seat : seats) {
      leave(seat, "the other end started anew", now);
    }
    dispatch.restart(now);
    reassembly = newReassembly();
    peer = OptionalLong.of(hello.incarnation());
    peerUnannounced = true;
    peerMessageBytesMax = hello.messageBytesMax();
    peerWindowBytes = hello.windowBytes();
    arrivals.signalAll();
    room.signalAll();
  }

  /** A path's connection is given up. */
  void leave(Seat seat, String why, long now) {
    seat.connection()
        .ifPresent(connection -> {
          connection.close();
          seat.vacated(why);
          dispatch.pathDown(seat.number(), now);
          ticks.signalAll();
          wakeWriters();
        });
  }

  void wakeWriters() {
    for (Seat seat : seats) {
      seat.work().signal();
    }
  }

  /** Every path is to say what has arrived and what was read, as none is sure to get through. */
  void oweStatus() {
    for (Seat seat : seats) {
      seat.oweStatus();
    }
  }

  boolean closed() {
    return closed;
  }

  boolean closedLocked() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  /** Notes why the link can't go on; the first reason counts. */
  void failLocked(Throwable broken) {
    lock.lock();
    try {
      if (failure.isEmpty() && !closed) {
        failure = Optional.of(broken);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Closes all seats and wakes everybody. */
  void shut() {
    closed = true;
    long now = now();
    seats.forEach(seat -> leave(seat, "this end was closed", now));
    room.signalAll();
    arrivals.signalAll();
    ticks.signalAll();
    wakeWriters();
  }

  void requireOpen() throws LinkClosedException {
    if (closed) {
      LinkClosedException refusal = new LinkClosedException();
      failure.ifPresent(refusal::initCause);
      throw refusal;
    }
  }

  /** Waits so long, or until the link is closed. */
  void restLocked(long nanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = nanos;
      long until = now() + nanos;
      while (left > 0 && !closed) {
        ticks.awaitNanos(left);
        left = until - now();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Waits until a path has another connection or none. */
  void awaitEndLocked(Seat seat, Connection connection) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (seat.heldBy(connection) && !closed) {
        ticks.await();
      }
    } finally {
      lock.unlock();
    }
  }
}
