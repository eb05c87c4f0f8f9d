package io.penumbra.sync.path.relay;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A TCP relay on the loopback that behaves like a path of a given quality. Each direction has its
 * own bandwidth and delay; both share the faults.
 *
 * <pre>
 * try (FaultRelay relay = FaultRelay.to(server)) {
 *   relay.delay(Duration.ofMillis(5));
 *   relay.bytesPerSecond(2e6);
 *   connectTo(relay.address());
 *   relay.swallow();   // from now on nothing comes through, and nobody is told
 *   relay.cut();       // connections are reset, new ones are closed at once
 *   relay.heal();
 * }
 * </pre>
 */
public final class FaultRelay implements AutoCloseable {

  private static final int CHUNK_BYTES = 16 << 10;
  private static final int CHUNKS_MAX = 64;

  private final ServerSocket server;
  private final InetSocketAddress target;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final AtomicLong forwarded = new AtomicLong();
  private final Random dice;

  private volatile long delayNanos;
  private volatile double bytesPerSecond = Double.POSITIVE_INFINITY;
  private volatile double spoiltPerByte;
  private volatile boolean swallowing;
  private volatile boolean cut;
  private volatile boolean closed;

  private FaultRelay(ServerSocket server, InetSocketAddress target, long seed) {
    this.server = server;
    this.target = target;
    dice = new Random(seed);
  }

  /** Starts a relay to an address; the seed is for bits that are flipped. */
  public static FaultRelay to(InetSocketAddress target, long seed) throws IOException {
    FaultRelay relay =
        new FaultRelay(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), target, seed);
    Thread.ofPlatform().daemon().name("relay-accept").start(relay::acceptAll);
    return relay;
  }

  /** Starts a relay that spoils nothing, or always the same. */
  public static FaultRelay to(InetSocketAddress target) throws IOException {
    return to(target, 1);
  }

  /** Where to connect to. */
  public InetSocketAddress address() {
    return new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
  }

  /** How long bytes are on their way, one way. */
  public void delay(Duration oneWay) {
    delayNanos = oneWay.toNanos();
  }

  /** How fast they go, each way. */
  public void bytesPerSecond(double rate) {
    bytesPerSecond = rate;
  }

  /** How many bytes of a mebibyte get a bit flipped. */
  public void spoil(double bytesPerMebibyte) {
    spoiltPerByte = bytesPerMebibyte / (1 << 20);
  }

  /** Lets nothing through any more, silently: as when a cable is pulled somewhere in between. */
  public void swallow() {
    swallowing = true;
  }

  /** Resets all connections and closes new ones at once. */
  public void cut() {
    cut = true;
    drop();
  }

  /** Resets all connections once; new ones are welcome. */
  public void drop() {
    for (Socket socket : sockets) {
      abort(socket);
    }
    sockets.clear();
  }

  /**
   * Ends {@link #swallow} and {@link #cut}. Connections that were swallowed are reset: the bytes
   * that they lost can't be given back.
   */
  public void heal() {
    if (swallowing) {
      drop();
    }
    swallowing = false;
    cut = false;
  }

  /** Bytes let through so far, both ways. */
  public long forwarded() {
    return forwarded.get();
  }

  private void acceptAll() {
    while (!closed) {
      try {
        Socket client = server.accept();
        if (cut) {
          abort(client);
          continue;
        }
        Socket upstream = new Socket();
        sockets.add(client);
        sockets.add(upstream);
        upstream.connect(target, 2000);
        client.setTcpNoDelay(true);
        upstream.setTcpNoDelay(true);
        pump(client, upstream);
        pump(upstream, client);
      } catch (IOException away) {
        // The target is away, and so is the path; or the relay is being closed.
        sockets.removeIf(Socket::isClosed);
      }
    }
  }

  private void pump(Socket from, Socket to) {
    BlockingQueue<Chunk> queue = new ArrayBlockingQueue<>(CHUNKS_MAX);
    Thread.ofPlatform().daemon().name("relay-in").start(() -> takeIn(from, to, queue));
    Thread.ofPlatform().daemon().name("relay-out").start(() -> giveOut(from, to, queue));
  }

  private void takeIn(Socket from, Socket to, BlockingQueue<Chunk> queue) {
    byte[] buffer = new byte[CHUNK_BYTES];
    long busyUntil = System.nanoTime();
    try {
      InputStream in = from.getInputStream();
      while (true) {
        int count = in.read(buffer);
        if (count < 0) {
          break;
        }
        if (swallowing) {
          continue;
        }
        byte[] bytes = Arrays.copyOf(buffer, count);
        spoil(bytes);
        long now = System.nanoTime();
        busyUntil = Math.max(now, busyUntil) + (long) (count / bytesPerSecond * 1e9);
        queue.put(new Chunk(bytes, busyUntil + delayNanos));
      }
    } catch (IOException broken) {
      // The same as an end: both sides are told below.
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
    if (!swallowing) {
      abort(from);
      abort(to);
    }
  }

  private void spoil(byte[] bytes) {
    double chance = spoiltPerByte * bytes.length;
    synchronized (dice) {
      if (chance > 0 && dice.nextDouble() < chance) {
        bytes[dice.nextInt(bytes.length)] ^= (byte) (1 << dice.nextInt(8));
      }
    }
  }

  private void giveOut(Socket from, Socket to, BlockingQueue<Chunk> queue) {
    try {
      OutputStream out = to.getOutputStream();
      while (!to.isClosed()) {
        Chunk chunk = queue.take();
        long wait = chunk.due() - System.nanoTime();
        if (wait > 0) {
          Thread.sleep(Duration.ofNanos(wait));
        }
        if (!swallowing) {
          out.write(chunk.bytes());
          forwarded.addAndGet(chunk.bytes().length);
        }
      }
    } catch (IOException broken) {
      abort(from);
      abort(to);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private static void abort(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException gone) {
      // It is closed already, which is what was wanted.
    }
  }

  @Override
  public void close() {
    closed = true;
    swallowing = false;
    try {
      server.close();
    } catch (IOException gone) {
      // It is closed already, which is what was wanted.
    }
    new ArrayList<>(sockets).forEach(FaultRelay::abort);
  }

  /** Bytes and when they are to leave. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and nobody else has the array
  private record Chunk(byte[] bytes, long due) {}
}
