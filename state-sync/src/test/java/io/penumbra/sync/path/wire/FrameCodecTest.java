package io.penumbra.sync.path.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class FrameCodecTest {

  private static final int FUZZED = Integer.getInteger("penumbra.path.fuzz", 60_000);

  private static final ByteBuffer PAYLOAD = ByteBuffer.allocate(256);

  private static final List<PathFrame> FRAMES =
      List.of(
          new Hello(-5, Long.MAX_VALUE, 15, 1 << 24, 1 << 26),
          new Shard(7, new ShardLabel(1L << 40, 1000, new CodeShape(5, 3), 7), padded()),
          new Ack(1, Verdict.ARRIVED, 12),
          new Ack(2, Verdict.CORRUPT, 0),
          new Ack(3, Verdict.REFUSED, 0),
          new Status(10, 12, 0x8000_0000_0000_0001L),
          new Probe(Long.MAX_VALUE));

  @Test
  void everyFrameIsReadAsItWasWritten() throws BrokenFrameException {
    for (PathFrame frame : FRAMES) {
      ByteBuffer bytes = written(frame);
      int payload = FrameCodec.payloadBytes(bytes);
      assertThat(payload).isEqualTo(bytes.remaining() - FrameCodec.HEADER_BYTES);
      assertThat(FrameCodec.read(bytes, payload(bytes))).isEqualTo(frame);
    }
  }

  @Test
  void noFlippedBitIsBelieved() {
    for (PathFrame frame : FRAMES) {
      byte[] whole = bytes(frame);
      for (int bit = 0; bit < whole.length * 8; bit++) {
        byte[] bytes = whole.clone();
        bytes[bit / 8] ^= (byte) (1 << bit % 8);
        assertThat(understood(bytes, frame)).as("%s, bit %d", frame, bit).isFalse();
      }
    }
  }

  @Test
  void noiseIsRefusedAndNeverMore() {
    for (long seed = 1; seed <= FUZZED; seed++) {
      Random random = new Random(seed);
      PathFrame frame = FRAMES.get(random.nextInt(FRAMES.size()));
      byte[] bytes = bytes(frame);
      int changes = 1 + random.nextInt(8);
      for (int i = 0; i < changes; i++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      if (Arrays.equals(bytes, bytes(frame))) {
        continue;
      }
      assertThat(understood(bytes, frame)).as("seed %d", seed).isFalse();
    }
  }

  @Test
  void aLengthThatNoShardHasIsRefusedWithItsNumbers() {
    ByteBuffer bytes = written(FRAMES.get(6));
    bytes.putInt(32, FrameCodec.PAYLOAD_BYTES_MAX + 1);
    CRC32C crc = new CRC32C();
    crc.update(bytes.slice(0, 44));
    bytes.putInt(44, (int) crc.getValue());

    assertThatThrownBy(() -> FrameCodec.payloadBytes(bytes))
        .isInstanceOf(BrokenFrameException.class)
        .hasMessageContaining(Integer.toString(FrameCodec.PAYLOAD_BYTES_MAX + 1));
  }

  /** Whether damage went unnoticed. */
  private static boolean understood(byte[] bytes, PathFrame original) {
    try {
      ByteBuffer frame = ByteBuffer.wrap(bytes);
      FrameCodec.payloadBytes(frame);
      PathFrame read = FrameCodec.read(frame, payload(frame));
      return !(read instanceof Spoilt && original instanceof Shard);
    } catch (BrokenFrameException refused) {
      return false;
    }
  }

  private static ByteBuffer payload(ByteBuffer frame) {
    return frame.slice(FrameCodec.HEADER_BYTES, frame.limit() - FrameCodec.HEADER_BYTES);
  }

  private static ByteBuffer padded() {
    return PAYLOAD.duplicate().limit(new CodeShape(5, 3).shardBytes(1000));
  }

  private static byte[] bytes(PathFrame frame) {
    ByteBuffer written = written(frame);
    byte[] bytes = new byte[written.remaining()];
    written.get(bytes);
    return bytes;
  }

  private static ByteBuffer written(PathFrame frame) {
    int payload = frame instanceof Shard shard ? shard.payload().remaining() : 0;
    ByteBuffer bytes = ByteBuffer.allocate(FrameCodec.HEADER_BYTES + payload);
    FrameCodec.writeHeader(frame, bytes);
    if (frame instanceof Shard shard) {
      bytes.put(shard.payload().duplicate());
    }
    return bytes.flip();
  }
}
