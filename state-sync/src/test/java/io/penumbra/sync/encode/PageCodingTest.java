package io.penumbra.sync.encode;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.sync.encode.Decoding.Damaged;
import io.penumbra.sync.encode.Decoding.Decoded;
import io.penumbra.sync.encode.Decoding.UnknownModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes into a block comes out of it, and both ends always have learned the same. */
class PageCodingTest {

  private static final int PAGES = 96;
  private static final Prices PRICES = new Prices(1000, 1);

  private final ArrayPages primary = new ArrayPages(PAGES);
  private final ArrayPages lastCut = new ArrayPages(PAGES);
  private final ArrayPages shadow = new ArrayPages(PAGES);
  private final PageEncoder encoder = new PageEncoder(PRICES);
  private final PageDecoder decoder = new PageDecoder();

  @ParameterizedTest
  @EnumSource
  void whatIsDecodedIsWhatWasEncodedForAnyEditScript(Coding coding) {
    for (long seed = 1; seed <= 12; seed++) {
      Random dice = new Random(seed);
      EditScript script = new EditScript(dice, primary, PAGES);
      for (int epoch = 0; epoch < 5; epoch++) {
        int[] pages = script.edit(1 + dice.nextInt(60));
        for (EncodedBlock block : encoder.encode(lastCut, primary, pages, coding)) {
          apply(block, "seed " + seed);
        }
        accept();
        assertShadowIsPrimary("seed " + seed);
      }
    }
  }

  @Test
  void bothEndsHaveLearnedTheSameAfterAnyAcksLossesAndResets() {
    for (long seed = 1; seed <= 20; seed++) {
      Random dice = new Random(seed);
      EditScript script = new EditScript(dice, primary, PAGES);
      for (int epoch = 0; epoch < 6; epoch++) {
        int[] pages = script.edit(1 + dice.nextInt(40));
        List<EncodedBlock> blocks = new ArrayList<>();
        for (int[] group : groups(pages, 1 + dice.nextInt(30))) {
          blocks.addAll(encoder.encode(lastCut, primary, group, Coding.MODEL));
        }
        Collections.shuffle(blocks, dice);
        boolean lost = dice.nextInt(3) == 0;
        for (EncodedBlock block : blocks) {
          if (lost && dice.nextBoolean()) {
            encoder.encodeAlone(primary, block.pages()).forEach(b -> apply(b, "again"));
          } else {
            apply(block, "seed " + seed);
          }
        }
        assertShadowIsPrimary("seed " + seed);
        accept();
        if (lost) {
          encoder.reset();
          decoder.reset();
        }
        assertThat(encoder.learning().sameAs(decoder.learning()))
            .as("alike with seed %d after epoch %d", seed, epoch)
            .isTrue();
      }
    }
  }

  @Test
  void anEpochThatIsNotAcceptedTeachesNothing() {
    int[] pages = new EditScript(new Random(5), primary, PAGES).edit(40);
    encoder.encode(lastCut, primary, pages, Coding.MODEL).forEach(b -> apply(b, "first"));
    encoder.discard();
    decoder.discard();
    encoder.accepted();
    decoder.accepted();

    assertThat(encoder.model()).isZero();
    assertThat(encoder.learning().sameAs(new PageEncoder(PRICES).learning())).isTrue();
    assertThat(decoder.learning().sameAs(encoder.learning())).isTrue();
  }

  @Test
  void aBlockMadeWithAnotherModelIsNamedAndNotDecoded() {
    int[] pages = new EditScript(new Random(6), primary, PAGES).edit(40);
    encoder.encode(lastCut, primary, pages, Coding.MODEL);
    encoder.accepted();
    EncodedBlock block = encoder.encode(lastCut, primary, pages, Coding.MODEL).getFirst();

    assertThat(decode(block.bytes(), block.pages()))
        .isEqualTo(new UnknownModel(encoder.model(), 0));
  }

  @Test
  void pagesThatWereSeenBeforeCostLittle() {
    EditScript script = new EditScript(new Random(7), primary, PAGES);
    int[] pages = script.edit(200);
    int alone = bytes(encoder.encodeAlone(primary, pages));
    encoder.encode(lastCut, primary, pages, Coding.MODEL);
    encoder.accepted();

    assertThat(bytes(encoder.encode(lastCut, primary, pages, Coding.MODEL))).isLessThan(alone);
  }

