package io.penumbra.adapter.qemu.qmp;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Arrays;
import java.util.Optional;

/** Lines of bytes from a channel, each up to a bound. */
final class LineReader {

  private final ReadableByteChannel channel;
  private final int bytesMax;
  private byte[] bytes = new byte[1 << 14];
  private int from;
  private int to;

  LineReader(ReadableByteChannel channel, int bytesMax) {
    this.channel = channel;
    this.bytesMax = bytesMax;
  }

  /** The next line without its end; empty at the end of the channel. */
  Optional<byte[]> next() throws IOException {
    int searched = from;
    while (true) {
      for (int i = searched; i < to; i++) {
        if (bytes[i] == '\n') {
          byte[] line = Arrays.copyOfRange(bytes, from, i);
          from = i + 1;
          return Optional.of(line);
        }
      }
      int seen = to - from;
      if (!fill()) {
        return Optional.empty();
      }
      searched = from + seen;
    }
  }

  private boolean fill() throws IOException {
    if (from > 0) {
      System.arraycopy(bytes, from, bytes, 0, to - from);
      to -= from;
      from = 0;
    }
    if (to == bytes.length) {
      if (to >= bytesMax) {
        throw new IOException("a line of more than %,d bytes".formatted(bytesMax));
      }
      bytes = Arrays.copyOf(bytes, 2 * bytes.length);
    }
    int read = channel.read(ByteBuffer.wrap(bytes, to, bytes.length - to));
    to += Math.max(0, read);
    return read >= 0;
  }
}
