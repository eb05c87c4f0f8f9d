package io.penumbra.adapter.qemu.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Reads one export of an NBD server. Owned by one thread. */
public final class NbdClient implements AutoCloseable {

  private static final long SERVER_MAGIC = 0x4e42444d41474943L;
  private static final long OPTION_MAGIC = 0x49484156454f5054L;
  private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
  private static final int REQUEST_MAGIC = 0x25609513;
  private static final int SIMPLE_REPLY_MAGIC = 0x67446698;
  private static final int STRUCTURED_REPLY_MAGIC = 0x668e33ef;

  private static final int FIXED_NEWSTYLE_AND_NO_ZEROES = 3;

  private static final int OPTION_GO = 7;
  private static final int OPTION_STRUCTURED_REPLY = 8;
  private static final int OPTION_SET_META_CONTEXT = 10;

  private static final int REPLY_ACK = 1;
  private static final int REPLY_INFO = 3;
  private static final int REPLY_META_CONTEXT = 4;
  private static final int REPLY_IS_ERROR = 1 << 31;

  private static final short COMMAND_READ = 0;
  private static final short COMMAND_DISCONNECT = 2;
  private static final short COMMAND_BLOCK_STATUS = 7;

  private static final int CHUNK_DONE = 1;
  private static final int CHUNK_NONE = 0;
  private static final int CHUNK_DATA = 1;
  private static final int CHUNK_HOLE = 2;
  private static final int CHUNK_BLOCK_STATUS = 5;
  private static final int CHUNK_IS_ERROR = 1 << 15;

  /** What is read at once; servers take up to 32 MiB. */
  private static final int READ_BYTES_MAX = 1 << 20;

  private static final int REPLY_BYTES_MAX = 8 << 20;

  private final TimedChannel channel;
  private long bytes;
  private long lastHandle;

  private NbdClient(TimedChannel channel) {
    this.channel = channel;
  }

  /**
   * Connects.
   *
   * @param context what {@link #status} is to tell: {@code qemu:dirty-bitmap:NAME} or {@code
   *     base:allocation}
   */
  public static NbdClient connect(Path socket, String export, String context, Duration timeout)
      throws IOException {
    NbdClient client = new NbdClient(TimedChannel.connect(socket, timeout));
    try {
      client.negotiate(export, context);
      return client;
    } catch (IOException e) {
      client.channel.close();
      throw e;
    }
  }

  /** Size of the disk. */
  public long bytes() {
    return bytes;
  }

  private void negotiate(String export, String context) throws IOException {
    ByteBuffer greeting = channel.read(Long.BYTES + Long.BYTES + Short.BYTES);
    if (greeting.getLong() != SERVER_MAGIC || greeting.getLong() != OPTION_MAGIC) {
      throw new IOException("no NBD server");
    }
    channel.write(ByteBuffer.allocate(Integer.BYTES).putInt(FIXED_NEWSTYLE_AND_NO_ZEROES).flip());
    option(OPTION_STRUCTURED_REPLY, new byte[0]);
    byte[] name = export.getBytes(UTF_8);
    byte[] query = context.getBytes(UTF_8);
    option(
        OPTION_SET_META_CONTEXT,
        ByteBuffer.allocate(12 + name.length + query.length)
            .putInt(name.length)
            .put(name)
            .putInt(1)
            .putInt(query.length)
            .put(query)
            .array());
    option(
        OPTION_GO,
        ByteBuffer.allocate(6 + name.length)
            .putInt(name.length)
            .put(name)
            .putShort((short) 0)
            .array());
  }

  /** Sends an option, and reads replies until the server has said yes. */
  private void option(int option, byte[] data) throws IOException {
    channel.write(
        ByteBuffer.allocate(16 + data.length)
            .putLong(OPTION_MAGIC)
            .putInt(option)
            .putInt(data.length)
            .put(data)
            .flip());
    boolean contextGiven = false;
    while (true) {
      ByteBuffer header = channel.read(20);
      long magic = header.getLong();
      int asked = header.getInt();
      int type = header.getInt();
      int length = header.getInt();
      if (magic != OPTION_REPLY_MAGIC || asked != option || length < 0 || length > 1 << 16) {
        throw new IOException("reply to option %d is none".formatted(option));
      }
      ByteBuffer payload = channel.read(length);
      if ((type & REPLY_IS_ERROR) != 0) {
        throw new IOException("option %d is refused: %s".formatted(option, UTF_8.decode(payload)));
      }
      contextGiven |= type == REPLY_META_CONTEXT;
      if (type == REPLY_INFO && payload.getShort() == 0) {
        bytes = payload.getLong();
      }
      if (type == REPLY_ACK) {
        if (option == OPTION_SET_META_CONTEXT && !contextGiven) {
          throw new IOException("the server does not know the context that was asked for");
        }
        return;
      }
    }
  }

