package io.penumbra.tiers;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.tiers.ChunkStore.Got.Found;
import io.penumbra.tiers.disk.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A whole store over packs that rotted while it was closed: it opens, and never lies. */
class PackRotTest {

  private static final int CASES = 600;
  private static final int CHUNKS = 12;

  @Test
  void aStoreOverDamagedPacksOpensAndGivesRightBytesOrNone() throws IOException {
    int found = 0;
    for (long seed = 1; seed <= CASES; seed++) {
      try {
        found += live(new SplittableRandom(seed));
      } catch (AssertionError | RuntimeException | IOException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
    assertThat(found).isBetween(CASES * CHUNKS / 4, CASES * CHUNKS - 1);
  }

  private static int live(SplittableRandom dice) throws IOException {
    Bench bench = new Bench();
    bench.packBytes = 4_096;
    List<ChunkId> ids = new ArrayList<>();
    try (TieredChunkStore store = bench.open()) {
      for (int i = 0; i < CHUNKS; i++) {
        if (store.put(Bench.noise(i, 600))
            instanceof ChunkStore.Put.Stored(ChunkId id, boolean _)) {
          ids.add(id);
        }
      }
    }
    for (int i = 1 + dice.nextInt(3); i > 0; i--) {
      wound(bench.disk, dice);
    }
    int found = 0;
    try (TieredChunkStore store = bench.open()) {
      for (int i = 0; i < CHUNKS; i++) {
        if (store.get(ids.get(i)) instanceof Found(ByteBuffer content)) {
          assertThat(content).isEqualTo(Bench.noise(i, 600));
          found++;
        }
      }
      ChunkStore.ReadAll read =
          store.readAll(
              ids, (index, content) -> assertThat(content).isEqualTo(Bench.noise(index, 600)));
      assertThat(read instanceof ChunkStore.ReadAll.Complete).isEqualTo(found == CHUNKS);
      // Whoever has the content can always put it again.
      for (int i = 0; i < CHUNKS; i++) {
        store.put(Bench.noise(i, 600));
        assertThat(store.get(ids.get(i))).isEqualTo(new Found(Bench.noise(i, 600)));
      }
    }
    return found;
  }

  private static void wound(Disk disk, SplittableRandom dice) throws IOException {
    List<String> packs =
        disk.list("packs").stream().filter(name -> name.endsWith(".pack")).toList();
    String path = "packs/" + packs.get(dice.nextInt(packs.size()));
    ByteBuffer content = disk.read(path, 0, 1 << 20);
    byte[] bytes = new byte[content.remaining()];
    content.get(bytes);
    if (bytes.length == 0) {
      return;
    }
    int at = dice.nextInt(bytes.length);
    switch (dice.nextInt(4)) {
      case 0 -> bytes = Arrays.copyOf(bytes, at);
      case 1 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 100), (byte) 0);
      default -> bytes[at] ^= (byte) (1 << dice.nextInt(8));
    }
    disk.writeWhole(path, ByteBuffer.wrap(bytes));
  }
}
