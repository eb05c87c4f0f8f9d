package io.penumbra.sync.path.tcp;

import io.penumbra.sync.path.link.Connection;
import io.penumbra.sync.path.wire.FrameCodec;
import io.penumbra.sync.path.wire.PathFrame;
import io.penumbra.sync.path.wire.PathFrame.Shard;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** Frames over one TCP connection. */
final class TcpConnection implements Connection {

  private static final int READ_BYTES = 256 << 10;

  private final SocketChannel channel;
  private final String ends;
  private final ByteBuffer outgoing = ByteBuffer.allocateDirect(FrameCodec.HEADER_BYTES);

  /** What was read and not yet understood, between position and limit. */
  private ByteBuffer incoming = ByteBuffer.allocateDirect(READ_BYTES).flip();

  TcpConnection(SocketChannel channel) throws IOException {
    this.channel = channel;
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    ends = channel.getLocalAddress() + " - " + channel.getRemoteAddress();
  }

  @Override
  public void write(PathFrame frame) throws IOException {
    outgoing.clear();
    FrameCodec.writeHeader(frame, outgoing);
    outgoing.flip();
    if (frame instanceof Shard shard) {
      ByteBuffer[] both = {outgoing, shard.payload().duplicate()};
      while (both[1].hasRemaining() || outgoing.hasRemaining()) {
        channel.write(both);
      }
    } else {
      while (outgoing.hasRemaining()) {
        channel.write(outgoing);
      }
    }
  }

  @Override
  public PathFrame read() throws IOException {
    fill(FrameCodec.HEADER_BYTES);
    int payloadBytes = FrameCodec.payloadBytes(incoming);
    fill(FrameCodec.HEADER_BYTES + payloadBytes);
    int at = incoming.position();
    ByteBuffer payload = incoming.slice(at + FrameCodec.HEADER_BYTES, payloadBytes);
    PathFrame frame = FrameCodec.read(incoming, payload);
    incoming.position(at + FrameCodec.HEADER_BYTES + payloadBytes);
    return frame;
  }

  private void fill(int bytes) throws IOException {
    if (incoming.remaining() >= bytes) {
      return;
    }
    if (incoming.capacity() < bytes) {
      incoming = ByteBuffer.allocateDirect(bytes + READ_BYTES).put(incoming).flip();
    }
    incoming.compact();
    while (incoming.position() < bytes) {
      if (channel.read(incoming) < 0) {
        throw new EOFException("the other end closed " + ends);
      }
    }
    incoming.flip();
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException broken) {
      // It is being given up, and what had to be said was said to whoever reads or writes.
      return;
    }
  }

  @Override
  public String toString() {
    return ends;
  }
}
