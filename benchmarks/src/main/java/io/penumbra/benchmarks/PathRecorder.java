package io.penumbra.benchmarks;

import io.penumbra.sync.path.replay.PathTrace;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Records what a real path carries: one end sends as much as TCP lets it, the other counts what
 * comes in every 20 ms, while small probes measure the round trip beside it.
 */
final class PathRecorder {

  private static final int STEP_MILLIS = 20;
  private static final int DATA_PORT = 7421;
  private static final int PROBE_PORT = 7422;

  /** What a step without a byte is taken for: nothing came through. */
  private static final double BYTES_PER_SECOND_MIN = 1e4;

  private PathRecorder() {}

  /** {@code count SECONDS FILE} at one end, {@code send HOST SECONDS} at the other. */
  public static void main(String[] args) throws IOException, InterruptedException {
    switch (args[0]) {
      case "count" -> count(Integer.parseInt(args[1]), Path.of(args[2]));
      case "send" -> send(args[1], Integer.parseInt(args[2]));
      default -> throw new IllegalArgumentException("expected count or send, not " + args[0]);
    }
  }

  private static void count(int seconds, Path file) throws IOException, InterruptedException {
    AtomicLong bytes = new AtomicLong();
    ConcurrentLinkedQueue<Long> roundTrips = new ConcurrentLinkedQueue<>();
    List<PathTrace.Step> steps = new ArrayList<>();
    try (ServerSocket data = new ServerSocket(DATA_PORT);
        ServerSocket probes = new ServerSocket(PROBE_PORT);
        Socket stream = data.accept();
        Socket probe = probes.accept()) {
      Thread.ofPlatform().daemon().start(() -> drain(stream, bytes));
      Thread.ofPlatform().daemon().start(() -> probe(probe, roundTrips));
      long next = System.nanoTime();
      long delay = 0;
      for (int i = 0; i < seconds * 1000 / STEP_MILLIS; i++) {
        next += STEP_MILLIS * 1_000_000L;
        Thread.sleep(Math.max(0, (next - System.nanoTime()) / 1_000_000));
        double rate = bytes.getAndSet(0) * 1000.0 / STEP_MILLIS;
        for (Long seen = roundTrips.poll(); seen != null; seen = roundTrips.poll()) {
          delay = seen / 2;
        }
        steps.add(
            new PathTrace.Step(
                Math.max(BYTES_PER_SECOND_MIN, rate), delay, rate >= BYTES_PER_SECOND_MIN));
      }
    }
    Files.write(file, new PathTrace(file.toString(), STEP_MILLIS * 1_000_000L, steps).lines());
  }

  private static void drain(Socket stream, AtomicLong bytes) {
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = stream.getInputStream()) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        bytes.addAndGet(count);
      }
    } catch (IOException ended) {
      System.err.println("the stream ended: " + ended);
    }
  }

  private static void probe(Socket socket, ConcurrentLinkedQueue<Long> roundTrips) {
    try (DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        DataInputStream in = new DataInputStream(socket.getInputStream())) {
      socket.setTcpNoDelay(true);
      while (true) {
        long sent = System.nanoTime();
        out.writeLong(sent);
        in.readLong();
        roundTrips.add(System.nanoTime() - sent);
        Thread.sleep(STEP_MILLIS / 2);
      }
    } catch (IOException ended) {
      System.err.println("the probes ended: " + ended);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private static void send(String host, int seconds) throws IOException {
    try (Socket stream = new Socket();
        Socket probe = new Socket()) {
      stream.connect(new InetSocketAddress(host, DATA_PORT));
      probe.connect(new InetSocketAddress(host, PROBE_PORT));
      probe.setTcpNoDelay(true);
      Thread.ofPlatform().daemon().start(() -> echo(probe));
      byte[] buffer = new byte[1 << 16];
      long until = System.nanoTime() + seconds * 1_000_000_000L;
      while (System.nanoTime() < until) {
        stream.getOutputStream().write(buffer);
      }
    }
  }

  private static void echo(Socket socket) {
    try (DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        DataInputStream in = new DataInputStream(socket.getInputStream())) {
      while (true) {
        out.writeLong(in.readLong());
      }
    } catch (IOException ended) {
      System.err.println("the probes ended: " + ended);
    }
  }
}
