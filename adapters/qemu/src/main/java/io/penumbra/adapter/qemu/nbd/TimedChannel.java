package io.penumbra.adapter.qemu.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;

/** A unix socket on which nothing takes longer than a bound. */
final class TimedChannel implements AutoCloseable {

  private final SocketChannel channel;
  private final Selector selector;
  private final SelectionKey key;
  private final Duration timeout;

  private TimedChannel(SocketChannel channel, Selector selector, Duration timeout)
      throws IOException {
    this.channel = channel;
    this.selector = selector;
    this.timeout = timeout;
    key = channel.register(selector, SelectionKey.OP_READ);
  }

  static TimedChannel connect(Path socket, Duration timeout) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.configureBlocking(false);
      return new TimedChannel(channel, Selector.open(), timeout);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (channel.write(bytes) == 0) {
        await(SelectionKey.OP_WRITE);
      }
    }
  }

  /** Fills a buffer. */
  void read(ByteBuffer into) throws IOException {
    while (into.hasRemaining()) {
      int read = channel.read(into);
      if (read < 0) {
        throw new EOFException("the other end hung up");
      }
      if (read == 0) {
        await(SelectionKey.OP_READ);
      }
    }
  }

  /** So many bytes, ready to be read. */
  ByteBuffer read(int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    read(buffer);
    return buffer.flip();
  }

  private void await(int what) throws IOException {
    key.interestOps(what);
    if (selector.select(timeout.toMillis()) == 0) {
      throw new IOException("nothing moved for %s".formatted(timeout));
    }
    selector.selectedKeys().clear();
  }

  @Override
  public void close() throws IOException {
    selector.close();
    channel.close();
  }
}
