package io.penumbra.adapter.qemu.agent;

import io.penumbra.sync.engine.ReceiverListener;
import io.penumbra.sync.engine.SyncReceiver;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.StateSink;
import io.penumbra.sync.frame.FrameKey;
import io.penumbra.sync.net.FrameLink;
import io.penumbra.sync.path.tcp.TcpListener;
import io.penumbra.sync.session.EscalationPolicy;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Takes one VM's epochs in, on a thread of its own, until it is closed. Whatever it says to the
 * primary may renew the primary's lease, so it asks before it says anything.
 */
final class Reception implements AutoCloseable {

  private static final Duration AGAIN = Duration.ofMillis(300);
  private static final Duration END = Duration.ofSeconds(10);

  private final StateSink sink;
  private final List<InetSocketAddress> at;
  private final long link;
  private final Optional<FrameKey> key;
  private final BooleanSupplier mayRenew;
  private final Heard heard;
  private final double verifyBytesPerSecond;
  private final Thread thread;
  private final CountDownLatch quiet = new CountDownLatch(1);
  private volatile Optional<SyncReceiver> receiver = Optional.empty();
  private volatile String trouble = "";
  private volatile boolean closed;

  /** Is told of what comes. */
  interface Heard {

    /** That epoch is durable; said before its ack is sent. */
    void committed(EpochManifest manifest);

    /** So many pages of what is here have changed by themselves; they are asked for again. */
    void rotten(int pages);
  }

  /**
   * Listens from {@link #start} on.
   *
   * @param mayRenew asked right before anything is sent
   * @param verifyBytesPerSecond how much of what is here is read back meanwhile; 0 for none
   */
  Reception(
      String name,
      StateSink sink,
      List<InetSocketAddress> at,
      long link,
      Optional<FrameKey> key,
      BooleanSupplier mayRenew,
      double verifyBytesPerSecond,
      Heard heard) {
    this.sink = sink;
    this.at = List.copyOf(at);
    this.link = link;
    this.key = key;
    this.mayRenew = mayRenew;
    this.verifyBytesPerSecond = verifyBytesPerSecond;
    this.heard = heard;
    thread = Thread.ofPlatform().name("receive " + name).unstarted(this::run);
  }

  /** Listens; port 0 takes a free one. */
  static List<TcpListener> listeners(List<InetSocketAddress> at, Optional<FrameKey> secret)
      throws IOException {
    List<TcpListener> listeners = new ArrayList<>();
    try {
      for (InetSocketAddress address : at) {
        listeners.add(TcpListener.at(address, Wire.pathKey(secret)));
      }
      return listeners;
    } catch (IOException e) {
      listeners.forEach(TcpListener::close);
      throw e;
    }
  }

  Reception start() {
    thread.start();
    return this;
  }

  /** Why nothing can be taken in; empty when all is well. */
  String trouble() {
    return trouble;
  }

  private void run() {
    try {
      work();
    } finally {
      quiet.countDown();
    }
  }

  private void work() {
    while (!closed) {
      try {
        receive();
      } catch (InterruptedException e) {
        return;
      } catch (IOException | RuntimeException e) {
        trouble = e.getClass().getSimpleName() + ": " + e.getMessage();
      } finally {
        receiver = Optional.empty();
      }
      rest();
    }
  }

  private void rest() {
    try {
      if (!closed) {
        Thread.sleep(AGAIN);
      }
    } catch (InterruptedException e) {
      closed = true;
    }
  }

  private void receive() throws IOException, InterruptedException {
    try (FrameLink wire = new Discreet(Wire.listen(link, listeners(at, key)))) {
      SyncReceiver working =
          new SyncReceiver(
              sink,
              Wire.coding(),
              wire,
              key,
              EscalationPolicy.DEFAULT,
              new SecureRandom(),
              new ReceiverListener() {
                @Override
                public void committed(EpochManifest manifest, int pages) {
                  trouble = "";
                  heard.committed(manifest);
                }

                @Override
                public void rotten(int pages) {
                  heard.rotten(pages);
                }
              });
      if (verifyBytesPerSecond > 0) {
        working.verifying(verifyBytesPerSecond, InstantSource.system());
      }
      receiver = Optional.of(working);
      try {
        if (!closed) {
          working.run();
        }
      } finally {
        if (closed) {
          // Taking down the link may last; whoever waits needs the sink only.
          quiet.countDown();
        }
      }
    }
  }

  /** Takes no more in, as soon as what was begun is whole; {@link #close} then needs not wait. */
  void closeSoon() {
    closed = true;
    receiver.ifPresent(SyncReceiver::stop);
  }

  boolean closing() {
    return closed;
  }

  /** On return nothing is taken in any more, and what was begun is whole. */
  @Override
  public void close() {
    closed = true;
    receiver.ifPresent(SyncReceiver::stop);
    if (Thread.currentThread().equals(thread)) {
      return;
    }
    try {
      if (!quiet.await(END.toMillis(), TimeUnit.MILLISECONDS)) {
        thread.interrupt();
        thread.join(END);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A link that says nothing while it must not. */
  private final class Discreet implements FrameLink {

    private final FrameLink real;

    Discreet(FrameLink real) {
      this.real = real;
    }

    @Override
    public void send(byte[] frame) throws InterruptedException, IOException {
      if (mayRenew.getAsBoolean()) {
        real.send(frame);
      }
    }

    @Override
    public Optional<Arrival> receive(Duration most) throws InterruptedException, IOException {
      return real.receive(most);
    }

    @Override
    public void close() {
      real.close();
    }
  }
}
