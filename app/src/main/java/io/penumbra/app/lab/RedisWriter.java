package io.penumbra.app.lab;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A client that writes numbered keys all the time, one after the other, and remembers which were
 * acknowledged and when. A write that was not answered is tried again, on a new connection, until
 * it is: what a careful application does.
 */
final class RedisWriter implements AutoCloseable {

  private static final int PATIENCE_MILLIS = 500;
  private static final int PAUSE_MILLIS = 2;
  private static final int SAMPLES_MAX = 1 << 20;

  private final InetSocketAddress server;
  private final String prefix;
  private final int connections;
  private final List<Thread> threads = new ArrayList<>();
  private final List<Lane> lanes = new ArrayList<>();
  private volatile boolean stopping;
  private volatile boolean resting;

  /**
   * A writer that does not write yet.
   *
   * @param prefix of its keys
   * @param connections how many write at once, each its own keys
   */
  RedisWriter(InetSocketAddress server, String prefix, int connections) {
    this.server = server;
    this.prefix = prefix;
    this.connections = connections;
  }

  /** One connection and what it has written. */
  private static final class Lane {
    private final AtomicLong acked = new AtomicLong();
    private final AtomicLong retries = new AtomicLong();
    private final AtomicLong connects = new AtomicLong();
    private final AtomicLong lastAckNanos = new AtomicLong();
    private final List<Sample> samples = new ArrayList<>();

    synchronized void sample(long at, long took) {
      if (samples.size() < SAMPLES_MAX) {
        samples.add(new Sample(at, took));
      }
    }

    synchronized List<Sample> samples() {
      return List.copyOf(samples);
    }
  }

  /**
   * One acknowledged write.
   *
   * @param at when it was acknowledged, by {@code System.nanoTime}
   * @param took from when it was first sent, in nanoseconds
   */
  record Sample(long at, long took) {}

  void start() {
    for (int i = 0; i < connections; i++) {
      Lane lane = new Lane();
      lanes.add(lane);
      int number = i;
      threads.add(Thread.ofVirtual().name("writer " + i).start(() -> write(number, lane)));
    }
  }

  private void write(int number, Lane lane) {
    long next = 1;
    long began = 0;
    while (!stopping) {
      lane.connects.incrementAndGet();
      try (Connection connection = new Connection(server)) {
        while (!stopping) {
          while (resting && !stopping) {
            Thread.sleep(1);
          }
          if (began == 0) {
            began = System.nanoTime();
          }
          String reply = connection.set(key(number, next), Long.toString(next));
          if (!reply.equals("+OK")) {
            throw new IOException("SET was answered with " + reply);
          }
          long now = System.nanoTime();
          lane.sample(now, now - began);
          lane.lastAckNanos.set(now);
          lane.acked.set(next++);
          began = 0;
        }
      } catch (IOException e) {
        lane.retries.incrementAndGet();
        pause();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  String key(int lane, long number) {
    return "%s:%d:%d".formatted(prefix, lane, number);
  }

  /** Writes that were acknowledged, all connections together. */
  long acked() {
    return lanes.stream().mapToLong(lane -> lane.acked.get()).sum();
  }

  long retries() {
    return lanes.stream().mapToLong(lane -> lane.retries.get()).sum();
  }

  /** How often a connection had to be made anew; 0 when every one lasted. */
  long reconnects() {
    return lanes.stream().mapToLong(lane -> lane.connects.get() - 1).sum();
  }

  /** The first acknowledgement after a moment, by {@code System.nanoTime}; 0 if there is none. */
  long firstAckAfter(long nanos) {
    long first = 0;
    for (Lane lane : lanes) {
      for (Sample sample : lane.samples()) {
        if (sample.at() > nanos && (first == 0 || sample.at() < first)) {
          first = sample.at();
        }
      }
    }
    return first;
  }

  long lastAck() {
    return lanes.stream().mapToLong(lane -> lane.lastAckNanos.get()).max().orElse(0);
  }

  /** Every acknowledged write, oldest first. */
  List<Sample> samples() {
    return lanes.stream()
        .flatMap(lane -> lane.samples().stream())
        .sorted((a, b) -> Long.compare(a.at(), b.at()))
        .toList();
  }

  /** Stops writing between two writes, or goes on. */
  void rest(boolean pause) {
    resting = pause;
  }

  /**
   * Looks for every acknowledged key.
   *
   * @return the keys that are not there, at most so many of them named
   */
  Missing missing(InetSocketAddress at) throws IOException {
    long missing = 0;
    List<String> named = new ArrayList<>();
    try (Connection connection = new Connection(at)) {
      for (int lane = 0; lane < lanes.size(); lane++) {
        long acked = lanes.get(lane).acked.get();
        for (long from = 1; from <= acked; from += 500) {
          long to = Math.min(acked, from + 499);
          boolean[] there = connection.exists(this, lane, from, to);
          for (int i = 0; i < there.length; i++) {
            if (!there[i]) {
              missing++;
              if (named.size() < 5) {
                named.add(key(lane, from + i));
              }
            }
          }
        }
      }
    }
    return new Missing(missing, named);
  }

  /** Acknowledged writes that are gone. */
  record Missing(long count, List<String> examples) {}

  @Override
  public void close() {
    stopping = true;
    threads.forEach(Thread::interrupt);
  }

  /** Asks whether somebody answers. */
  static boolean pings(InetSocketAddress server) {
    try (Connection connection = new Connection(server)) {
      return connection.ping();
    } catch (IOException e) {
      return false;
    }
  }

  private static final class Connection implements AutoCloseable {
    private final Socket socket = new Socket();
    private final InputStream in;
    private final OutputStream out;

    Connection(InetSocketAddress server) throws IOException {
      try {
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.connect(server, PATIENCE_MILLIS);
        in = new BufferedInputStream(socket.getInputStream());
        out = socket.getOutputStream();
      } catch (IOException e) {
        socket.close();
        throw e;
      }
    }

    boolean ping() throws IOException {
      out.write("*1\r\n$4\r\nPING\r\n".getBytes(StandardCharsets.US_ASCII));
      return line().equals("+PONG");
    }

    String set(String key, String value) throws IOException {
      out.write(command("SET", key, value).getBytes(StandardCharsets.US_ASCII));
      return line();
    }

    boolean[] exists(RedisWriter writer, int lane, long from, long to) throws IOException {
      StringBuilder all = new StringBuilder();
      for (long number = from; number <= to; number++) {
        all.append(command("EXISTS", writer.key(lane, number)));
      }
      socket.setSoTimeout(20 * PATIENCE_MILLIS);
      out.write(all.toString().getBytes(StandardCharsets.US_ASCII));
      boolean[] there = new boolean[Math.toIntExact(to - from + 1)];
      for (int i = 0; i < there.length; i++) {
        there[i] = line().equals(":1");
      }
      return there;
    }

    private static String command(String... words) {
      StringBuilder text = new StringBuilder("*" + words.length + "\r\n");
      for (String word : words) {
        text.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
      }
      return text.toString();
    }

    private String line() throws IOException {
      StringBuilder line = new StringBuilder();
      for (int c = in.read(); c != '\n'; c = in.read()) {
        if (c < 0) {
          throw new IOException("the connection was closed");
        }
        if (c != '\r') {
          line.append((char) c);
        }
      }
      return line.toString();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
