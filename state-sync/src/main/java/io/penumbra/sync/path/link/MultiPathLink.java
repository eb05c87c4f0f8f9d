package io.penumbra.sync.path.link;

import io.penumbra.sync.erasure.GaloisKernel;
import io.penumbra.sync.path.CodeChoice;
import io.penumbra.sync.path.Dispatch;
import io.penumbra.sync.path.EarliestArrival;
import io.penumbra.sync.path.GroupCoder;
import io.penumbra.sync.path.PathId;
import io.penumbra.sync.path.Reassembly;
import io.penumbra.sync.path.ShardLabel;
import io.penumbra.sync.path.Verdict;
import io.penumbra.sync.path.wire.BrokenFrameException;
import io.penumbra.sync.path.wire.FrameCodec;
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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * Whole messages to and from the other host, over as many paths as there are. Messages arrive in
 * the order in which they were sent, each once, as long as both ends live; a path may be cut, slow
 * down, spoil bytes or come back at any time. When the other end starts anew, what was under way is
 * gone, and the handler is told.
 *
 * <p>One end dials each path, the other listens. Two threads serve each path, so that neither waits
 * for the other; one hands messages to the handler, one watches the time.
 */
public final class MultiPathLink implements AutoCloseable {

  private static final long TICK_NANOS = 10_000_000;

  /** So many connections may be open that have not said who they are. */
  private static final int STRANGERS_MAX = 4 * PathId.PATHS_MAX;

  /** How long a handler may take to notice that the link is closed. */
  private static final Duration CLOSE_PATIENCE = Duration.ofMillis(200);

  private final LinkSettings settings;
  private final MessageHandler handler;
  private final LongSupplier clock;
  private final List<PathListener> listeners;
  private final List<Thread> threads = new ArrayList<>();

  /** Guards everything below, the cores included. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition room = lock.newCondition();
  private final Condition arrivals = lock.newCondition();
  private final Condition ticks = lock.newCondition();
  private final List<Seat> seats;
  private final Dispatch dispatch;
  private final GaloisKernel kernel;

  /** Connections that have not said who they are, and since when. */
  private final Map<Connection, Long> strangers = new LinkedHashMap<>();

  private Reassembly reassembly;
  private OptionalLong peer = OptionalLong.empty();
  private boolean peerUnannounced;
  private int peerMessageBytesMax;
  private long peerWindowBytes;
  private boolean closed;
  private Optional<Throwable> failure = Optional.empty();

  /** Parity is computed outside the main lock, by one sender at a time. */
  private final ReentrantLock coding = new ReentrantLock();

  private final GroupCoder parityCoder;

