package io.penumbra.benchmarks;

import io.penumbra.sync.path.link.LinkSettings;
import io.penumbra.sync.path.link.MessageHandler;
import io.penumbra.sync.path.link.MultiPathLink;
import io.penumbra.sync.path.seal.PathKey;
import io.penumbra.sync.path.tcp.TcpListener;
import io.penumbra.sync.path.tcp.TcpPath;
import java.io.DataInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Semaphore;

/**
 * Whole messages over the loopback: a plain socket with a length before each message, a link over
 * one path, the same with a key, and over two and three paths, in turn, the median of several
 * rounds. Both ends are in one process, so CPU is that of sender and receiver together.
 */
final class LinkThroughput {

  private static final int ROUNDS = 5;
  private static final int LARGE = 1 << 20;
  private static final int SMALL = 64 << 10;
  private static final int LARGE_COUNT = 600;
  private static final int SMALL_COUNT = 2000;
  private static final LinkSettings SETTINGS = LinkSettings.standard(1, 1);

  private LinkThroughput() {}

  public static void main(String[] args) throws Exception {
    String[] names = {
      "plain socket", "link, 1 path", "link, with key", "link, 2 paths", "link, 3 paths"
    };
    double[][][] figures = new double[names.length][4][ROUNDS];
    for (int round = -1; round < ROUNDS; round++) {
      for (int kind = 0; kind < names.length; kind++) {
        try (Pipe pipe = open(kind)) {
          double[] seen = measure(pipe);
          for (int i = 0; round >= 0 && i < seen.length; i++) {
            figures[kind][i][round] = seen[i];
          }
        }
      }
    }
    System.out.printf(
        "%-14s %10s %12s %18s %8s%n", "", "MB/s", "CPU ms/MiB", "64 KiB alone p50", "p99");
    for (int i = 0; i < names.length; i++) {
      System.out.printf(
          "%-14s %10.0f %12.2f %15.0f us %5.0f us%n",
          names[i],
          median(figures[i][0]),
          median(figures[i][1]),
          median(figures[i][2]),
          median(figures[i][3]));
    }
  }

  private static Pipe open(int kind) throws IOException, InterruptedException {
    Optional<PathKey> key = Optional.of(PathKey.of(new byte[32], new SecureRandom()));
    return switch (kind) {
      case 0 -> new Plain();
      case 1 -> new Linked(1, Optional.empty());
      case 2 -> new Linked(1, key);
      default -> new Linked(kind - 1, Optional.empty());
    };
  }

  private static double[] measure(Pipe pipe) throws Exception {
    Random random = new Random(1);
    byte[] large = new byte[LARGE];
    byte[] small = new byte[SMALL];
    random.nextBytes(large);
    random.nextBytes(small);
    var process =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long cpu = process.getProcessCpuTime();
    long started = System.nanoTime();
    for (int i = 0; i < LARGE_COUNT; i++) {
      pipe.send(ByteBuffer.wrap(large));
    }
    pipe.await(LARGE_COUNT);
    double seconds = (System.nanoTime() - started) / 1e9;
    double cpuMillis = (process.getProcessCpuTime() - cpu) / 1e6;
    double[] latencies = new double[SMALL_COUNT];
    for (int i = 0; i < SMALL_COUNT; i++) {
      long sent = System.nanoTime();
      pipe.send(ByteBuffer.wrap(small));
      pipe.await(1);
      latencies[i] = (System.nanoTime() - sent) / 1e3;
    }
    Arrays.sort(latencies);
    return new double[] {
      LARGE_COUNT * (LARGE / 1e6) / seconds,
      cpuMillis / LARGE_COUNT,
      latencies[SMALL_COUNT / 2],
      latencies[SMALL_COUNT * 99 / 100]
    };
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  /** One way for messages; whoever receives counts them. */
  private interface Pipe extends AutoCloseable {
    void send(ByteBuffer message) throws Exception;

    void await(int messages) throws InterruptedException;

    @Override
    void close() throws IOException;
  }

  private static final class Plain implements Pipe {

    private final Semaphore arrived = new Semaphore(0);
    private final ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    private final SocketChannel out;

    Plain() throws IOException {
      Thread.ofPlatform().daemon().start(this::receive);
      out = SocketChannel.open(server.getLocalSocketAddress());
      out.socket().setTcpNoDelay(true);
    }

    private void receive() {
      try (DataInputStream in = new DataInputStream(server.accept().getInputStream())) {
        while (true) {
          byte[] message = new byte[in.readInt()];
          in.readFully(message);
          arrived.release();
        }
      } catch (IOException ended) {
        // The sender is done.
        arrived.release(0);
      }
    }

    @Override
    public void send(ByteBuffer message) throws IOException {
      ByteBuffer[] both = {
        ByteBuffer.allocate(Integer.BYTES).putInt(message.remaining()).flip(), message
      };
      while (message.hasRemaining()) {
        out.write(both);
      }
    }

    @Override
    public void await(int messages) throws InterruptedException {
      arrived.acquire(messages);
    }

    @Override
    public void close() throws IOException {
      out.close();
      server.close();
    }
  }

  private static final class Linked implements Pipe {

    private final Semaphore arrived = new Semaphore(0);
    private final MultiPathLink receiver;
    private final MultiPathLink sender;

    Linked(int paths, Optional<PathKey> key) throws IOException, InterruptedException {
      List<TcpListener> listeners = new ArrayList<>();
      for (int i = 0; i < paths; i++) {
        listeners.add(
            TcpListener.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), key));
      }
      MessageHandler count = message -> arrived.release();
      receiver = MultiPathLink.listen(SETTINGS, paths, listeners, count, System::nanoTime);
      sender =
          MultiPathLink.dial(
              SETTINGS,
              listeners.stream().map(listener -> TcpPath.to(listener.address()).with(key)).toList(),
              message -> {},
              System::nanoTime);
      while (sender.state().sending().paths().stream().anyMatch(path -> !path.usable())) {
        Thread.sleep(1);
      }
    }

    @Override
    public void send(ByteBuffer message) throws IOException, InterruptedException {
      sender.send(message);
    }

    @Override
    public void await(int messages) throws InterruptedException {
      arrived.acquire(messages);
    }

    @Override
    public void close() {
      sender.close();
      receiver.close();
    }
  }
}