  @Test
  void aPageThatDidNotChangeIsABlockToo() {
    EncodedBlock block = encoder.encode(lastCut, lastCut, new int[] {3}, Coding.MODEL).getFirst();

    assertThat(decode(block.bytes(), block.pages())).isEqualTo(new Decoded(1));
    assertThat(block.bytes().length).isLessThan(40);
  }

  @Test
  void noiseIsSplitIntoBlocksOfBoundedSize() {
    ArrayPages noise = new ArrayPages(1500);
    byte[] page = new byte[4096];
    Random dice = new Random(8);
    int[] all = IntStream.range(0, 1500).toArray();
    for (int i : all) {
      dice.nextBytes(page);
      noise.set(i, page, 0);
    }
    List<EncodedBlock> blocks = encoder.encodeAlone(noise, all);
    ArrayPages copy = new ArrayPages(1500);
    for (EncodedBlock block : blocks) {
      assertThat(decoder.decode(block.bytes(), block.pages(), copy, copy::set))
          .isInstanceOf(Decoded.class);
    }

    assertThat(bytes(blocks)).isLessThan(1500 * 4096 * 101 / 100);
    for (int i : all) {
      assertThat(copy.same(noise, i)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aDamagedBlockIsRefusedAndTouchesNothing(Coding coding) {
    Random dice = new Random(9);
    int[] pages = new EditScript(dice, primary, PAGES).edit(60);
    EncodedBlock block = encoder.encode(lastCut, primary, pages, coding).getFirst();
    for (int i = 0; i < 2000; i++) {
      byte[] bytes = Arrays.copyOf(block.bytes(), cut(dice, block.bytes().length));
      if (bytes.length > 0) {
        bytes[dice.nextInt(bytes.length)] ^= (byte) (1 << dice.nextInt(8));
      }
      assertThat(decode(bytes, block.pages())).isInstanceOf(Damaged.class);
    }
    assertThat(shadow.same(lastCut, pages[0])).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void aForgedBlockWithARightChecksumEndsInAResult(Coding coding) {
    Random dice = new Random(10);
    int[] pages = new EditScript(dice, primary, PAGES).edit(60);
    EncodedBlock block = encoder.encode(lastCut, primary, pages, coding).getFirst();
    for (int i = 0; i < 400; i++) {
      byte[] bytes = Arrays.copyOf(block.bytes(), cut(dice, block.bytes().length));
      if (bytes.length < BlockHeader.BYTES) {
        continue;
      }
      for (int flips = dice.nextInt(4); flips >= 0; flips--) {
        bytes[dice.nextInt(bytes.length)] ^= (byte) (1 << dice.nextInt(8));
      }
      BlockHeader.read(bytes).write(bytes);
      ArrayPages anywhere = new ArrayPages(PAGES);
      assertThat(decoder.decode(bytes, block.pages(), shadow, anywhere::set)).isNotNull();
    }
  }

  private static int cut(Random dice, int length) {
    return dice.nextBoolean() ? length : dice.nextInt(length);
  }

  private Decoding decode(byte[] bytes, int[] pages) {
    return decoder.decode(bytes, pages, shadow, shadow::set);
  }

  /** Decodes against the last cut, as the receiver stages pages until all are there. */
  private void apply(EncodedBlock block, String about) {
    assertThat(decoder.decode(block.bytes(), block.pages(), lastCut, shadow::set))
        .as(about)
        .isEqualTo(new Decoded(block.pages().length));
  }

  private void accept() {
    lastCut.copyFrom(primary);
    encoder.accepted();
    decoder.accepted();
  }

  private void assertShadowIsPrimary(String about) {
    for (int page = 0; page < PAGES; page++) {
      assertThat(shadow.same(primary, page)).as("page %d, %s", page, about).isTrue();
    }
  }

  private static int bytes(List<EncodedBlock> blocks) {
    return blocks.stream().mapToInt(b -> b.bytes().length).sum();
  }

  private static List<int[]> groups(int[] pages, int size) {
    List<int[]> groups = new ArrayList<>();
    for (int from = 0; from < pages.length; from += size) {
      groups.add(Arrays.copyOfRange(pages, from, Math.min(pages.length, from + size)));
    }
    return groups;
  }
}
