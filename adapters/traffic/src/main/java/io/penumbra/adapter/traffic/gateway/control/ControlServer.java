package io.penumbra.adapter.traffic.gateway.control;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penumbra.adapter.traffic.gateway.GatewayControl;
import io.penumbra.adapter.traffic.gateway.TakeoverOutcome;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/** Listens for an agent's orders. A Unix socket belongs to its user; TCP needs a token. */
public final class ControlServer implements AutoCloseable {

  private static final long WAIT_MILLIS = 20;
  private static final long PATIENCE_MILLIS = 5_000;

  private final GatewayControl gateway;
  private final Optional<String> token;
  private final SocketAddress at;
  private final ServerSocketChannel listener;
  private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();

  private ControlServer(
      GatewayControl gateway,
      Optional<String> token,
      SocketAddress at,
      ServerSocketChannel listener) {
    this.gateway = gateway;
    this.token = token;
    this.at = at;
    this.listener = listener;
  }

  /** Listens on a Unix socket, which replaces a file that is left over there. */
  public static ControlServer on(GatewayControl gateway, UnixDomainSocketAddress at)
      throws IOException {
    Files.deleteIfExists(at.getPath());
    ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      listener.bind(at);
      Files.setPosixFilePermissions(at.getPath(), PosixFilePermissions.fromString("rw-------"));
    } catch (IOException e) {
      listener.close();
      throw e;
    }
    return new ControlServer(gateway, Optional.empty(), at, listener).start();
  }

  /** Listens on TCP for whoever knows the token. */
  public static ControlServer on(GatewayControl gateway, SocketAddress at, String token)
      throws IOException {
    ServerSocketChannel listener = ServerSocketChannel.open();
    try {
      listener.bind(at);
      return new ControlServer(gateway, Optional.of(token), listener.getLocalAddress(), listener)
          .start();
    } catch (IOException e) {
      listener.close();
      throw e;
    }
  }

  /** Where it listens. */
  public SocketAddress address() {
    return at;
  }

  private ControlServer start() {
    Thread.ofVirtual().name("gateway-control").start(this::accept);
    return this;
  }

  private void accept() {
    while (listener.isOpen()) {
      try {
        SocketChannel agent = listener.accept();
        open.add(agent);
        Thread.ofVirtual().name("gateway-agent").start(() -> serve(agent));
      } catch (IOException e) {
        // Closed, or out of descriptors; in the latter case it may get better.
        LockSupport.parkNanos(10_000_000);
      }
    }
  }

  private void serve(SocketChannel agent) {
    try (agent) {
      InputStream in = new BufferedInputStream(Channels.newInputStream(agent));
      OutputStream out = Channels.newOutputStream(agent);
      boolean known = token.isEmpty();
      for (Optional<String> line = Lines.read(in); line.isPresent(); line = Lines.read(in)) {
        Optional<Order> order = order(out, line.get());
        if (order.isEmpty()) {
          continue;
        }
        known |= knows(order.get());
        if (!known) {
          Lines.write(out, Lines.error("say hello with the token first"));
          return;
        }
        Lines.write(out, carryOut(order.get()));
      }
    } catch (IOException e) {
      // The agent is gone; the gateway goes on, and a cut that was begun lapses.
    } finally {
      open.remove(agent);
    }
  }

  private static Optional<Order> order(OutputStream out, String line) throws IOException {
    try {
      return Optional.of(Lines.order(line));
    } catch (IllegalArgumentException e) {
      Lines.write(out, Lines.error("not understood: " + e.getMessage()));
      return Optional.empty();
    }
  }

  private boolean knows(Order order) {
    // Takes the same time whatever is wrong with it.
    return token.isPresent()
        && MessageDigest.isEqual(
            token.get().getBytes(UTF_8), order.token().orElse("").getBytes(UTF_8));
  }

  private String carryOut(Order order) {
    try {
      return switch (order.what()) {
        case HELLO -> Lines.done(0);
        case BEGIN_CUT ->
            Lines.answer(
                gateway.beginCut(Duration.ofMillis(order.waitMillis().orElse(WAIT_MILLIS))));
        case CUT -> Lines.answer(gateway.cut(epoch(order)));
        case CANCEL_CUT -> {
          gateway.cancelCut();
          yield Lines.done(0);
        }
        case ACKED -> Lines.done(gateway.acked(epoch(order)));
        case TAKE_OVER -> Lines.answer(takeOver(order));
        case REDIRECT -> Lines.answer(gateway.redirect(Lines.address(to(order))));
        case UNPROTECT -> {
          gateway.unprotect(order.why().orElse("the agent says so"));
          yield Lines.done(0);
        }
        case LISTEN -> Lines.answer(gateway.listen(patience(order)));
        case COMPARE -> Lines.answer(gateway.compare(Lines.address(to(order)), patience(order)));
        case METRICS -> Lines.answer("metrics", gateway.metrics());
      };
    } catch (IllegalArgumentException | IllegalStateException e) {
      return Lines.error(String.valueOf(e.getMessage()));
    }
  }

  private TakeoverOutcome takeOver(Order order) {
    InetSocketAddress backend = Lines.address(to(order));
    return order.term().isPresent()
        ? gateway.takeOver(backend, epoch(order), order.term().get())
        : gateway.takeOver(backend, epoch(order));
  }

  private static Duration patience(Order order) {
    return Duration.ofMillis(order.waitMillis().orElse(PATIENCE_MILLIS));
  }

  private static long epoch(Order order) {
    return order.epoch().orElseThrow(() -> new IllegalArgumentException("needs an epoch"));
  }

  private static String to(Order order) {
    return order.backend().orElseThrow(() -> new IllegalArgumentException("needs a backend"));
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (SocketChannel agent : open) {
      agent.close();
    }
    if (at instanceof UnixDomainSocketAddress unix) {
      Files.deleteIfExists(unix.getPath());
    }
  }
}
