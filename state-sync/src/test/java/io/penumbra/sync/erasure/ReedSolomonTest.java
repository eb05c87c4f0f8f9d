package io.penumbra.sync.erasure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.sync.erasure.Rebuild.Rebuilt;
import io.penumbra.sync.erasure.Rebuild.TooFew;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ReedSolomonTest {

  private final Arena arena = Arena.ofAuto();

  static List<GaloisKernel> kernels() {
    return GaloisKernel.available();
  }

  @Test
  void theVectorKernelIsUsedByTheTestsAndPlainJavaIsAlwaysThere() {
    assertThat(kernels()).extracting(GaloisKernel::name).contains("vector", "scalar");
    assertThat(GaloisKernel.named("vector")).isPresent();
    assertThat(GaloisKernel.named("abacus")).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void givesTheBytesBackWhateverIsLost(GaloisKernel kernel) {
    for (long seed = 1; seed <= 150; seed++) {
      Random random = new Random(seed);
      CodeShape shape = new CodeShape(1 + random.nextInt(20), random.nextInt(10));
      List<MemorySegment> shards = encoded(shape, kernel, 64 * (1 + random.nextInt(150)), random);
      List<byte[]> sent = bytes(shards);
      BitSet present = lose(shards, shape.parity(), random);

      Rebuild rebuild = new ReedSolomon(shape, kernel).rebuild(shards, present);

      assertThat(rebuild).as("seed %d", seed).isInstanceOf(Rebuilt.class);
      for (int i = 0; i < shape.data(); i++) {
        assertThat(shards.get(i).toArray(ValueLayout.JAVA_BYTE))
            .as("seed %d, %s, shard %d", seed, shape, i)
            .isEqualTo(sent.get(i));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void everyKernelGivesTheBytesOfTheDefinition(GaloisKernel kernel) {
    for (long seed = 1; seed <= 40; seed++) {
      Random random = new Random(seed);
      CodeShape shape = new CodeShape(1 + random.nextInt(12), 1 + random.nextInt(12));
      List<MemorySegment> shards = encoded(shape, kernel, 64 * (1 + random.nextInt(3)), random);
      Coefficients matrix = Coefficients.cauchy(shape);
      for (int row = 0; row < shape.parity(); row++) {
        for (int at = 0; at < shards.getFirst().byteSize(); at++) {
          int sum = 0;
          for (int column = 0; column < shape.data(); column++) {
            int value = shards.get(column).get(ValueLayout.JAVA_BYTE, at) & 0xff;
            sum ^= slowProduct(matrix.at(row, column), value);
          }
          assertThat(shards.get(shape.data() + row).get(ValueLayout.JAVA_BYTE, at))
              .as("seed %d, %s, parity %d, byte %d", seed, shape, row, at)
              .isEqualTo((byte) sum);
        }
      }
    }
  }

  @Test
  void theFirstParityShardIsAPlainXor() {
    CodeShape shape = new CodeShape(5, 1);
    List<MemorySegment> shards = encoded(shape, new ScalarKernel(), 64, new Random(3));

    for (int at = 0; at < 64; at++) {
      int sum = 0;
      for (MemorySegment shard : shards) {
        sum ^= shard.get(ValueLayout.JAVA_BYTE, at);
      }
      assertThat(sum).isZero();
    }
  }

  @Test
  void aParityShardDoesNotDependOnHowManyThereAre() {
    ReedSolomon few = new ReedSolomon(new CodeShape(7, 2), new ScalarKernel());
    ReedSolomon many = new ReedSolomon(new CodeShape(7, 9), GaloisKernel.best());
    List<MemorySegment> data = random(7, 192, new Random(5));
    List<MemorySegment> two = random(2, 192, new Random(6));
    few.encode(data, two);

    for (int i = 0; i < 2; i++) {
      MemorySegment later = arena.allocate(192);
      many.encodeOne(data, i, later);
      assertThat(later.mismatch(two.get(i))).isEqualTo(-1);
    }
  }

  @Test
  void saysWhenTooFewAreLeft() {
    CodeShape shape = new CodeShape(4, 2);
    ReedSolomon code = new ReedSolomon(shape, GaloisKernel.best());
    List<MemorySegment> shards = random(6, 64, new Random(7));
    BitSet present = new BitSet();
    present.set(1);
    present.set(4);

    assertThat(code.rebuild(shards, present)).isEqualTo(new TooFew(2, 4));
  }

  @Test
  void everySquareOfTheWidestMatrixCanBeInverted() {
    CodeShape shape = new CodeShape(128, 127);
    Coefficients matrix = Coefficients.cauchy(shape);
    Random random = new Random(11);
    for (int i = 0; i < 50; i++) {
      int n = 1 + random.nextInt(16);
      int[] rows = pick(n, shape.parity(), random);
      int[] columns = pick(n, shape.data(), random);
      int[] part =
          IntStream.range(0, n * n).map(at -> matrix.at(rows[at / n], columns[at % n])).toArray();
      Coefficients inverse = new Coefficients(n, n, part).inverted();
      assertThat(product(inverse, part, n)).isEqualTo(identity(n));
    }
  }

  @Test
  void refusesShapesAndShardsThatCannotWork() {
    assertThatThrownBy(() -> new CodeShape(0, 1)).hasMessageContaining("0+1");
    assertThatThrownBy(() -> new CodeShape(200, 56)).hasMessageContaining("200+56");
    ReedSolomon code = new ReedSolomon(new CodeShape(2, 1), GaloisKernel.best());
    List<MemorySegment> odd = random(3, 100, new Random(1));
    assertThatThrownBy(() -> code.encode(odd.subList(0, 2), odd.subList(2, 3)))
        .hasMessageContaining("multiple of 64");
    List<MemorySegment> heap = List.of(MemorySegment.ofArray(new byte[64]), odd.get(0));
    assertThatThrownBy(() -> code.encode(heap, odd.subList(2, 3))).hasMessageContaining("off-heap");
  }

  @Test
  void aShardIsLargeEnoughForItsPartAndNoMoreThanAVectorTooLarge() {
    for (int bytes = 0; bytes < 5000; bytes += 7) {
      int shard = new CodeShape(7, 3).shardBytes(bytes);
      assertThat(shard * 7).isBetween(bytes, bytes + 7 * 64);
      assertThat(shard % 64).isZero();
    }
  }

  private List<MemorySegment> encoded(
      CodeShape shape, GaloisKernel kernel, int bytes, Random random) {
    List<MemorySegment> shards = random(shape.total(), bytes, random);
    new ReedSolomon(shape, kernel)
        .encode(shards.subList(0, shape.data()), shards.subList(shape.data(), shape.total()));
    return shards;
  }

  private List<MemorySegment> random(int count, int bytes, Random random) {
    List<MemorySegment> shards = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] content = new byte[bytes];
      random.nextBytes(content);
      shards.add(arena.allocateFrom(ValueLayout.JAVA_BYTE, content));
    }
    return shards;
  }

  private static BitSet lose(List<MemorySegment> shards, int count, Random random) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, shards.size()).boxed().toList());
    Collections.shuffle(order, random);
    BitSet present = new BitSet();
    present.set(0, shards.size());
    order
        .subList(0, count)
        .forEach(lost -> {
          present.clear(lost);
          shards.get(lost).fill((byte) 0x55);
        });
    return present;
  }

  private static List<byte[]> bytes(List<MemorySegment> shards) {
    return shards.stream().map(shard -> shard.toArray(ValueLayout.JAVA_BYTE)).toList();
  }

  private static int slowProduct(int a, int b) {
    int product = 0;
    for (int bit = 0; bit < 8; bit++) {
      product ^= (b >> bit & 1) * (a << bit);
    }
    for (int bit = 15; bit >= 8; bit--) {
      product ^= (product >> bit & 1) * (0x11d << (bit - 8));
    }
    return product;
  }

  private static int[] pick(int count, int of, Random random) {
    int[] all = IntStream.range(0, of).toArray();
    for (int i = 0; i < count; i++) {
      int other = i + random.nextInt(of - i);
      int kept = all[i];
      all[i] = all[other];
      all[other] = kept;
    }
    return Arrays.copyOf(all, count);
  }

  private static int[] product(Coefficients left, int[] right, int n) {
    int[] product = new int[n * n];
    for (int at = 0; at < n * n; at++) {
      for (int i = 0; i < n; i++) {
        product[at] ^= GaloisField.multiply(left.at(at / n, i), right[i * n + at % n]);
      }
    }
    return product;
  }

  private static int[] identity(int n) {
    return IntStream.range(0, n * n).map(at -> at / n == at % n ? 1 : 0).toArray();
  }
}
