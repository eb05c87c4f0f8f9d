package io.penumbra.sync.path.tcp;

import io.penumbra.sync.path.link.Connection;
import io.penumbra.sync.path.seal.Handshake;
import io.penumbra.sync.path.seal.HeaderSeal;
import io.penumbra.sync.path.wire.FrameCodec;
import io.penumbra.sync.path.wire.PathFrame;
import io.penumbra.sync.path.wire.PathFrame.Shard;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/**
 * Frames over one TCP connection. With a key it begins with a handshake, and each header is
 * followed by its tag.
 */
final class TcpConnection implements Connection {

  private static final int READ_BYTES = 256 << 10;
  private static final int HEADERS = 16;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final SocketChannel channel;
  private final String ends;
  private final Optional<Handshake> handshake;
  private final int headerBytes;
  private Optional<Handshake.Seals> seals = Optional.empty();

  /** Headers that wait for each other, so that they go together. */
  private final ByteBuffer outgoing =
      ByteBuffer.allocateDirect(HEADERS * (FrameCodec.HEADER_BYTES + HeaderSeal.TAG_BYTES));

  /** What was read and not yet understood, between position and limit. */
  private ByteBuffer incoming = ByteBuffer.allocateDirect(READ_BYTES).flip();

  TcpConnection(SocketChannel channel, Optional<Handshake> handshake) throws IOException {
    this.channel = channel;
    this.handshake = handshake;
    headerBytes = FrameCodec.HEADER_BYTES + (handshake.isPresent() ? HeaderSeal.TAG_BYTES : 0);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    ends = channel.getLocalAddress() + " - " + channel.getRemoteAddress();
  }

  @Override
  public void write(PathFrame frame, boolean more) throws IOException {
    if (handshake.isPresent() && seals.isEmpty()) {
      // Both ends greet first of all, and in a thread that nobody waits for.
      shakeHands(handshake.get());
    }
    int at = outgoing.position();
    FrameCodec.writeHeader(frame, outgoing);
    if (seals.isPresent()) {
      outgoing.put(seals.get().outgoing().tag(outgoing.duplicate().flip().position(at)));
    }
    if (frame instanceof Shard shard) {
      flush(shard.payload().duplicate());
    } else if (!more || outgoing.remaining() < headerBytes) {
      flush(NOTHING);
    }
  }

  private void flush(ByteBuffer payload) throws IOException {
    outgoing.flip();
    ByteBuffer[] both = {outgoing, payload};
    while (payload.hasRemaining() || outgoing.hasRemaining()) {
      channel.write(both);
    }
    outgoing.clear();
  }

  private void shakeHands(Handshake own) throws IOException {
    ByteBuffer said = ByteBuffer.allocate(Handshake.BYTES);
    own.write(said);
    said.flip();
    while (said.hasRemaining()) {
      channel.write(said);
    }
    fill(Handshake.BYTES);
    seals = Optional.of(own.read(incoming));
  }

  @Override
  public PathFrame read() throws IOException {
    fill(headerBytes);
    if (seals.isPresent()) {
      seals.get().incoming().check(incoming);
    }
    int payloadBytes = FrameCodec.payloadBytes(incoming);
    fill(headerBytes + payloadBytes);
    int at = incoming.position();
    // Sliced, not copied: it is valid until the next call.
    ByteBuffer payload = incoming.slice(at + headerBytes, payloadBytes);
    PathFrame frame = FrameCodec.read(incoming, payload);
    incoming.position(at + headerBytes + payloadBytes);
    return frame;
  }

  private void fill(int bytes) throws IOException {
    if (incoming.remaining() >= bytes) {
      return;
    }
    if (incoming.position() + bytes > incoming.capacity()) {
      makeRoom(bytes);
    }
    int from = incoming.position();
    int to = incoming.limit();
    incoming.limit(incoming.capacity()).position(to);
    while (incoming.position() - from < bytes) {
      if (channel.read(incoming) < 0) {
        throw new EOFException("the other end closed " + ends);
      }
    }
    incoming.limit(incoming.position()).position(from);
  }

  private void makeRoom(int bytes) {
    if (incoming.capacity() < bytes) {
      incoming = ByteBuffer.allocateDirect(bytes + READ_BYTES).put(incoming).flip();
    } else {
      incoming.compact().flip();
    }
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