  private void request(short command, long offset, int length) throws IOException {
    lastHandle++;
    channel.write(
        ByteBuffer.allocate(28)
            .putInt(REQUEST_MAGIC)
            .putShort((short) 0)
            .putShort(command)
            .putLong(lastHandle)
            .putLong(offset)
            .putInt(length)
            .flip());
  }

  /** What is true of which part of the disk, from its start to its end. */
  public List<Extent> status() throws IOException {
    List<Extent> extents = new ArrayList<>();
    long at = 0;
    while (at < bytes) {
      int length = (int) Math.min(bytes - at, Integer.MAX_VALUE & ~511);
      request(COMMAND_BLOCK_STATUS, at, length);
      long before = at;
      boolean done = false;
      while (!done) {
        Chunk chunk = chunk();
        if (chunk.type() == CHUNK_BLOCK_STATUS) {
          ByteBuffer payload = channel.read(chunk.length());
          payload.getInt();
          while (payload.hasRemaining()) {
            Extent extent =
                new Extent(at, Integer.toUnsignedLong(payload.getInt()), payload.getInt());
            extents.add(extent);
            at = extent.end();
          }
        } else {
          skipNone(chunk);
        }
        done = chunk.done();
      }
      if (at <= before) {
        throw new IOException("no status from byte %d on".formatted(at));
      }
    }
    return extents;
  }

  /** Reads bytes of the disk into memory. */
  public void read(long offset, long length, MemorySegment into, long at) throws IOException {
    long done = 0;
    while (done < length) {
      int part = (int) Math.min(length - done, READ_BYTES_MAX);
      readPart(offset + done, part, into.asSlice(at + done, part));
      done += part;
    }
  }

  private void readPart(long offset, int length, MemorySegment into) throws IOException {
    request(COMMAND_READ, offset, length);
    boolean done = false;
    while (!done) {
      Chunk chunk = chunk();
      switch (chunk.type()) {
        case CHUNK_DATA -> {
          long from = channel.read(Long.BYTES).getLong() - offset;
          int count = chunk.length() - Long.BYTES;
          channel.read(into.asSlice(from, count).asByteBuffer());
        }
        case CHUNK_HOLE -> {
          ByteBuffer hole = channel.read(Long.BYTES + Integer.BYTES);
          into.asSlice(hole.getLong() - offset, hole.getInt()).fill((byte) 0);
        }
        default -> skipNone(chunk);
      }
      done = chunk.done();
    }
  }

  private Chunk chunk() throws IOException {
    ByteBuffer magic = channel.read(Integer.BYTES);
    int kind = magic.getInt();
    if (kind == SIMPLE_REPLY_MAGIC) {
      int error = channel.read(Integer.BYTES + Long.BYTES).getInt();
      throw new IOException("a reply without structure, error %d".formatted(error));
    }
    if (kind != STRUCTURED_REPLY_MAGIC) {
      throw new IOException("no reply: %08x".formatted(kind));
    }
    ByteBuffer header = channel.read(16);
    int flags = header.getShort();
    int type = header.getShort() & 0xffff;
    long handle = header.getLong();
    int length = header.getInt();
    if (handle != lastHandle || length < 0 || length > REPLY_BYTES_MAX) {
      throw new IOException(
          "reply %d of %d bytes to request %d".formatted(handle, length, lastHandle));
    }
    if ((type & CHUNK_IS_ERROR) != 0) {
      ByteBuffer error = channel.read(length);
      throw new IOException("the server can't: error %d".formatted(error.getInt()));
    }
    return new Chunk(type, length, (flags & CHUNK_DONE) != 0);
  }

  private void skipNone(Chunk chunk) throws IOException {
    if (chunk.type() != CHUNK_NONE) {
      throw new IOException("a reply of type %d, which was not asked for".formatted(chunk.type()));
    }
    channel.read(chunk.length());
  }

  /** The head of a piece of a reply. */
  private record Chunk(int type, int length, boolean done) {}

  @Override
  public void close() throws IOException {
    try {
      request(COMMAND_DISCONNECT, 0, 0);
    } finally {
      channel.close();
    }
  }
}
