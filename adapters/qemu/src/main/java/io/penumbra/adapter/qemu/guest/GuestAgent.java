package io.penumbra.adapter.qemu.guest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.penumbra.adapter.qemu.Reply;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/**
 * QEMU's agent inside of a guest (qemu-ga), as far as its file systems can be frozen and thawed.
 * Every call has a limit, since whoever answers is software of the guest. An answer that comes late
 * is told from the next one's by a number (QEMU docs/interop/qemu-ga-ref, guest-sync-delimited).
 */
public final class GuestAgent {

  private static final JsonMapper JSON = new JsonMapper();
  private static final int ANSWER_BYTES_MAX = 1 << 16;
  private static final byte DELIMITER = (byte) 0xFF;

  private final Path socket;
  private long number;

  GuestAgent(Path socket) {
    this.socket = socket;
  }

  /** Freezes file systems, with what was written so far on their disks; says how many. */
  public Reply<Integer> freeze(Duration limit) {
    return ask("guest-fsfreeze-freeze", limit).map(JsonNode::asInt);
  }

  /** Undoes that; says how many were frozen. Harmless when none is. */
  public Reply<Integer> thaw(Duration limit) {
    return ask("guest-fsfreeze-thaw", limit).map(JsonNode::asInt);
  }

  /** Whether any is frozen. */
  public Reply<Boolean> frozen(Duration limit) {
    return ask("guest-fsfreeze-status", limit).map(said -> said.asText().equals("frozen"));
  }

  /** One connection per question: QEMU lets one in at a time, and an agent may be killed. */
  private synchronized Reply<JsonNode> ask(String command, Duration limit) {
    long until = System.nanoTime() + limit.toNanos();
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        Selector selector = Selector.open()) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.configureBlocking(false);
      SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
      long own = ++number;
      write(channel, selector, key, until, sync(own));
      JsonNode said;
      do {
        said = line(channel, selector, key, until);
      } while (said.path("return").asLong() != own);
      write(channel, selector, key, until, "{\"execute\":\"%s\"}\n".formatted(command));
      JsonNode answer = line(channel, selector, key, until);
      return answer.has("return")
          ? Reply.done(answer.path("return"))
          : Reply.refused("%s: %s".formatted(command, answer.path("error").path("desc").asText()));
    } catch (IOException e) {
      return Reply.unknown("%s: %s".formatted(command, e.getMessage()));
    }
  }

  private static String sync(long own) {
    return "\u00ff{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":%d}}\n"
        .formatted(own);
  }

  private static void write(
      SocketChannel channel, Selector selector, SelectionKey key, long until, String text)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
    while (bytes.hasRemaining()) {
      if (channel.write(bytes) == 0) {
        await(selector, key, SelectionKey.OP_WRITE, until);
      }
    }
  }

  private static JsonNode line(
      SocketChannel channel, Selector selector, SelectionKey key, long until) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    ByteBuffer one = ByteBuffer.allocate(1);
    while (line.size() < ANSWER_BYTES_MAX) {
      int read = channel.read(one.clear());
      if (read < 0) {
        throw new EOFException("it hung up");
      }
      if (read == 0) {
        await(selector, key, SelectionKey.OP_READ, until);
      } else if (one.get(0) == DELIMITER) {
        // What came before belongs to nobody any more.
        line.reset();
      } else if (one.get(0) == '\n') {
        return JSON.readTree(line.toByteArray());
      } else {
        line.write(one.get(0));
      }
    }
    throw new IOException("an answer of more than %,d bytes".formatted(ANSWER_BYTES_MAX));
  }

  private static void await(Selector selector, SelectionKey key, int what, long until)
      throws IOException {
    long millis = (until - System.nanoTime()) / 1_000_000;
    key.interestOps(what);
    if (millis <= 0 || selector.select(millis) == 0) {
      throw new IOException("no answer in time");
    }
    selector.selectedKeys().clear();
  }
}
