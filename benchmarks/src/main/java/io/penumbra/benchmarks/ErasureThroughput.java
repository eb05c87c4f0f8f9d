package io.penumbra.benchmarks;

import io.penumbra.sync.erasure.CodeShape;
import io.penumbra.sync.erasure.GaloisKernel;
import io.penumbra.sync.erasure.ReedSolomon;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;

/**
 * Reed-Solomon on one core: every kernel in turn, many short rounds, so that all of them meet the
 * same neighbours on a shared machine; the median round counts, and its ratio to ISA-L's.
 *
 * <p>Throughput is of the group's own bytes. Encoding makes all parity shards; decoding gives back
 * as many lost data shards as there is parity.
 */
final class ErasureThroughput {

  private static final int GROUP_BYTES = 1 << 20;
  private static final int WARM_UP_ROUNDS = 12;
  private static final int ROUNDS = 41;
  private static final double ROUND_NANOS = 40e6;

  private final CodeShape shape;
  private final List<MemorySegment> shards;

  private ErasureThroughput(CodeShape shape, Arena arena) {
    this.shape = shape;
    Random random = new Random(1);
    shards = new ArrayList<>();
    for (int i = 0; i < shape.total(); i++) {
      byte[] content = new byte[shape.shardBytes(GROUP_BYTES)];
      random.nextBytes(content);
      MemorySegment shard = arena.allocate(content.length, 64);
      shard.copyFrom(MemorySegment.ofArray(content));
      shards.add(shard);
    }
  }

  public static void main(String[] args) {
    List<String> shapes = args.length == 0 ? List.of("8+2", "2+1", "8+4") : List.of(args);
    System.out.printf(
        "%-6s %-8s %14s %14s %9s %9s%n",
        "code", "kernel", "encode GB/s", "decode GB/s", "of isal", "of isal");
    for (String shape : shapes) {
      try (Arena arena = Arena.ofConfined()) {
        new ErasureThroughput(parse(shape), arena).print();
      }
    }
  }

  private static CodeShape parse(String text) {
    String[] parts = text.split("\\+", 2);
    return new CodeShape(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
  }

  private void print() {
    List<GaloisKernel> kernels = GaloisKernel.available();
    double[][] encode = new double[kernels.size()][ROUNDS];
    double[][] decode = new double[kernels.size()][ROUNDS];
    for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      for (int i = 0; i < kernels.size(); i++) {
        ReedSolomon code = new ReedSolomon(shape, kernels.get(i));
        double encoding = rate(() -> encode(code));
        double decoding = rate(() -> decode(code));
        if (round >= 0) {
          encode[i][round] = encoding;
          decode[i][round] = decoding;
        }
      }
    }
    boolean isal = kernels.getFirst().name().equals("isal");
    for (int i = 0; i < kernels.size(); i++) {
      System.out.printf(
          "%-6s %-8s %14.1f %14.1f %9s %9s%n",
          shape,
          kernels.get(i).name(),
          median(encode[i]),
          median(decode[i]),
          isal ? share(median(encode[i]), median(encode[0])) : "absent",
          isal ? share(median(decode[i]), median(decode[0])) : "absent");
    }
  }

  private void encode(ReedSolomon code) {
    code.encode(shards.subList(0, shape.data()), shards.subList(shape.data(), shape.total()));
  }

  private void decode(ReedSolomon code) {
    BitSet present = new BitSet();
    present.set(Math.min(shape.parity(), shape.data()), shape.total());
    code.rebuild(shards, present);
  }

  private static double rate(Runnable work) {
    long started = System.nanoTime();
    long groups = 0;
    long spent;
    do {
      work.run();
      groups++;
      spent = System.nanoTime() - started;
    } while (spent < ROUND_NANOS);
    return (double) groups * GROUP_BYTES / spent;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static String share(double part, double whole) {
    return "%.0f %%".formatted(100 * part / whole);
  }
}
