package io.penumbra.sync.erasure;

import io.penumbra.sync.erasure.Rebuild.Rebuilt;
import io.penumbra.sync.erasure.Rebuild.TooFew;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A systematic Reed-Solomon code: data shards are the bytes themselves, parity shards are sums of
 * them, and any {@code data} shards give all others back. Shards are off-heap, of one size that is
 * a multiple of 64 bytes. Safe for use by many threads on different shards.
 */
public final class ReedSolomon {

  private static final int VECTOR_BYTES_MAX = 64;

  private final CodeShape shape;
  private final GaloisKernel kernel;
  private final Coefficients parity;
  private final GaloisKernel.Prepared encoder;

  public ReedSolomon(CodeShape shape, GaloisKernel kernel) {
    this.shape = shape;
    this.kernel = kernel;
    parity = Coefficients.cauchy(shape);
    encoder = shape.parity() == 0 ? (inputs, outputs, bytes) -> {} : kernel.prepare(parity);
  }

  /** How many shards it makes. */
  public CodeShape shape() {
    return shape;
  }

  /** Computes all parity shards. */
  public void encode(List<MemorySegment> data, List<MemorySegment> parityShards) {
    requireCount("data", data.size(), shape.data());
    requireCount("parity", parityShards.size(), shape.parity());
    combine(encoder, data, parityShards);
  }

  /** Computes one parity shard, for when more are wanted than were made at first. */
  public void encodeOne(List<MemorySegment> data, int parityIndex, MemorySegment to) {
    requireCount("data", data.size(), shape.data());
    combine(kernel.prepare(parity.rows(parityIndex, 1)), data, List.of(to));
  }

  /**
   * Computes the data shards that are missing. Missing parity shards are left as they are.
   *
   * @param shards data shards, then parity shards; the missing ones are the room to write to
   * @param present which of them hold what was sent
   */
  public Rebuild rebuild(List<MemorySegment> shards, BitSet present) {
    requireCount("all", shards.size(), shape.total());
    int[] lost = without(present);
    if (lost.length == 0) {
      return new Rebuilt(0);
    }
    int[] spare =
        present.stream()
            .filter(i -> i >= shape.data() && i < shape.total())
            .limit(lost.length)
            .toArray();
    if (spare.length < lost.length) {
      return new TooFew(shape.data() - lost.length + spare.length, shape.data());
    }
    List<MemorySegment> inputs =
        IntStream.concat(present.stream().filter(i -> i < shape.data()), Arrays.stream(spare))
            .mapToObj(shards::get)
            .toList();
    List<MemorySegment> outputs = Arrays.stream(lost).mapToObj(shards::get).toList();
    combine(kernel.prepare(solution(lost, spare, present)), inputs, outputs);
    return new Rebuilt(lost.length);
  }

  private int[] without(BitSet present) {
    return IntStream.range(0, shape.data()).filter(i -> !present.get(i)).toArray();
  }

  /**
   * What remains of a parity shard when the data that is there is taken out of it is a sum over the
   * lost shards alone: so only a matrix as large as the loss has to be inverted.
   */
  private Coefficients solution(int[] lost, int[] spare, BitSet present) {
    int n = lost.length;
    int[] part = new int[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        part[i * n + j] = parity.at(spare[i] - shape.data(), lost[j]);
      }
    }
    Coefficients inverse = new Coefficients(n, n, part).inverted();
    int[] kept = present.stream().filter(i -> i < shape.data()).toArray();
    int[] values = new int[n * shape.data()];
    for (int row = 0; row < n; row++) {
      for (int column = 0; column < kept.length; column++) {
        int sum = 0;
        for (int i = 0; i < n; i++) {
          sum ^=
              GaloisField.multiply(
                  inverse.at(row, i), parity.at(spare[i] - shape.data(), kept[column]));
        }
        values[row * shape.data() + column] = sum;
      }
      for (int i = 0; i < n; i++) {
        values[row * shape.data() + kept.length + i] = inverse.at(row, i);
      }
    }
    return new Coefficients(n, shape.data(), values);
  }

  private static void combine(
      GaloisKernel.Prepared prepared, List<MemorySegment> inputs, List<MemorySegment> outputs) {
    if (outputs.isEmpty()) {
      return;
    }
    long bytes = inputs.getFirst().byteSize();
    if (bytes == 0 || bytes % VECTOR_BYTES_MAX != 0 || bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "shards have %d bytes, expected a multiple of %d below 2 GiB. Maybe CodeShape.shardBytes was not asked?"
              .formatted(bytes, VECTOR_BYTES_MAX));
    }
    try {
      prepared.combine(addresses(inputs, bytes), addresses(outputs, bytes), (int) bytes);
    } finally {
      // The kernels know addresses only: the memory must not go before they are done.
      Reference.reachabilityFence(inputs);
      Reference.reachabilityFence(outputs);
    }
  }

  private static long[] addresses(List<MemorySegment> shards, long bytes) {
    long[] addresses = new long[shards.size()];
    for (int i = 0; i < addresses.length; i++) {
      MemorySegment shard = shards.get(i);
      if (!shard.isNative() || shard.byteSize() != bytes || !shard.scope().isAlive()) {
        throw new IllegalArgumentException(
            "shard %d is %s, expected living off-heap memory of %d bytes like the first. Maybe allocate it in an Arena?"
                .formatted(i, shard, bytes));
      }
      addresses[i] = shard.address();
    }
    return addresses;
  }

  private void requireCount(String what, int given, int expected) {
    if (given != expected) {
      throw new IllegalArgumentException(
          "a %s code has %d shards for %s, not %d".formatted(shape, expected, what, given));
    }
  }
}
