package io.penumbra.adapter.traffic.gateway;

import io.penumbra.adapter.traffic.gateway.Recording.Line;
import io.penumbra.adapter.traffic.gateway.frame.Framer.Progress;
import io.penumbra.adapter.traffic.gateway.frame.Request;
import io.penumbra.adapter.traffic.gateway.frame.ResponseFramer;
import io.penumbra.sync.requestlog.ConnectionId;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Tells a copy of the VM what the VM was told since an epoch: one request at a time, in the order
 * in which the VM was told them, on a connection for each client. And compares the answers.
 */
final class Rehearing implements AutoCloseable {

  private static final int DIFFERENCES_MAX = 20;
  private static final int CONNECTIONS_MAX = 1_000;

  private final Recording recording;
  private final Protocol protocol;
  private final InetSocketAddress copy;
  private final int patienceMillis;
  private final long until;
  private final Map<ConnectionId, Stand> connections = new LinkedHashMap<>();
  private final Stability stability;
  private final List<Comparison.Difference> differences = new ArrayList<>();
  private long told;
  private long compared;
  private long unstable;
  private long differing;

  private Rehearing(
      Recording recording, Protocol protocol, InetSocketAddress copy, Duration patience) {
    this.recording = recording;
    this.protocol = protocol;
    this.copy = copy;
    this.patienceMillis = Math.toIntExact(patience.toMillis());
    this.until = System.nanoTime() + Comparison.within(patience).toNanos();
    this.stability = new Stability(recording.lines(), protocol);
  }

  /**
   * Does all of that.
   *
   * @param patience with each answer of the copy
   */
  static Comparison of(
      Recording recording, Protocol protocol, InetSocketAddress copy, Duration patience) {
    long began = System.nanoTime();
    try (Rehearing rehearing = new Rehearing(recording, protocol, copy, patience)) {
      String cutShort = recording.cutShort();
      for (Line line : recording.lines()) {
        if (rehearing.millisLeft() <= 0) {
          cutShort = "the copy took more than " + Comparison.within(patience);
          break;
        }
        rehearing.tell(line);
      }
      return new Comparison.Done(
          recording.epoch(),
          rehearing.told,
          rehearing.compared,
          rehearing.unstable,
          rehearing.differing,
          rehearing.differences,
          cutShort,
          (System.nanoTime() - began) / 1_000);
    } catch (IOException e) {
      return new Comparison.Refused("the copy at %s: %s".formatted(copy, e.getMessage()));
    }
  }

  private long millisLeft() {
    return (until - System.nanoTime()) / 1_000_000;
  }

  private void tell(Line line) throws IOException {
    byte[] answer = connection(line.connection).ask(line.request);
    told++;
    if (!line.isAnswered()) {
      // Nobody knows what the VM would have said; but it may have been done.
      return;
    }
    compared++;
    byte[] first = line.answer.toBytes();
    if (!Arrays.equals(first, answer)) {
      if (stability.mayDiffer(line, first, answer)) {
        unstable++;
      } else {
        differing++;
        note(line, first, answer);
      }
    }
  }

  private void note(Line line, byte[] first, byte[] answer) {
    if (differences.size() >= DIFFERENCES_MAX) {
      return;
    }
    long bytes = 0;
    int common = Math.min(first.length, answer.length);
    for (int i = 0; i < common; i++) {
      bytes += first[i] == answer[i] ? 0 : 1;
    }
    int at = Arrays.mismatch(first, answer);
    differences.add(
        new Comparison.Difference(
            line.number, line.request.slot(), first.length, answer.length, at, bytes));
  }

  private Stand connection(ConnectionId id) throws IOException {
    Stand known = connections.get(id);
    if (known == null) {
      if (connections.size() == CONNECTIONS_MAX) {
        throw new IOException("more than %d clients to stand for".formatted(CONNECTIONS_MAX));
      }
      known = new Stand();
      connections.put(id, known);
      for (Request request : recording.state(id)) {
        known.ask(request);
      }
    }
    return known;
  }

  @Override
  public void close() {
    connections.values().forEach(Stand::close);
  }

  /** A connection to the copy that stands for a client's. */
  private final class Stand {

    private final Socket socket = new Socket();
    private final ResponseFramer framer = protocol.responses();
    private final ByteQueue in = new ByteQueue();
    private final byte[] some = new byte[16 << 10];

    Stand() throws IOException {
      socket.connect(copy, patienceMillis);
      socket.setTcpNoDelay(true);
    }

    byte[] ask(Request request) throws IOException {
      socket.getOutputStream().write(request.bytes());
      socket.getOutputStream().flush();
      while (true) {
        framer.reset();
        framer.answering(request);
        byte[] message = message();
        if (!framer.unasked()) {
          return message;
        }
      }
    }

    private byte[] message() throws IOException {
      AnswerBytes answer = new AnswerBytes();
      while (framer.progress() == Progress.OPEN) {
        if (in.isEmpty() && !fill()) {
          if (framer.endsWithConnection()) {
            return answer.toBytes();
          }
          throw new EOFException("it closed the connection in the middle of an answer");
        }
        int end = framer.feed(in.array(), in.head(), in.tail());
        answer.take(in.array(), in.head(), end - in.head(), framer.distinctive());
        in.skip(end - in.head());
      }
      if (framer.progress() == Progress.BROKEN) {
        throw new IOException("its answer is no valid message: " + framer.complaint());
      }
      return answer.toBytes();
    }

    private boolean fill() throws IOException {
      // A copy that sends a byte now and then would else never exhaust the patience.
      socket.setSoTimeout(Math.clamp(millisLeft(), 1, patienceMillis));
      if (millisLeft() <= 0) {
        throw new SocketTimeoutException("it takes too long in the middle of an answer");
      }
      int count = socket.getInputStream().read(some);
      if (count > 0) {
        in.append(some, 0, count);
      }
      return count > 0;
    }

    void close() {
      try {
        socket.close();
      } catch (IOException e) {
        // It is gone either way.
      }
    }
  }
}
