package io.penumbra.sync.encode;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.sync.encode.Decoding.Damaged;
import io.penumbra.sync.encode.Decoding.Decoded;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Many edits and much damage. {@code -Dpenumbra.fuzz.edits} and {@code -Dpenumbra.fuzz.blocks} set
 * how many; a seed that fails is named.
 */
class BlockFuzzTest {

  private static final int EDITS = Integer.getInteger("penumbra.fuzz.edits", 120_000);
  private static final int BLOCKS = Integer.getInteger("penumbra.fuzz.blocks", 1_000_000);
  private static final Prices PRICES = Prices.link(125e6);
  private static final int PAGES = 24;

  /** A model is copied for each block, and large; it gets few blocks of more pages. */
  private static final int MODEL_EVERY = 80;

  private static final List<Coding> QUICK =
      List.of(Coding.PLAIN, Coding.LZ4, Coding.FAST, Coding.RUNS);

  @Test
  void whatIsDecodedIsWhatWasEncodedForAnyEdits() {
    int cases = 0;
    for (long seed = 1; cases < EDITS; seed++) {
      World world = new World(seed);
      for (int epoch = 0; epoch < 100; epoch++) {
        cases += world.epoch();
      }
    }

    assertThat(cases).isGreaterThanOrEqualTo(EDITS);
  }

  @Test
  void damagedBlocksAreRefusedAndForgedOnesEndInAResult() {
    List<Sample> samples = samples();
    SplittableRandom dice = new SplittableRandom(12);
    int refused = 0;
    for (int i = 0; i < BLOCKS; i++) {
      Sample sample = samples.get(dice.nextInt(samples.size()));
      byte[] bytes = damaged(sample.block.bytes(), dice);
      boolean forged = bytes.length >= BlockHeader.BYTES && i % sample.forgeEvery == 0;
      if (forged) {
        BlockHeader.read(bytes).write(bytes);
      }
      Decoding decoding =
          sample.decoder.decode(
              bytes,
              sample.block.pages(),
              sample.before,
              (_, page, at) -> {
                assertThat(page.length - at).isGreaterThanOrEqualTo(4096);
              });
      refused += decoding instanceof Damaged ? 1 : 0;
      if (!forged) {
        assertThat(decoding).as("block %d", i).isInstanceOf(Damaged.class);
      }
    }

    assertThat(refused).isBetween(BLOCKS / 2, BLOCKS);
  }

  /** A machine and its shadow, which never differ after an epoch. */
  private static final class World {

    private final long seed;
    private final Random dice;
    private final ArrayPages primary = new ArrayPages(PAGES);
    private final ArrayPages lastCut = new ArrayPages(PAGES);
    private final ArrayPages shadow = new ArrayPages(PAGES);
    private final PageEncoder encoder = new PageEncoder(PRICES);
    private final PageDecoder decoder = new PageDecoder();
    private final EditScript script;

    World(long seed) {
      this.seed = seed;
      dice = new Random(seed);
      script = new EditScript(dice, primary, PAGES);
    }

    /** Some edits, coded in some way; returns how many pages went through. */
    int epoch() {
      boolean modelled = dice.nextInt(MODEL_EVERY) == 0;
      int[] pages = script.edit(1 + dice.nextInt(modelled ? 60 : 12));
      boolean alone = !modelled && dice.nextInt(8) == 0;
      Coding coding = modelled ? Coding.MODEL : QUICK.get(dice.nextInt(QUICK.size()));
      List<EncodedBlock> blocks =
          alone
              ? encoder.encodeAlone(primary, pages, coding)
              : encoder.encode(lastCut, primary, pages, coding);
      int cases = 0;
      for (EncodedBlock block : blocks) {
        Decoding decoding = decoder.decode(block.bytes(), block.pages(), lastCut, shadow::set);
        assertThat(decoding)
            .as("seed %d, %s", seed, coding)
            .isEqualTo(new Decoded(block.pages().length));
        cases += block.pages().length;
      }
      for (int page : pages) {
        if (!shadow.same(primary, page)) {
          throw new AssertionError("page %d, seed %d, %s".formatted(page, seed, coding));
        }
        lastCut.set(page, primary.page(page), 0);
      }
      encoder.accepted();
      decoder.accepted();
      return cases;
    }
  }

  /** A block to be damaged, and what it takes to decode it. */
  private record Sample(
      EncodedBlock block, ArrayPages before, PageDecoder decoder, int forgeEvery) {}

  private static List<Sample> samples() {
    List<Sample> samples = new ArrayList<>();
    for (Coding coding : Coding.values()) {
      for (long seed = 1; seed <= 4; seed++) {
        ArrayPages before = new ArrayPages(PAGES);
        ArrayPages now = new ArrayPages(PAGES);
        EditScript script = new EditScript(new Random(seed), now, PAGES);
        script.edit(40);
        PageEncoder encoder = new PageEncoder(PRICES);
        encoder.encodeAlone(now, script.edit(60), Coding.PLAIN);
        before.copyFrom(now);
        int[] pages = script.edit(2 * (int) seed);
        now.set(pages[0], before.page(pages[pages.length - 1]), 0);
        EncodedBlock block = encoder.encode(before, now, pages, coding).getFirst();
        samples.add(
            new Sample(
                block,
                before,
                new PageDecoder(Optional.of(new HeldContents(10))),
                coding == Coding.MODEL ? 400 : 4));
      }
    }
    return samples;
  }

  private static byte[] damaged(byte[] block, SplittableRandom dice) {
    byte[] bytes = Arrays.copyOf(block, length(block.length, dice));
    if (bytes.length > 0) {
      for (int flips = bytes.length == block.length ? 1 + dice.nextInt(3) : 1; flips > 0; flips--) {
        bytes[dice.nextInt(bytes.length)] ^= (byte) (1 << dice.nextInt(8));
      }
    }
    if (Arrays.equals(bytes, block)) {
      bytes[0] ^= 1;
    }
    return bytes;
  }

  private static int length(int length, SplittableRandom dice) {
    return switch (dice.nextInt(4)) {
      case 0 -> dice.nextInt(length);
      case 1 -> length + dice.nextInt(1, 20);
      default -> length;
    };
  }
}
