package io.penumbra.sync.path;

import io.penumbra.sync.erasure.CodeShape;
import io.penumbra.sync.erasure.GaloisKernel;
import io.penumbra.sync.erasure.Rebuild;
import io.penumbra.sync.erasure.ReedSolomon;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * Makes parity for messages and gives lost parts back. It keeps one piece of memory to compute in,
 * as large as the largest group so far. Owned by one thread at a time.
 */
public final class GroupCoder {

  private static final int CODES_MAX = 32;
  private static final int ALIGNMENT = 64;

  private final GaloisKernel kernel;

  /** Codes in use, the one used longest ago first. */
  private final Map<CodeShape, ReedSolomon> codes = new LinkedHashMap<>(16, 0.75f, true);

  private MemorySegment room = Arena.ofAuto().allocate(ALIGNMENT, ALIGNMENT);

  public GroupCoder(GaloisKernel kernel) {
    this.kernel = kernel;
  }

  /** The parity shards of a message. */
  public List<ByteBuffer> parity(ByteBuffer message, CodeShape shape) {
    if (shape.parity() == 0) {
      return List.of();
    }
    int shardBytes = shape.shardBytes(message.remaining());
    List<MemorySegment> shards = shards(shape, shardBytes);
    MemorySegment data = room.asSlice(0, (long) shape.data() * shardBytes);
    data.asSlice(0, message.remaining()).copyFrom(MemorySegment.ofBuffer(message));
    data.asSlice(message.remaining()).fill((byte) 0);
    code(shape)
        .encode(shards.subList(0, shape.data()), shards.subList(shape.data(), shape.total()));
    List<ByteBuffer> parity = new ArrayList<>();
    for (MemorySegment shard : shards.subList(shape.data(), shape.total())) {
      parity.add(ByteBuffer.wrap(shard.toArray(ValueLayout.JAVA_BYTE)));
    }
    return parity;
  }

  /**
   * Fills the parts of a message that did not arrive.
   *
   * @param present data shards that are in the message already
   * @param parity parity shards that have arrived, by their index in the code
   */
  Rebuild rebuild(
      byte[] message, CodeShape shape, BitSet present, SortedMap<Integer, byte[]> parity) {
    int shardBytes = shape.shardBytes(message.length);
    List<MemorySegment> shards = shards(shape, shardBytes);
    BitSet all = new BitSet();
    all.or(present);
    for (int index = present.nextSetBit(0); index >= 0; index = present.nextSetBit(index + 1)) {
      int from = Math.min(message.length, index * shardBytes);
      int length = Math.min(shardBytes, message.length - from);
      MemorySegment.copy(message, from, shards.get(index), ValueLayout.JAVA_BYTE, 0, length);
      shards.get(index).asSlice(length).fill((byte) 0);
    }
    parity.forEach((index, bytes) -> {
      shards.get(index).copyFrom(MemorySegment.ofArray(bytes));
      all.set(index);
    });
    Rebuild rebuild = code(shape).rebuild(shards, all);
    for (int index = 0; index < shape.data(); index++) {
      int from = index * shardBytes;
      if (!present.get(index) && from < message.length) {
        int length = Math.min(shardBytes, message.length - from);
        MemorySegment.copy(shards.get(index), ValueLayout.JAVA_BYTE, 0, message, from, length);
      }
    }
    return rebuild;
  }

  private ReedSolomon code(CodeShape shape) {
    ReedSolomon code = codes.computeIfAbsent(shape, wanted -> new ReedSolomon(wanted, kernel));
    if (codes.size() > CODES_MAX) {
      codes.remove(codes.keySet().iterator().next());
    }
    return code;
  }

  private List<MemorySegment> shards(CodeShape shape, int shardBytes) {
    long wanted = (long) shape.total() * shardBytes;
    if (room.byteSize() < wanted) {
      room = Arena.ofAuto().allocate(wanted, ALIGNMENT);
    }
    List<MemorySegment> shards = new ArrayList<>();
    for (int index = 0; index < shape.total(); index++) {
      shards.add(room.asSlice((long) index * shardBytes, shardBytes));
    }
    return shards;
  }
}
