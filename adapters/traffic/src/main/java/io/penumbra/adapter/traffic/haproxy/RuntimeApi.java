package io.penumbra.adapter.traffic.haproxy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * The socket that HAProxy's configuration calls {@code stats socket}: one line of commands, one
 * answer, one connection, all within a time limit. Unix and TCP sockets alike.
 */
final class RuntimeApi {

  /** What came of a line of commands. */
  sealed interface Reply {}

  /** HAProxy has read the line and said this. */
  record Said(String text) implements Reply {}

  /** The line never reached HAProxy, so it has done nothing. */
  record NotAsked(String why) implements Reply {}

  /** The line went out and nothing whole came back. */
  record NoAnswer(String why) implements Reply {}

  private static final int ANSWER_MAX = 16 << 20;

  private final SocketAddress at;
  private final Duration patience;

  RuntimeApi(SocketAddress at, Duration patience) {
    this.at = at;
    this.patience = patience;
  }

  Reply ask(String line) {
    long deadline = System.nanoTime() + patience.toNanos();
    boolean sent = false;
    try (SocketChannel channel = open();
        Selector selector = Selector.open()) {
      channel.configureBlocking(false);
      SelectionKey key = channel.register(selector, 0);
      if (!channel.connect(at)) {
        key.interestOps(SelectionKey.OP_CONNECT);
        await(selector, deadline);
        channel.finishConnect();
      }
      ByteBuffer out = StandardCharsets.US_ASCII.encode(line + "\n");
      key.interestOps(SelectionKey.OP_WRITE);
      while (out.hasRemaining()) {
        // From the first byte on, nobody can be sure that the line wasn't read.
        sent = true;
        if (channel.write(out) == 0) {
          await(selector, deadline);
        }
      }
      key.interestOps(SelectionKey.OP_READ);
      return answer(channel, selector, deadline);
    } catch (IOException | UnresolvedAddressException e) {
      String why = "%s: %s".formatted(at, e.getMessage());
      return sent ? new NoAnswer(why) : new NotAsked(why);
    }
  }

  private SocketChannel open() throws IOException {
    return at instanceof UnixDomainSocketAddress
        ? SocketChannel.open(StandardProtocolFamily.UNIX)
        : SocketChannel.open();
  }

  private static Reply answer(SocketChannel channel, Selector selector, long deadline)
      throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    ByteBuffer in = ByteBuffer.allocate(1 << 16);
    while (true) {
      int read = channel.read(in);
      if (read < 0) {
        String whole = text.toString(StandardCharsets.US_ASCII);
        return whole.endsWith("\n")
            ? new Said(whole)
            : new NoAnswer("the answer broke off after %d bytes".formatted(text.size()));
      }
      if (read == 0) {
        await(selector, deadline);
      }
      text.write(in.array(), 0, in.position());
      in.clear();
      if (text.size() > ANSWER_MAX) {
        return new NoAnswer("the answer is longer than %d bytes".formatted(ANSWER_MAX));
      }
    }
  }

  private static void await(Selector selector, long deadline) throws IOException {
    long left = (deadline - System.nanoTime()) / 1_000_000;
    if (left <= 0 || (selector.select(left) == 0 && System.nanoTime() - deadline >= 0)) {
      throw new IOException("no answer in time");
    }
    selector.selectedKeys().clear();
    if (Thread.currentThread().isInterrupted()) {
      throw new IOException("interrupted");
    }
  }

  @Override
  public String toString() {
    return at.toString();
  }
}
