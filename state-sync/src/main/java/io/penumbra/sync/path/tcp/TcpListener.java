package io.penumbra.sync.path.tcp;

import io.penumbra.sync.path.link.Connection;
import io.penumbra.sync.path.link.PathListener;
import io.penumbra.sync.path.seal.PathKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.Optional;

/** Takes connections at one of our addresses. */
public final class TcpListener implements PathListener {

  private final ServerSocketChannel channel;
  private final Optional<PathKey> key;

  private TcpListener(ServerSocketChannel channel, Optional<PathKey> key) {
    this.channel = channel;
    this.key = key;
  }

  /** Listens at an address; port 0 takes a free one. Believes whoever comes. */
  public static TcpListener at(InetSocketAddress address) throws IOException {
    return at(address, Optional.empty());
  }

  /** Listens at an address, and hears only who has the key, if there is one. */
  public static TcpListener at(InetSocketAddress address, Optional<PathKey> key)
      throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open();
    boolean bound = false;
    try {
      channel.bind(address);
      bound = true;
      return new TcpListener(channel, key);
    } finally {
      if (!bound) {
        channel.close();
      }
    }
  }

  /** The address that was bound. */
  public InetSocketAddress address() {
    try {
      return (InetSocketAddress) channel.getLocalAddress();
    } catch (IOException closed) {
      throw new UncheckedIOException("the listener is closed", closed);
    }
  }

  @Override
  public Connection accept() throws IOException {
    return new TcpConnection(channel.accept(), key.map(PathKey::accepted));
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException failed) {
      throw new UncheckedIOException("could not close the listener", failed);
    }
  }
}
