package io.penumbra.sync.scan;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.sync.epoch.Consistency;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionId;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.sync.epoch.StateLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CutTakerTest {

  private static final StateLayout LAYOUT =
      new StateLayout(
          List.of(
              new Region(RegionId.of("ram"), RegionKind.RAM, 3000L * PageSize.BYTES),
              new Region(RegionId.of("device"), RegionKind.DEVICE, 5L * PageSize.BYTES + 123)));

  private final MemorySource source = new MemorySource(LAYOUT);
  private final CutTaker taker = taker(source);

  private static CutTaker taker(MemorySource source) {
    RegionPages base =
        new RegionPages(
            LAYOUT,
            IntStream.range(0, LAYOUT.regions().size())
                .mapToObj(region ->
                    Arena.ofAuto().allocate((long) LAYOUT.pagesIn(region) << PageSize.SHIFT, 64))
                .toList());
    return new CutTaker(
        source,
        base,
        bytes -> Arena.ofAuto().allocate(bytes, 64),
        CutSettings.DEFAULT,
        InstantSource.fixed(Instant.EPOCH));
  }

  @Test
  void theFirstCutIsEverythingAndTheNextOnlyWhatHasChanged() {
    taker.accept(taker.take());
    write(17, 100);
    write(2999, 4095);
    write(LAYOUT.pages() - 1, 122);

    Cut cut = taker.take();

    assertThat(cut.pages()).containsExactly(17, 2999, LAYOUT.pages() - 1);
    assertThat(cut.consistency()).isEqualTo(Consistency.QUIESCED);
    assertHolds(cut);
  }

  @Test
  void whatIsWrittenAfterTheCutIsNotInIt() {
    taker.accept(taker.take());
    write(3, 0);
    Cut cut = taker.take();
    long hash = cut.hashes()[0];
    write(3, 1);

    assertThat(PageHash.of(cut.current(), 3)).isEqualTo(hash);
    taker.accept(cut);
    assertThat(taker.take().pages()).containsExactly(3);
  }

  @Test
  void aCutThatWasNotAcceptedIsForgotten() {
    taker.accept(taker.take());
    write(3, 0);
    taker.take();
    write(4, 0);

    assertThat(taker.take().pages()).containsExactly(3, 4);
  }

  @Test
  void afterARestartAllPagesAreNamedAgain() {
    taker.accept(taker.take());
    write(3, 0);
    taker.restart();
    Cut cut = taker.take();

    assertThat(cut.pages()).hasSize(LAYOUT.pages());
    assertHolds(cut);
  }

  @Test
  void aTrackerSavesComparing() {
    source.tracking = true;
    taker.accept(taker.take());
    source.write(3, 0);
    source.writeTheSame(5);
    // Nobody told of this one, so nobody looks.
    source.tracking = false;
    source.write(9, 0);
    source.tracking = true;

    assertThat(taker.take().pages()).containsExactly(3);
  }

  @Test
  void whatATrackerNamedForACutThatWasNotAcceptedIsInTheNext() {
    source.tracking = true;
    taker.accept(taker.take());
    source.write(3, 0);
    taker.take();
    source.write(4, 0);
    Cut cut = taker.take();

    assertThat(cut.pages()).containsExactly(3, 4);
    assertHolds(cut);
    taker.accept(cut);
    assertThat(taker.take().pages()).isEmpty();
  }

  @Test
  void theFirstTimeATrackerNamesWhatIsNotZero() {
    source.tracking = true;
    source.write(9, 0);
    Cut cut = taker.take();

    assertThat(cut.pages()).hasSize(LAYOUT.pages());
    assertHolds(cut);
  }

  @Test
  void whatIsCopiedAheadAndWrittenAgainBeforeTheHoldIsCopiedAgain() {
    for (boolean tracking : new boolean[] {true, false}) {
      MemorySource guest = new MemorySource(LAYOUT);
      CutTaker late = taker(guest);
      guest.tracking = tracking;
      guest.glimpses = true;
      guest.whenHeld =
          () -> {
            guest.write(7, 0);
            guest.write(8, 0);
            guest.write(LAYOUT.pages() - 1, 5);
          };
      late.accept(late.take());
      guest.write(6, 0);
      guest.write(7, 0);
      Cut cut = late.take();

      assertThat(cut.pages()).containsExactly(6, 7, 8, LAYOUT.pages() - 1);
      assertHolds(cut, guest);
      late.accept(cut);
    }
  }

  @Test
  void anyScriptOfEditsIsFoundWithAnyTrackerAndAnyRefusals() {
    for (long seed = 0; seed < 25; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      MemorySource guest = new MemorySource(LAYOUT);
      CutTaker cuts = taker(guest);
      guest.tracking = seed % 2 == 0;
      guest.glimpses = seed % 3 == 0;
      guest.still = seed % 5 != 0;
      guest.whenHeld =
          () -> {
            for (int edits = random.nextInt(5); edits > 0; edits--) {
              guest.write(random.nextInt(LAYOUT.pages()), random.nextInt(123));
            }
          };
      for (int round = 0; round < 12; round++) {
        for (int edits = random.nextInt(60); edits > 0; edits--) {
          guest.write(random.nextInt(LAYOUT.pages()), random.nextInt(123));
        }
        Cut cut = cuts.take();
        assertHolds(cut, guest);
        int chance = random.nextInt(10);
        if (chance < 6) {
          cuts.accept(cut);
        } else if (chance == 6) {
          cuts.restart();
        }
      }
    }
  }

  @Test
  void aStateThatNobodyHoldsIsStableWhenTwoPassesAgree() {
    source.still = false;
    taker.accept(taker.take());
    write(3, 0);

    Cut cut = taker.take();
    assertThat(cut.consistency()).isEqualTo(Consistency.STABLE);
    assertThat(cut.passes()).isEqualTo(2);
  }

  @Test
  void underAWriterEveryPageIsWhatItsHashSaysAndAfterwardsTheCopyIsIdentical() throws Exception {
    source.still = false;
    AtomicBoolean stop = new AtomicBoolean();
    Thread writer =
        Thread.ofPlatform()
            .start(() -> {
              SplittableRandom random = new SplittableRandom(3);
              while (!stop.get()) {
                write(random.nextInt(3000), 8 * random.nextInt(512));
              }
            });
    for (int i = 0; i < 30; i++) {
      Cut cut = taker.take();
      for (int j = 0; j < cut.pages().length; j++) {
        if (PageHash.of(cut.current(), cut.pages()[j]) != cut.hashes()[j]) {
          throw new AssertionError("page %d is not what its hash says".formatted(cut.pages()[j]));
        }
      }
      taker.accept(cut);
    }
    stop.set(true);
    writer.join();
    Cut last = taker.take();

    assertThat(last.consistency()).isEqualTo(Consistency.STABLE);
    assertHolds(last);
  }

  @Test
  void anyScriptOfEditsIsFoundToThePage() {
    for (long seed = 0; seed < 30; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      for (int edits = random.nextInt(60); edits > 0; edits--) {
        write(random.nextInt(LAYOUT.pages()), random.nextInt(123));
      }
      Cut cut = taker.take();
      assertHolds(cut);
      if (random.nextBoolean()) {
        taker.accept(cut);
        assertThat(taker.hashes().root()).as("seed %d", seed).isEqualTo(cut.root());
      }
    }
  }

  @Test
  void hotPagesComeFirstAndColdOnesInOrder() {
    PageHeat heat = new PageHeat(100);
    heat.changed(new int[] {50, 7});
    heat.changed(new int[] {50});

    assertThat(heat.hottestFirst(new int[] {1, 7, 9, 50, 60})).containsExactly(50, 7, 1, 9, 60);
  }

  private void write(int page, int at) {
    source.write(page, at);
  }

  /** The cut is what the source is now, to the byte, and its root is right. */
  private void assertHolds(Cut cut) {
    assertHolds(cut, source);
  }

  private static void assertHolds(Cut cut, MemorySource source) {
    long[] hashes = new long[LAYOUT.pages()];
    for (int page = 0; page < hashes.length; page++) {
      long at = LAYOUT.offsetInRegion(page);
      int bytes = LAYOUT.bytesOf(page);
      long differs =
          MemorySegment.mismatch(
              cut.current().segment(page),
              cut.current().offset(page),
              cut.current().offset(page) + bytes,
              source.regions.get(LAYOUT.regionOf(page)),
              at,
              at + bytes);
      if (differs >= 0) {
        throw new AssertionError("page %d differs at byte %d".formatted(page, differs));
      }
      hashes[page] = PageHash.of(cut.current(), page);
    }
    assertThat(PageHashes.of(hashes).root()).isEqualTo(cut.root());
  }
}