  private MultiPathLink(
      LinkSettings settings,
      int paths,
      List<PathListener> listeners,
      MessageHandler handler,
      LongSupplier clock) {
    if (paths < 1 || paths > PathId.PATHS_MAX) {
      throw new IllegalArgumentException(
          "a link has 1 to %d paths, not %d".formatted(PathId.PATHS_MAX, paths));
    }
    this.settings = settings;
    this.handler = handler;
    this.clock = clock;
    this.listeners = List.copyOf(listeners);
    kernel = GaloisKernel.best();
    parityCoder = new GroupCoder(kernel);
    reassembly = newReassembly();
    dispatch = new Dispatch(paths, settings.code(), new EarliestArrival(), clock.getAsLong());
    seats =
        IntStream.range(0, paths).mapToObj(path -> new Seat(path, lock.newCondition())).toList();
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
      link.run("dial-" + number, () -> link.keepConnected(number, way));
    }
    link.serve();
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
      link.run("accept", () -> link.acceptAll(listener));
    }
    link.serve();
    return link;
  }

  private void serve() {
    run("deliver", this::deliverAll);
    run("tick", this::watchTime);
  }

  private void run(String name, Work work) {
    Thread thread =
        Thread.ofPlatform()
            .name("path-" + name)
            .daemon()
            .unstarted(() -> {
              try {
                work.run();
              } catch (InterruptedException stopped) {
                // The link was closed; there is nobody to tell.
                Thread.currentThread().interrupt();
              } catch (RuntimeException | Error broken) {
                fail(broken);
              }
            });
    lock.lock();
    try {
      if (closed) {
        return;
      }
      threads.removeIf(other -> other.getState() == Thread.State.TERMINATED);
      threads.add(thread);
      thread.start();
    } finally {
      lock.unlock();
    }
  }

  private void fail(Throwable broken) {
    lock.lock();
    try {
      if (failure.isEmpty() && !closed) {
        failure = Optional.of(broken);
      }
    } finally {
      lock.unlock();
    }
    close();
  }

  private Reassembly newReassembly() {
    return new Reassembly(
        new GroupCoder(kernel), settings.messageBytesMax(), settings.windowBytes());
  }

  /**
   * Sends a message. Waits while the other end has not been reached yet, or has as many bytes
   * unread as it allows. When this returns the message is under way, not there.
   *
   * @param message from its position to its limit; nobody may change it any more, it is not copied
   */
  public void send(ByteBuffer message) throws InterruptedException, IOException {
    ByteBuffer bytes = message.asReadOnlyBuffer();
    CodeChoice.Cut cut = awaitRoom(bytes.remaining());
    List<ByteBuffer> parity;
    coding.lockInterruptibly();
    try {
      parity = parityCoder.parity(message.duplicate(), cut.shape());
    } finally {
      coding.unlock();
    }
    lock.lockInterruptibly();
    try {
      requireOpen();
      dispatch.admit(bytes, parity, cut, clock.getAsLong());
      wakeWriters();
    } finally {
      lock.unlock();
    }
  }

  private CodeChoice.Cut awaitRoom(int messageBytes) throws InterruptedException, IOException {
    lock.lockInterruptibly();
    try {
      requireOpen();
      while (peer.isEmpty() || !fits(messageBytes)) {
        room.await();
        requireOpen();
      }
      if (messageBytes > peerMessageBytesMax) {
        throw new IllegalArgumentException(
            "a message of %d bytes, the other end takes %d. Maybe send it in parts?"
                .formatted(messageBytes, peerMessageBytesMax));
      }
      return dispatch.cut(messageBytes, clock.getAsLong());
    } finally {
      lock.unlock();
    }
  }

  private boolean fits(int messageBytes) {
    return dispatch.unreadMessages() == 0
        || (dispatch.unreadMessages() < Reassembly.GROUPS_MAX / 2
            && dispatch.unreadBytes() + messageBytes <= peerWindowBytes);
  }

  /**
   * Waits until the other end's handler has dealt with everything sent; false if it took longer.
   */
  public boolean flush(Duration most) throws InterruptedException, IOException {
    long left = most.toNanos();
    lock.lockInterruptibly();
    try {
      while (dispatch.unreadMessages() > 0) {
        requireOpen();
        if (left <= 0) {
          return false;
        }
        left = room.awaitNanos(left);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void requireOpen() throws LinkClosedException {
    if (closed) {
      LinkClosedException refusal = new LinkClosedException();
      failure.ifPresent(refusal::initCause);
      throw refusal;
    }
  }

  /** How things stand. */
  public LinkState state() {
    lock.lock();
    try {
      return new LinkState(
          peer,
          dispatch.state(clock.getAsLong()),
          reassembly.counts(),
          seats.stream().map(Seat::story).toList());
    } finally {
      lock.unlock();
    }
  }

  // ---- connecting

  private void keepConnected(int number, Path way) throws InterruptedException {
    long first = Math.max(1, settings.reconnectMax().toNanos() / 40);
    long pause = first;
    while (!isClosed()) {
      Optional<Connection> connection = connect(number, way);
      if (connection.isPresent() && greet(connection.get(), number)) {
        pause = first;
        readAll(connection.get(), number);
      }
      rest(pause);
      pause = Math.min(2 * pause, settings.reconnectMax().toNanos());
    }
  }

  private Optional<Connection> connect(int number, Path way) {
    try {
      return Optional.of(way.connect());
    } catch (IOException failed) {
      tell(number, way + ": " + failed);
      return Optional.empty();
    }
  }

  private void tell(int number, String story) {
    lock.lock();
    try {
      seats.get(number).failed(story);
    } finally {
      lock.unlock();
    }
  }

  private void rest(long nanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = nanos;
      while (left > 0 && !closed) {
        left = ticks.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  private void acceptAll(PathListener listener) throws InterruptedException {
    while (!isClosed()) {
      try {
        Connection connection = listener.accept();
        run("accepted", () -> serveAccepted(connection));
      } catch (IOException failed) {
        // A connection that was gone before it was accepted, or no descriptors: it may get better.
        rest(TICK_NANOS);
      }
    }
  }

  private void serveAccepted(Connection connection) {
    Optional<Hello> hello = exchangeHellos(connection, 0);
    if (hello.isPresent() && admit(connection, hello.get())) {
      readAll(connection, hello.get().path());
    } else {
      connection.close();
    }
  }

  private boolean greet(Connection connection, int number) {
    Optional<Hello> hello = exchangeHellos(connection, number);
    if (hello.isPresent()) {
      Hello said = hello.get();
      Hello ours =
          new Hello(
              said.link(), said.incarnation(), number, said.messageBytesMax(), said.windowBytes());
      if (admit(connection, ours)) {
        return true;
      }
    }
    connection.close();
    return false;
  }

  private Optional<Hello> exchangeHellos(Connection connection, int number) {
    if (!note(connection)) {
      return Optional.empty();
    }
    try {
      connection.write(
          new Hello(
              settings.link(),
              settings.incarnation(),
              number,
              settings.messageBytesMax(),
              settings.windowBytes()));
      return connection.read() instanceof Hello hello ? Optional.of(hello) : Optional.empty();
    } catch (IOException failed) {
      tell(number, connection + ": " + failed);
      return Optional.empty();
    } finally {
      forget(connection);
    }
  }

  /** Remembers a connection until it has said who it is; false when there are too many already. */
  private boolean note(Connection stranger) {
    lock.lock();
    try {
      if (closed || strangers.size() >= STRANGERS_MAX) {
        return false;
      }
      strangers.put(stranger, clock.getAsLong());
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void forget(Connection stranger) {
    lock.lock();
    try {
      strangers.remove(stranger);
    } finally {
      lock.unlock();
    }
  }

  /** Gives a connection its path's seat, unless it is another link's or an older peer's. */
  private boolean admit(Connection connection, Hello hello) {
    lock.lock();
    try {
      if (closed || hello.path() < 0 || hello.path() >= seats.size()) {
        return false;
      }
      Seat seat = seats.get(hello.path());
      if (hello.link() != settings.link()) {
        seat.failed(
            "%s is for link %d, this is link %d"
                .formatted(connection, hello.link(), settings.link()));
        return false;
      }
      if (peer.isPresent() && hello.incarnation() < peer.getAsLong()) {
        seat.failed(
            "%s is of incarnation %d, but %d has been here"
                .formatted(connection, hello.incarnation(), peer.getAsLong()));
        return false;
      }
      long now = clock.getAsLong();
      if (peer.isEmpty() || hello.incarnation() > peer.getAsLong()) {
        meet(hello, now);
      }
      leave(seat, "replaced by " + connection, now);
      seat.taken(connection, now);
      dispatch.pathUp(hello.path(), now);
      run("write-" + hello.path(), () -> writeAll(connection, seat));
      wakeWriters();
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void meet(Hello hello, long now) {
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

  private void leave(Seat seat, String why, long now) {
    seat.connection()
        .ifPresent(connection -> {
          connection.close();
          seat.vacated(why);
          dispatch.pathDown(seat.number(), now);
          wakeWriters();
        });
  }

  // ---- reading

  private void readAll(Connection connection, int number) {
    String why = "closed";
    try {
      while (true) {
        handle(connection, number, connection.read());
      }
    } catch (IOException broken) {
      why = connection + ": " + broken;
    } finally {
      connection.close();
      lock.lock();
      try {
        Seat seat = seats.get(number);
        if (seat.heldBy(connection)) {
          leave(seat, why, clock.getAsLong());
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private void handle(Connection connection, int number, PathFrame frame) throws IOException {
    lock.lock();
    try {
      Seat seat = seats.get(number);
      if (!seat.heldBy(connection)) {
        throw new BrokenFrameException("the path has another connection by now");
      }
      long now = clock.getAsLong();
      switch (frame) {
        case Hello hello -> throw new BrokenFrameException("a second greeting: " + hello);
        case Shard(long sequence, ShardLabel label, ByteBuffer payload) ->
            answer(seat, new Ack(sequence, take(label, payload), 0));
        case Spoilt(long sequence) -> answer(seat, new Ack(sequence, Verdict.CORRUPT, 0));
        case Probe(long sequence) -> answer(seat, new Ack(sequence, Verdict.ARRIVED, 0));
        case Ack(long sequence, Verdict verdict, long heldNanos) -> {
          dispatch.acked(number, sequence, verdict, heldNanos, now);
          wakeWriters();
        }
        case Status(long readBelow, long completeBelow, long completeAbove) -> {
          dispatch.status(readBelow, completeBelow, completeAbove);
          room.signalAll();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private Verdict take(ShardLabel label, ByteBuffer payload) {
    Reassembly.Taken taken = reassembly.take(label, payload);
    if (taken.completed()) {
      oweStatus();
      arrivals.signalAll();
    }
    return taken.verdict();
  }

  private void answer(Seat seat, PathFrame frame) throws BrokenFrameException {
    if (!seat.answer(frame)) {
      throw new BrokenFrameException("the other end sends and does not listen");
    }
    seat.work().signal();
  }

  private void oweStatus() {
    for (Seat seat : seats) {
      seat.oweStatus();
      seat.work().signal();
    }
  }

  // ---- writing

  private void writeAll(Connection connection, Seat seat) throws InterruptedException {
    try {
      while (true) {
        Optional<PathFrame> frame = awaitFrame(connection, seat);
        if (frame.isEmpty()) {
          return;
        }
        connection.write(frame.get());
      }
    } catch (IOException broken) {
      // The reader of the same connection sees it, too, and cleans up.
      connection.close();
    }
  }

  private Optional<PathFrame> awaitFrame(Connection connection, Seat seat)
      throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!closed && seat.heldBy(connection)) {
        Optional<PathFrame> frame = nextFrame(seat);
        if (frame.isPresent()) {
          return frame;
        }
        seat.work().await();
      }
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** Answers go before shards: the other end's forecasts, and its memory, wait for them. */
  private Optional<PathFrame> nextFrame(Seat seat) {
    Optional<PathFrame> answer = seat.nextAnswer();
    if (answer.isPresent()) {
      return answer;
    }
    if (seat.takeStatusDue()) {
      return Optional.of(
          new Status(
              reassembly.readBelow(), reassembly.completeBelow(), reassembly.completeAbove()));
    }
    long now = clock.getAsLong();
    if (seat.takeProbeDue(now)) {
      return Optional.of(new Probe(dispatch.probe(seat.number(), FrameCodec.HEADER_BYTES, now)));
    }
    return dispatch
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

  private void wakeWriters() {
    for (Seat seat : seats) {
      seat.work().signal();
    }
  }

  // ---- handing over

  private void deliverAll() throws InterruptedException {
    while (true) {
      Delivery delivery = awaitDelivery();
      switch (delivery) {
        case Delivery.PeerStarted(long incarnation) -> handler.peerStarted(incarnation);
        case Delivery.Message(Reassembly from, ByteBuffer message) -> {
          handler.message(message);
          taken(from);
        }
        case Delivery.Nothing() -> {
          return;
        }
      }
    }
  }

  private Delivery awaitDelivery() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!closed) {
        if (peerUnannounced && peer.isPresent()) {
          peerUnannounced = false;
          return new Delivery.PeerStarted(peer.getAsLong());
        }
        Optional<ByteBuffer> message = reassembly.poll();
        if (message.isPresent()) {
          return new Delivery.Message(reassembly, message.get());
        }
        arrivals.await();
      }
      return new Delivery.Nothing();
    } finally {
      lock.unlock();
    }
  }

  private void taken(Reassembly from) {
    lock.lock();
    try {
      from.read();
      oweStatus();
    } finally {
      lock.unlock();
    }
  }

  // ---- time

  private void watchTime() throws InterruptedException {
    while (!isClosed()) {
      rest(TICK_NANOS);
      lock.lockInterruptibly();
      try {
        tick(clock.getAsLong());
      } finally {
        lock.unlock();
      }
    }
  }

  private void tick(long now) {
    dispatch.tick(now);
    long silence = settings.silence().toNanos();
    for (Seat seat : seats) {
      if (seat.connection().isPresent()) {
        if (dispatch.suspectFor(seat.number(), now) > silence) {
          leave(seat, "silent for " + settings.silence(), now);
        } else {
          seat.oweProbe(now, settings.heartbeat().toNanos());
        }
      }
      // An idle link wakes nobody but for its heartbeats.
      if (seat.owesProbe() || dispatch.groupsOpen() > 0) {
        seat.work().signal();
      }
    }
    strangers.forEach((stranger, since) -> {
      if (now - since > silence) {
        stranger.close();
      }
    });
  }

  private boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  /** Breaks off all paths; what is under way is lost. Use {@link #flush} before. */
  @Override
  public void close() {
    List<Thread> running;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      long now = clock.getAsLong();
      seats.forEach(seat -> leave(seat, "this end was closed", now));
      strangers.keySet().forEach(Connection::close);
      room.signalAll();
      arrivals.signalAll();
      ticks.signalAll();
      wakeWriters();
      running = List.copyOf(threads);
    } finally {
      lock.unlock();
    }
    listeners.forEach(PathListener::close);
    end(running);
  }

  /** Addresses are free again when the threads that used them have ended. */
  private static void end(List<Thread> running) {
    Thread self = Thread.currentThread();
    List<Thread> others = running.stream().filter(thread -> !thread.equals(self)).toList();
    others.forEach(Thread::interrupt);
    try {
      for (Thread thread : others) {
        thread.join(CLOSE_PATIENCE);
      }
    } catch (InterruptedException hurried) {
      self.interrupt();
    }
  }

  /** What one of the link's threads does. */
  @FunctionalInterface
  private interface Work {
    void run() throws InterruptedException;
  }

  /** What the handler is to be told next. */
  private sealed interface Delivery {

    /** A new peer. */
    record PeerStarted(long incarnation) implements Delivery {}

    /** A message, and the reassembly that it is from. */
    record Message(Reassembly from, ByteBuffer message) implements Delivery {}

    /** The link was closed. */
    record Nothing() implements Delivery {}
  }
}
