package io.penumbra.sync.encode;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.sync.encode.Decoding.Decoded;
import io.penumbra.sync.encode.Decoding.Partly;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A page that the other end has already is named and not sent. */
class ReferencesTest {

  private static final int PAGES = 64;
  private static final int NAMED_BYTES_MAX = 60;
  private static final Prices PRICES = Prices.link(125e6);

  private final Random dice = new Random(11);
  private final ArrayPages before = noise(PAGES);
  private final ArrayPages now = new ArrayPages(PAGES);
  private final ArrayPages shadow = new ArrayPages(PAGES);
  private final PageEncoder encoder = new PageEncoder(PRICES);
  private final PageDecoder decoder = new PageDecoder();

  ReferencesTest() {
    now.copyFrom(before);
    shadow.copyFrom(before);
  }

  @ParameterizedTest
  @EnumSource
  void aPageThatMovedIsNamed(Coding coding) {
    encoder.encodeAlone(before, all(), Coding.PLAIN);
    now.set(40, before.page(7), 0);

    EncodedBlock block = encoder.encode(before, now, new int[] {40}, coding).getFirst();

    assertThat(block.bytes()).hasSizeLessThan(NAMED_BYTES_MAX);
    assertThat(decode(block, before)).isEqualTo(new Decoded(1));
    assertThat(shadow.same(now, 40)).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void aPageThatIsInTheBlockTwiceIsSentOnce(Coding coding) {
    byte[] fresh = noise(1).page(0);
    int[] changed = {3, 9, 10, 50};
    for (int page : changed) {
      now.set(page, fresh, 0);
    }
    List<EncodedBlock> blocks = encoder.encode(before, now, changed, coding);

    assertThat(blocks).hasSize(1);
    assertThat(blocks.getFirst().bytes()).hasSizeLessThan(4096 + 2 * NAMED_BYTES_MAX);
    assertThat(decode(blocks.getFirst(), before)).isEqualTo(new Decoded(4));
    for (int page : changed) {
      assertThat(shadow.same(now, page)).isTrue();
    }
  }

  @Test
  void aPageWhoseEarlierPlaceHasChangedIsSent() {
    encoder.encodeAlone(before, all(), Coding.PLAIN);
    byte[] moved = before.page(7);
    before.set(7, noise(1).page(0), 0);
    now.copyFrom(before);
    now.set(40, moved, 0);

    EncodedBlock block = encoder.encode(before, now, new int[] {40}, Coding.FAST).getFirst();

    assertThat(block.bytes().length).isGreaterThan(4000);
  }

  @Test
  void aNameBeyondTheStateIsDamage() {
    encoder.encodeAlone(before, all(), Coding.PLAIN);
    now.set(2, before.page(60), 0);
    EncodedBlock block = encoder.encode(before, now, new int[] {2}, Coding.FAST).getFirst();

    assertThat(decoder.decode(block.bytes(), block.pages(), new ArrayPages(50), shadow::set))
        .isInstanceOf(Decoding.Damaged.class);
  }

  @Test
  void unlessAskedForNothingIsNamedAcrossMachines() {
    SentContents sent = new SentContents(1000);
    PageEncoder first = new PageEncoder(() -> PRICES, () -> 0, Optional.of(sent));
    first.encodeAlone(before, all());
    first.accepted();
    now.set(5, before.page(7), 0);
    ArrayPages other = new ArrayPages(PAGES);

    EncodedBlock block = encoder.encode(other, now, new int[] {5}, Coding.FAST).getFirst();

    assertThat(block.bytes().length).isGreaterThan(4000);
  }

  @Test
  void aPageOfAnotherMachineIsNamedAndFoundAtTheReceiver() {
    TwoMachines machines = new TwoMachines();
    machines.firstIsAccepted();

    EncodedBlock block = machines.secondCopies(7, 5);

    assertThat(block.bytes()).hasSizeLessThan(2 * NAMED_BYTES_MAX);
    assertThat(machines.decode(block)).isEqualTo(new Decoded(1));
    assertThat(machines.got.get(5)).isTrue();
    assertThat(machines.shadow.same(machines.now, 5)).isTrue();
  }

  @Test
  void aPageThatTheReceiverNoLongerHasIsMissingAndNoOther() {
    TwoMachines machines = new TwoMachines();
    machines.firstIsAccepted();
    EncodedBlock block = machines.secondCopies(7, 5, 6);
    // The first machine's page has changed at the receiver since.
    shadow.set(7, noise(1).page(0), 0);

    assertThat(machines.decode(block)).isEqualTo(new Partly(1, 1));
    assertThat(machines.got.get(5)).isFalse();
    assertThat(machines.got.get(6)).isTrue();
  }

  @Test
  void aReceiverThatSharesNothingMissesThePageToo() {
    TwoMachines machines = new TwoMachines();
    machines.firstIsAccepted();
    EncodedBlock block = machines.secondCopies(7, 5);

    assertThat(decoder.decode(block.bytes(), block.pages(), machines.before, shadow::set))
        .isEqualTo(new Partly(0, 1));
  }

  @Test
  void whatIsNotAcceptedIsNotNamedElsewhere() {
    TwoMachines machines = new TwoMachines();
    machines.firstIsDiscarded();

    assertThat(machines.secondCopies(7, 5).bytes().length).isGreaterThan(4000);
  }

  @Test
  void aStateThatIsGoneIsForgotten() {
    TwoMachines machines = new TwoMachines();
    machines.firstIsAccepted();
    EncodedBlock block = machines.secondCopies(7, 5);
    machines.held.forget(shadow);

    assertThat(machines.decode(block)).isEqualTo(new Partly(0, 1));
  }

  /** The test's machine, and another one between the same hosts. */
  private final class TwoMachines {

    final ArrayPages before = noise(PAGES);
    final ArrayPages now = new ArrayPages(PAGES);
    final ArrayPages shadow = new ArrayPages(PAGES);
    final BitSet got = new BitSet();
    final HeldContents held = new HeldContents(1000);
    private final SentContents sent = new SentContents(1000);
    private final PageEncoder first = new PageEncoder(() -> PRICES, () -> 0, Optional.of(sent));
    private final PageDecoder firstDecoder = new PageDecoder(Optional.of(held));
    private final PageEncoder second = new PageEncoder(() -> PRICES, () -> 0, Optional.of(sent));
    private final PageDecoder secondDecoder = new PageDecoder(Optional.of(held));

    void firstIsAccepted() {
      firstIsSent();
      first.accepted();
      firstDecoder.accepted();
    }

    void firstIsDiscarded() {
      firstIsSent();
      first.discard();
      firstDecoder.discard();
    }

    private void firstIsSent() {
      for (EncodedBlock block : first.encodeAlone(ReferencesTest.this.before, all())) {
        firstDecoder.decode(
            block.bytes(),
            block.pages(),
            ReferencesTest.this.shadow,
            ReferencesTest.this.shadow::set);
      }
    }

    /** The second machine gets a page of the first, and new noise in some others. */
    EncodedBlock secondCopies(int page, int to, int... others) {
      now.copyFrom(before);
      now.set(to, ReferencesTest.this.before.page(page), 0);
      for (int other : others) {
        now.set(other, noise(1).page(0), 0);
      }
      int[] changed = IntStream.concat(IntStream.of(to), IntStream.of(others)).toArray();
      return second.encode(before, now, changed, Coding.FAST).getFirst();
    }

    Decoding decode(EncodedBlock block) {
      return secondDecoder.decode(
          block.bytes(),
          block.pages(),
          before,
          (page, bytes, at) -> {
            got.set(page);
            shadow.set(page, bytes, at);
          });
    }
  }

  private Decoding decode(EncodedBlock block, ArrayPages previous) {
    return decoder.decode(block.bytes(), block.pages(), previous, shadow::set);
  }

  private ArrayPages noise(int pages) {
    ArrayPages noise = new ArrayPages(pages);
    byte[] page = new byte[4096];
    for (int i = 0; i < pages; i++) {
      dice.nextBytes(page);
      noise.set(i, page, 0);
    }
    return noise;
  }

  private static int[] all() {
    return IntStream.range(0, PAGES).toArray();
  }
}
