package io.penumbra.adapter.traffic.gateway;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/** One TCP connection with what was read from it and what waits to be written. */
final class Wire implements EventLoop.Ready {

  /** Whoever reads from a wire. */
  interface Owner {

    /** There is something in {@link Wire#in}. */
    void received(Wire wire);

    /** What was to be sent has left, after it had to wait. */
    void drained(Wire wire);

    /** The other side sends no more. */
    void ended(Wire wire);

    /** The connection is lost, or was never made. */
    void broken(Wire wire, String why);

    /** The connection is made. */
    default void connected(Wire wire) {}

    /** Bytes may be passed straight to this wire, without being looked at. */
    default boolean passTo(Wire wire, ByteBuffer bytes) {
      return false;
    }
  }

  /** More than this waits to be written: read no more from the other side. */
  private static final int OUT_MAX = 1 << 20;

  private final EventLoop loop;
  private final SocketChannel channel;
  private final Owner owner;
  private final SelectionKey key;
  final ByteQueue in = new ByteQueue();
  private final ByteQueue out = new ByteQueue();
  private boolean connecting;
  private boolean wantsRead = true;
  private boolean ended;
  private boolean closed;
  private boolean finishing;

  private Wire(EventLoop loop, SocketChannel channel, Owner owner) throws IOException {
    this.loop = loop;
    this.channel = channel;
    this.owner = owner;
    this.key = loop.register(channel, 0, this);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
  }

  static Wire accepted(EventLoop loop, SocketChannel channel, Owner owner) throws IOException {
    Wire wire = new Wire(loop, channel, owner);
    wire.interest();
    return wire;
  }

  static Wire connecting(EventLoop loop, InetSocketAddress to, Owner owner) throws IOException {
    SocketChannel channel = SocketChannel.open();
    try {
      Wire wire = new Wire(loop, channel, owner);
      wire.connecting = !channel.connect(to);
      wire.interest();
      if (!wire.connecting) {
        loop.post(() -> owner.connected(wire));
      }
      return wire;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public void ready(SelectionKey ready) {
    try {
      if (connecting && ready.isConnectable()) {
        channel.finishConnect();
        connecting = false;
        flushOut();
        interest();
        owner.connected(this);
      }
      if (!closed && ready.isValid() && ready.isWritable()) {
        flushOut();
        if (out.isEmpty()) {
          owner.drained(this);
        }
      }
      if (!closed && ready.isValid() && ready.isReadable()) {
        read();
      }
    } catch (IOException e) {
      fail(e);
    }
  }

  private void read() throws IOException {
    ByteBuffer scratch = loop.scratch;
    scratch.clear();
    int count = channel.read(scratch);
    if (count < 0) {
      ended = true;
      interest();
      owner.ended(this);
    } else if (count > 0) {
      scratch.flip();
      if (!owner.passTo(this, scratch)) {
        in.append(scratch);
        owner.received(this);
      }
    }
  }

  /** Takes bytes to be written by the next {@link #flush}. */
  void send(byte[] bytes, int from, int length) {
    out.append(bytes, from, length);
  }

  void send(byte[] bytes) {
    out.append(bytes, 0, bytes.length);
  }

  void send(ByteBuffer bytes) {
    out.append(bytes);
  }

  /** Writes at once what the network takes; the rest waits. */
  void sendNow(ByteBuffer bytes) {
    if (closed) {
      return;
    }
    try {
      if (out.isEmpty() && !connecting) {
        channel.write(bytes);
      }
    } catch (IOException e) {
      fail(e);
      return;
    }
    if (bytes.hasRemaining()) {
      out.append(bytes);
      interest();
    }
  }

  /** Sends no more after what waits. */
  void finishOutput() {
    finishing = true;
    if (out.isEmpty() && !connecting && !closed) {
      try {
        channel.shutdownOutput();
      } catch (IOException e) {
        fail(e);
      }
    }
  }

  void flush() {
    if (closed || connecting || out.isEmpty()) {
      return;
    }
    try {
      flushOut();
    } catch (IOException e) {
      fail(e);
    }
  }

  private void flushOut() throws IOException {
    out.writeTo(channel, loop.scratch);
    if (out.isEmpty() && finishing) {
      channel.shutdownOutput();
    }
    interest();
  }

  boolean crowded() {
    return out.size() > OUT_MAX;
  }

  boolean hasOut() {
    return !out.isEmpty();
  }

  boolean ended() {
    return ended;
  }

  boolean closed() {
    return closed;
  }

  void wantRead(boolean wants) {
    if (wants != wantsRead) {
      wantsRead = wants;
      interest();
    }
  }

  private void interest() {
    if (closed || !key.isValid()) {
      return;
    }
    int ops = wantsRead && !ended && !connecting ? SelectionKey.OP_READ : 0;
    if (connecting) {
      ops = SelectionKey.OP_CONNECT;
    } else if (!out.isEmpty()) {
      ops |= SelectionKey.OP_WRITE;
    }
    if (key.interestOps() != ops) {
      key.interestOps(ops);
    }
  }

  private void fail(IOException e) {
    if (!closed) {
      close();
      owner.broken(this, String.valueOf(e.getMessage()));
    }
  }

  void close() {
    if (!closed) {
      closed = true;
      key.cancel();
      try {
        channel.close();
      } catch (IOException e) {
        // It is as gone as it can be.
        in.clear();
      }
    }
  }
}
