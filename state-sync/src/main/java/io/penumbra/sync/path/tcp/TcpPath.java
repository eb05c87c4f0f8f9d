package io.penumbra.sync.path.tcp;

import io.penumbra.sync.path.link.Connection;
import io.penumbra.sync.path.link.Path;
import io.penumbra.sync.path.seal.PathKey;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;

/**
 * The way to one address of the other host, from one of ours if that matters: which interface is
 * used is then up to the routing table's source rules.
 *
 * @param from our address, or empty for whichever fits
 * @param to the other end's address
 * @param timeout how long to try to connect
 * @param key proves to each end that the other is who it should be, if there is one
 */
public record TcpPath(
    Optional<InetSocketAddress> from, InetSocketAddress to, Duration timeout, Optional<PathKey> key)
    implements Path {

  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  /** To an address, from whichever of ours fits. */
  public static TcpPath to(InetSocketAddress address) {
    return new TcpPath(Optional.empty(), address, TIMEOUT, Optional.empty());
  }

  /** To an address from one of ours. */
  public static TcpPath between(InetSocketAddress from, InetSocketAddress to) {
    return new TcpPath(Optional.of(from), to, TIMEOUT, Optional.empty());
  }

  /** The same, for ends that have this key. */
  public TcpPath with(Optional<PathKey> shared) {
    return new TcpPath(from, to, timeout, shared);
  }

  @Override
  public Connection connect() throws IOException {
    SocketChannel channel = SocketChannel.open();
    boolean connected = false;
    try {
      if (from.isPresent()) {
        channel.bind((SocketAddress) from.get());
      }
      // The socket's own connect is the one that knows a timeout.
      channel.socket().connect(resolved(), (int) timeout.toMillis());
      connected = true;
      return new TcpConnection(channel, key.map(PathKey::dialled));
    } finally {
      if (!connected) {
        channel.close();
      }
    }
  }

  /** A name is looked up at every attempt: it may have moved. */
  private InetSocketAddress resolved() {
    return to.isUnresolved() ? new InetSocketAddress(to.getHostString(), to.getPort()) : to;
  }

  @Override
  public String toString() {
    return from.map(address -> address + " -> ").orElse("") + to;
  }
}
