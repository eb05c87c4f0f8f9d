package io.penumbra.adapter.traffic.gateway;

import io.penumbra.adapter.traffic.gateway.frame.Request;
import io.penumbra.sync.requestlog.ConnectionId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the VM was told after a quiet cut, in order, and what it answered: enough to tell a copy of
 * that epoch the same. Loop's thread, until it is taken out.
 */
final class Recording {

  private final long epoch;
  private final Map<ConnectionId, List<Request>> states;
  private final int requestsMax;
  private final long bytesMax;
  private final List<Line> lines = new ArrayList<>();
  private long bytes;
  private long tick;
  private boolean closed;
  private String cutShort = "";

  /**
   * Begins.
   *
   * @param epoch the cut, at which nothing was under way
   * @param states what to tell a new connection so that it stands where each one stood then
   */
  Recording(long epoch, Map<ConnectionId, List<Request>> states, int requestsMax, long bytesMax) {
    this.epoch = epoch;
    this.states = new LinkedHashMap<>(states);
    this.requestsMax = requestsMax;
    this.bytesMax = bytesMax;
  }

  long epoch() {
    return epoch;
  }

  List<Line> lines() {
    return lines;
  }

  List<Request> state(ConnectionId connection) {
    return states.getOrDefault(connection, List.of());
  }

  /** Why it ends before its time; empty if it doesn't. */
  String cutShort() {
    return cutShort;
  }

  /** A request is on its way to the VM. */
  void told(Exchange exchange) {
    Request request = exchange.request;
    boolean orderly =
        switch (request.nature()) {
          case ONCE, REPEATABLE, CONNECTION, OPEN_TRANSACTION, CLOSE_TRANSACTION, WATCH, RESET ->
              true;
          case BLOCKING, UPGRADE, OPAQUE, LAST -> false;
        };
    if (!orderly) {
      end(request.slot() + " was asked for, which has no place in an order");
    } else if (lines.size() >= requestsMax) {
      end("more than %d requests".formatted(requestsMax));
    } else if (cutShort.isEmpty()) {
      exchange.listen(line(exchange.session.id, request));
    }
  }

  Line line(ConnectionId connection, Request request) {
    Line line = new Line(this, lines.size() + 1L, connection, request, ++tick);
    lines.add(line);
    count(request.bytes().length);
    return line;
  }

  /** Nothing more is kept: another thread compares it now, or nobody ever will. */
  void close() {
    closed = true;
  }

  private void count(long more) {
    bytes += more;
    if (bytes > bytesMax) {
      end("more than %d bytes".formatted(bytesMax));
    }
  }

  /** Nothing after this is told to the copy. */
  void end(String why) {
    if (cutShort.isEmpty()) {
      cutShort = why;
    }
  }

  /** One request, and its answer. */
  static final class Line {

    final long number;
    final ConnectionId connection;
    final Request request;
    final long began;
    final AnswerBytes answer = new AnswerBytes();

    /** When its answer was whole; 0 if it never was. */
    long ended;

    private final Recording recording;

    Line(Recording recording, long number, ConnectionId connection, Request request, long began) {
      this.recording = recording;
      this.number = number;
      this.connection = connection;
      this.request = request;
      this.began = began;
    }

    /**
     * Takes a part of the answer. It counts at once: an answer may have no end.
     *
     * @return whether more of it is of use
     */
    boolean take(byte[] bytes, int from, int count, boolean distinctive) {
      if (recording.closed) {
        return false;
      }
      int before = answer.size();
      answer.take(bytes, from, count, distinctive);
      recording.count(answer.size() - before);
      if (recording.bytes > recording.bytesMax) {
        answer.drop();
        return false;
      }
      return true;
    }

    /** The answer is whole. */
    void answered() {
      if (!recording.closed) {
        ended = ++recording.tick;
      }
    }

    /** The answer comes from elsewhere, or never. */
    void drop() {
      if (!recording.closed) {
        answer.drop();
      }
    }

    boolean isAnswered() {
      return ended > 0;
    }

    /** Whether both were under way at once, so that nobody knows which the VM did first. */
    boolean crosses(Line other) {
      long end = isAnswered() ? ended : Long.MAX_VALUE;
      long otherEnd = other.isAnswered() ? other.ended : Long.MAX_VALUE;
      return !connection.equals(other.connection) && began < otherEnd && other.began < end;
    }
  }
}
