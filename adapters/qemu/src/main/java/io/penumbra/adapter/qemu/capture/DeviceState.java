package io.penumbra.adapter.qemu.capture;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * The state of a guest's devices as bytes in a region of fixed size: how it was taken, its length,
 * QEMU's stream, zeros.
 *
 * @param way how QEMU was asked for it, which decides how it is given back
 */
// The stream is handed over, not copied: it is made anew for each epoch, during the pause.
@SuppressWarnings("ArrayRecordComponent")
public record DeviceState(Way way, byte[] stream) {

  /** More than the devices of any guest without graphics memory; what is larger is refused. */
  public static final long REGION_BYTES = 4L << 20;

  /** Ways to have a guest's devices saved. */
  public enum Way {
    /** {@code xen-save-devices-state}: devices alone, by QEMU's main thread, in one go. */
    DEVICES(1),
    /** {@code migrate} with shared memory left out, which has memory that is not shared too. */
    MIGRATION(2);

    private final int code;

    Way(int code) {
      this.code = code;
    }

    private static Optional<Way> of(int code) {
      return Arrays.stream(values()).filter(way -> way.code == code).findFirst();
    }
  }

  static final int HEADER_BYTES = 16;

  private static final int MAGIC = 0x504e4456;
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  /** What QEMU's stream begins with: its magic number and version (migration/savevm.c). */
  private static final int STREAM_MAGIC = 0x5145564d;

  private static final int STREAM_HEADER_BYTES = 8;
  private static final int SECTION_DESCRIPTION = 6;
  private static final int SECTION_CONFIGURATION = 7;

  public DeviceState {
    if (stream.length > REGION_BYTES - HEADER_BYTES) {
      throw new IllegalArgumentException(
          "the devices' state has %,d bytes; expected %,d at most"
              .formatted(stream.length, REGION_BYTES - HEADER_BYTES));
    }
  }

  /**
   * Lays it into a region over the one that was there.
   *
   * @return how many bytes from the start may have changed
   */
  long writeTo(MemorySegment region) {
    long before = HEADER_BYTES + region.get(LONG, Long.BYTES);
    long now = HEADER_BYTES + (long) stream.length;
    region.set(INT, 0, MAGIC);
    region.set(INT, Integer.BYTES, way.code);
    region.set(LONG, Long.BYTES, stream.length);
    MemorySegment.copy(stream, 0, region, ValueLayout.JAVA_BYTE, HEADER_BYTES, stream.length);
    if (before > now) {
      region.asSlice(now, before - now).fill((byte) 0);
    }
    return Math.max(before, now);
  }

  /**
   * Reads a region.
   *
   * @throws IllegalArgumentException if it holds no devices' state
   */
  public static DeviceState read(MemorySegment region) {
    int magic = region.get(INT, 0);
    int code = region.get(INT, Integer.BYTES);
    Optional<Way> way = Way.of(code);
    long length = region.get(LONG, Long.BYTES);
    if (magic != MAGIC
        || way.isEmpty()
        || length < STREAM_HEADER_BYTES
        || length > region.byteSize() - HEADER_BYTES) {
      throw new IllegalArgumentException(
          "no state of devices here: magic %08x, way %d, %d bytes".formatted(magic, code, length));
    }
    byte[] stream = region.asSlice(HEADER_BYTES, length).toArray(ValueLayout.JAVA_BYTE);
    return new DeviceState(way.get(), stream);
  }

  /**
   * What a waiting QEMU is fed with. It expects the name of its machine type first, which is left
   * out when devices are saved alone.
   *
   * @param machine the versioned machine type of the QEMU that is fed
   */
  public byte[] incoming(String machine) {
    if (way == Way.MIGRATION) {
      return stream;
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(stream.length + 64);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      byte[] name = machine.getBytes(StandardCharsets.US_ASCII);
      out.write(stream, 0, STREAM_HEADER_BYTES);
      out.writeByte(SECTION_CONFIGURATION);
      out.writeInt(name.length);
      out.write(name);
      out.write(stream, STREAM_HEADER_BYTES, stream.length - STREAM_HEADER_BYTES);
      out.writeByte(SECTION_DESCRIPTION);
      out.writeInt(0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** Whether it begins as a stream of QEMU's does. */
  boolean isStream() {
    return stream.length > STREAM_HEADER_BYTES
        && MemorySegment.ofArray(stream).get(INT, 0) == STREAM_MAGIC;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DeviceState(Way otherWay, byte[] otherStream)
        && way == otherWay
        && Arrays.equals(stream, otherStream);
  }

  @Override
  public int hashCode() {
    return 31 * way.hashCode() + Arrays.hashCode(stream);
  }

  @Override
  public String toString() {
    return "%s, %,d bytes".formatted(way, stream.length);
  }
}
