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
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * A client that writes numbered keys all the time, one after the other, and remembers which were
 * acknowledged and when. A write that was not answered is tried again, on a new connection, until
 * it is: what a careful application does.
 */
final class RedisWriter implements AutoCloseable {

  private static final int PATIENCE_MILLIS = 500;
  private static final int PAUSE_MILLIS = 2;
  private static final long ASKED_FOR_NANOS = 60_000_000_000L;
  private static final int SAMPLES_MAX = 1 << 20;
  private static final int KEYS_AT_ONCE = 1_000;
  private static final int QUESTIONS_AT_ONCE = 20;
  private static final int NAMED_MAX = 5;

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

    /** From the newest back: whoever waits for the next one asks every few milliseconds. */
    synchronized List<Sample> samplesAfter(long nanos) {
      int from = samples.size();
      while (from > 0 && samples.get(from - 1).at() > nanos) {
        from--;
      }
      return List.copyOf(samples.subList(from, samples.size()));
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
      for (Sample sample : lane.samplesAfter(nanos)) {
        if (first == 0 || sample.at() < first) {
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
    return samplesAfter(Long.MIN_VALUE);
  }

  /** Those acknowledged after a moment by {@code System.nanoTime}, oldest first. */
  List<Sample> samplesAfter(long nanos) {
    return lanes.stream()
        .flatMap(lane -> lane.samplesAfter(nanos).stream())
        .sorted((a, b) -> Long.compare(a.at(), b.at()))
        .toList();
  }

  /** Stops writing between two writes, or goes on. */
  void rest(boolean pause) {
    resting = pause;
  }

  /**
   * Looks for every acknowledged key; many of them at a time, for each answer may be held for an
   * epoch.
   *
   * @return the keys that are not there, at most so many of them named
   */
  Missing missing(InetSocketAddress at) throws IOException {
    long end = System.nanoTime() + ASKED_FOR_NANOS;
    while (true) {
      try {
        return missingNow(at);
      } catch (IOException e) {
        // A guest that has just come to life, on a busy machine: it is asked anew.
        if (System.nanoTime() > end) {
          throw e;
        }
        pause();
      }
    }
  }

  private Missing missingNow(InetSocketAddress at) throws IOException {
    List<Span> spans = new ArrayList<>();
    for (int lane = 0; lane < lanes.size(); lane++) {
      long acked = lanes.get(lane).acked.get();
      for (long from = 1; from <= acked; from += KEYS_AT_ONCE) {
        spans.add(new Span(lane, from, Math.min(acked, from + KEYS_AT_ONCE - 1)));
      }
    }
    long missing = 0;
    List<String> named = new ArrayList<>();
    try (Connection connection = new Connection(at)) {
      for (int i = 0; i < spans.size(); i += QUESTIONS_AT_ONCE) {
        List<Span> some = spans.subList(i, Math.min(spans.size(), i + QUESTIONS_AT_ONCE));
        long[] there = connection.countThere(some.stream().map(this::keys).toList());
        for (int j = 0; j < there.length; j++) {
          if (there[j] < some.get(j).length()) {
            missing += some.get(j).length() - there[j];
            name(connection, some.get(j), named);
          }
        }
      }
    }
    return new Missing(missing, named);
  }

  private void name(Connection connection, Span span, List<String> named) throws IOException {
    if (named.size() >= NAMED_MAX) {
      return;
    }
    List<String> keys = keys(span);
    long[] there = connection.countThere(keys.stream().map(List::of).toList());
    for (int i = 0; i < there.length && named.size() < NAMED_MAX; i++) {
      if (there[i] == 0) {
        named.add(keys.get(i));
      }
    }
  }

  private List<String> keys(Span span) {
    return LongStream.rangeClosed(span.from(), span.to())
        .mapToObj(number -> key(span.lane(), number))
        .toList();
  }

  /** Some keys of a connection, both ends included. */
  private record Span(int lane, long from, long to) {
    long length() {
      return to - from + 1;
    }
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
      out.write(command(List.of("SET", key, value)).getBytes(StandardCharsets.US_ASCII));
      return line();
    }

    /** How many of each of those lists of keys are there. */
    long[] countThere(List<List<String>> lists) throws IOException {
      StringBuilder all = new StringBuilder();
      for (List<String> keys : lists) {
        all.append(command(Stream.concat(Stream.of("EXISTS"), keys.stream()).toList()));
      }
      socket.setSoTimeout(20 * PATIENCE_MILLIS);
      out.write(all.toString().getBytes(StandardCharsets.US_ASCII));
      long[] there = new long[lists.size()];
      for (int i = 0; i < there.length; i++) {
        String reply = line();
        if (!reply.startsWith(":")) {
          throw new IOException("EXISTS was answered with " + reply);
        }
        there[i] = Long.parseLong(reply, 1, reply.length(), 10);
      }
      return there;
    }

    private static String command(List<String> words) {
      StringBuilder text = new StringBuilder("*" + words.size() + "\r\n");
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
