package io.penumbra.sync.path.wire;

import io.penumbra.sync.erasure.CodeShape;
import io.penumbra.sync.path.ShardLabel;
import io.penumbra.sync.path.Verdict;
import io.penumbra.sync.path.wire.PathFrame.Ack;
import io.penumbra.sync.path.wire.PathFrame.Hello;
import io.penumbra.sync.path.wire.PathFrame.Probe;
import io.penumbra.sync.path.wire.PathFrame.Shard;
import io.penumbra.sync.path.wire.PathFrame.Spoilt;
import io.penumbra.sync.path.wire.PathFrame.Status;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Frames to bytes and back.
 *
 * <pre>
 *  0  4  magic "PNBP"        24  4  fourth field
 *  4  1  version 1           28  4  fifth field
 *  5  1  type                32  4  payload bytes
 *  6  2  path, in a hello    36  4  CRC32C of the payload
 *  8  8  first field         40  4  zero
 * 16  8  second field        44  4  CRC32C of bytes 0 to 43
 * </pre>
 */
public final class FrameCodec {

  /** Length of every header. */
  public static final int HEADER_BYTES = 48;

  /** No shard is longer, and a header that says so is not believed. */
  public static final int PAYLOAD_BYTES_MAX = 4 << 20;

  private static final int MAGIC = 0x504e4250;

  /** What an end says first that wants a handshake. */
  private static final int KEYED_MAGIC = 0x504e424b;

  private static final byte VERSION = 1;
  private static final int CHECKED_BYTES = 44;
  private static final int PATH_AT = 6;

  private static final byte HELLO = 1;
  private static final byte SHARD = 2;
  private static final byte ACK = 3;
  private static final byte STATUS = 4;
  private static final byte PROBE = 5;

  private FrameCodec() {}

  /** Writes a frame's header; its payload, if it has one, follows as it is. */
  public static void writeHeader(PathFrame frame, ByteBuffer to) {
    int start = to.position();
    switch (frame) {
      case Hello(long link, long incarnation, int path, int messageBytesMax, int windowBytes) -> {
        fields(to, HELLO, link, incarnation, messageBytesMax, windowBytes);
        to.putShort(start + PATH_AT, (short) path);
        to.putInt(0).putInt(0);
      }
      case Shard(long sequence, ShardLabel label, ByteBuffer payload) -> {
        CodeShape shape = label.shape();
        int code = label.index() << 16 | shape.data() << 8 | shape.parity();
        fields(to, SHARD, sequence, label.group(), label.messageBytes(), code);
        to.putInt(payload.remaining()).putInt(checksum(payload));
      }
      case Spoilt(long sequence) ->
          throw new IllegalArgumentException("a spoilt shard is not sent on: " + sequence);
      case Ack(long sequence, Verdict verdict, long heldNanos) -> {
        fields(to, ACK, sequence, heldNanos, code(verdict), 0);
        to.putInt(0).putInt(0);
      }
      case Status(long readBelow, long completeBelow, long completeAbove) -> {
        int ahead = (int) (completeBelow - readBelow);
        int low = (int) completeAbove;
        fields(to, STATUS, readBelow, ahead, (int) (completeAbove >>> 32), low);
        to.putInt(0).putInt(0);
      }
      case Probe(long sequence) -> {
        fields(to, PROBE, sequence, 0, 0, 0);
        to.putInt(0).putInt(0);
      }
    }
    to.putInt(0);
    to.putInt(checksum(to.duplicate().flip().position(start)));
  }

  private static void fields(
      ByteBuffer to, byte type, long first, long second, int third, int fourth) {
    to.putInt(MAGIC).put(VERSION).put(type).putShort((short) 0);
    to.putLong(first).putLong(second).putInt(third).putInt(fourth);
  }

  /**
   * Checks a header and says how many bytes follow it.
   *
   * @param header 48 bytes from its position on
   */
  public static int payloadBytes(ByteBuffer header) throws BrokenFrameException {
    int at = header.position();
    if (header.getInt(at) == KEYED_MAGIC) {
      throw new BrokenFrameException("the other end was given a key, this one was not");
    }
    int stated = header.getInt(at + CHECKED_BYTES);
    int actual = checksum(header.slice(at, CHECKED_BYTES));
    if (header.getInt(at) != MAGIC || stated != actual) {
      throw new BrokenFrameException(
          "no frame begins here: magic %08x, checksum %08x, computed %08x"
              .formatted(header.getInt(at), stated, actual));
    }
    if (header.get(at + 4) != VERSION) {
      throw new BrokenFrameException(
          "frames of version %d, expected %d. Maybe the other end runs another release?"
              .formatted(header.get(at + 4), VERSION));
    }
    int bytes = header.getInt(at + 32);
    if (bytes < 0 || bytes > PAYLOAD_BYTES_MAX || (bytes > 0 && header.get(at + 5) != SHARD)) {
      throw new BrokenFrameException(
          "a frame of type %d with %d bytes, expected at most %d"
              .formatted(header.get(at + 5), bytes, PAYLOAD_BYTES_MAX));
    }
    return bytes;
  }

  /**
   * Reads a frame whose header {@link #payloadBytes} has found sound.
   *
   * @param payload as many bytes as the header says
   */
  public static PathFrame read(ByteBuffer header, ByteBuffer payload) throws BrokenFrameException {
    int at = header.position();
    long first = header.getLong(at + 8);
    long second = header.getLong(at + 16);
    int third = header.getInt(at + 24);
    int fourth = header.getInt(at + 28);
    try {
      return switch (header.get(at + 5)) {
        case HELLO -> new Hello(first, second, header.getShort(at + PATH_AT), third, fourth);
        case SHARD ->
            header.getInt(at + 36) == checksum(payload)
                ? new Shard(first, label(second, third, fourth, payload), payload)
                : new Spoilt(first);
        case ACK -> new Ack(first, verdict(third), second);
        case STATUS ->
            new Status(first, first + second, (long) third << 32 | (fourth & 0xffff_ffffL));
        case PROBE -> new Probe(first);
        default -> throw new BrokenFrameException("a frame of unknown type " + header.get(at + 5));
      };
    } catch (IllegalArgumentException | IndexOutOfBoundsException nonsense) {
      throw new BrokenFrameException("a sound header says nonsense: " + nonsense.getMessage());
    }
  }

  private static int code(Verdict verdict) {
    return switch (verdict) {
      case ARRIVED -> 0;
      case CORRUPT -> 1;
      case REFUSED -> 2;
    };
  }

  private static Verdict verdict(int code) {
    return switch (code) {
      case 0 -> Verdict.ARRIVED;
      case 1 -> Verdict.CORRUPT;
      case 2 -> Verdict.REFUSED;
      default -> throw new IllegalArgumentException("an ack of unknown kind " + code);
    };
  }

  private static ShardLabel label(long group, int bytes, int code, ByteBuffer payload) {
    CodeShape shape = new CodeShape(code >>> 8 & 0xff, code & 0xff);
    ShardLabel label = new ShardLabel(group, bytes, shape, code >>> 16);
    if (payload.remaining() != label.payloadBytes()) {
      throw new IllegalArgumentException(
          "%s comes with %d bytes".formatted(label, payload.remaining()));
    }
    return label;
  }

  private static int checksum(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }
}
