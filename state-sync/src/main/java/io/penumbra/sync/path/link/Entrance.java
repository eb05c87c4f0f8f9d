package io.penumbra.sync.path.link;

import io.penumbra.sync.path.PathId;
import io.penumbra.sync.path.wire.PathFrame.Hello;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How connections come about: one end dials each path again and again, the other takes who comes;
 * both greet, and only who greets rightly is let in. Who doesn't say who it is can't stay.
 */
final class Entrance {

  /** So many connections may be open that have not said who they are. */
  private static final int STRANGERS_MAX = 4 * PathId.PATHS_MAX;

  private static final long ACCEPT_PAUSE_NANOS = 10_000_000;

  private final Junction junction;
  private final LinkThreads threads;
  private final Host host;

  /** Connections that have not said who they are, and since when. */
  private final Map<Connection, Long> strangers = new LinkedHashMap<>();

  Entrance(Junction junction, LinkThreads threads, Host host) {
    this.junction = junction;
    this.threads = threads;
    this.host = host;
  }

  /** Keeps a path connected as long as the link lives. */
  void dial(int number, Path way) throws InterruptedException {
    long most = junction.settings.reconnectMax().toNanos();
    long first = Math.max(1, most / 40);
    long pause = first;
    while (!junction.closedLocked()) {
      Optional<Connection> connection = connect(number, way);
      if (connection.isPresent() && greet(connection.get(), number)) {
        pause = first;
        host.serve(connection.get(), number);
        junction.awaitEndLocked(junction.seats.get(number), connection.get());
      }
      junction.restLocked(pause);
      pause = Math.min(2 * pause, most);
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
    junction.lock.lock();
    try {
      junction.seats.get(number).failed(story);
    } finally {
      junction.lock.unlock();
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

  /** Takes whoever comes, as long as the link lives. */
  void accept(PathListener listener) throws InterruptedException {
    while (!junction.closedLocked()) {
      try {
        Connection connection = listener.accept();
        threads.run("accepted", () -> welcome(connection));
      } catch (IOException failed) {
        // A connection that was gone before it was accepted, or no descriptors: it may get better.
        junction.restLocked(ACCEPT_PAUSE_NANOS);
      }
    }
  }

  private void welcome(Connection connection) {
    Optional<Hello> hello = exchangeHellos(connection, 0);
    if (hello.isPresent() && admit(connection, hello.get())) {
      host.serve(connection, hello.get().path());
    } else {
      connection.close();
    }
  }

  private Optional<Hello> exchangeHellos(Connection connection, int number) {
    if (!note(connection)) {
      return Optional.empty();
    }
    LinkSettings settings = junction.settings;
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
    junction.lock.lock();
    try {
      if (junction.closed() || strangers.size() >= STRANGERS_MAX) {
        return false;
      }
      strangers.put(stranger, junction.now());
      return true;
    } finally {
      junction.lock.unlock();
    }
  }

  private void forget(Connection stranger) {
    junction.lock.lock();
    try {
      strangers.remove(stranger);
    } finally {
      junction.lock.unlock();
    }
  }

  /** Sends those away who don't say who they are. The caller has the lock. */
  void tick(long now) {
    long silence = junction.settings.silence().toNanos();
    strangers.forEach((stranger, since) -> {
      if (now - since > silence) {
        stranger.close();
      }
    });
  }

  /** Sends all away. The caller has the lock. */
  void close() {
    strangers.keySet().forEach(Connection::close);
  }

  /** Gives a connection its path's seat, unless it is another link's or an older peer's. */
  private boolean admit(Connection connection, Hello hello) {
    junction.lock.lock();
    try {
      if (junction.closed() || hello.path() < 0 || hello.path() >= junction.seats.size()) {
        return false;
      }
      Seat seat = junction.seats.get(hello.path());
      Optional<String> objection = objection(hello);
      if (objection.isPresent()) {
        seat.failed(connection + " " + objection.get());
        return false;
      }
      long now = junction.now();
      if (junction.peer().isEmpty() || hello.incarnation() > junction.peer().getAsLong()) {
        junction.meet(hello, now);
      }
      junction.leave(seat, "replaced by " + connection, now);
      seat.taken(connection, now);
      junction.dispatch.pathUp(hello.path(), now);
      junction.wakeWriters();
      return true;
    } finally {
      junction.lock.unlock();
    }
  }

  private Optional<String> objection(Hello hello) {
    if (hello.link() != junction.settings.link()) {
      return Optional.of(
          "is for link %d, this is link %d".formatted(hello.link(), junction.settings.link()));
    }
    if (junction.peer().isPresent() && hello.incarnation() < junction.peer().getAsLong()) {
      return Optional.of(
          "is of incarnation %d, but %d has been here"
              .formatted(hello.incarnation(), junction.peer().getAsLong()));
    }
    return Optional.empty();
  }

  /** Serves a connection that was let in. */
  @FunctionalInterface
  interface Host {
    void serve(Connection connection, int number);
  }
}
