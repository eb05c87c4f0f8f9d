package io.penumbra.sync.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.sync.drift.DriftVerdict.Drift;
import io.penumbra.sync.drift.DriftVerdict.Reason;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DriftLogTest {

  private static final BitSet NOTHING = new BitSet();

  @Test
  void findsOneFlippedBitIn256MiB() {
    int pages = (256 << 20) / PageSize.BYTES;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment first = arena.allocate(256 << 20);
      SplittableRandom random = new SplittableRandom(7);
      for (long at = 0; at < first.byteSize(); at += 512) {
        first.set(ValueLayout.JAVA_LONG, at, random.nextLong());
      }
      MemorySegment second = arena.allocate(256 << 20).copyFrom(first);
      PageHashes firstHashes = hashes(first, pages);
      PageHashes secondHashes = hashes(second, pages);
      DriftLog log = new DriftLog(DriftThresholds.GUEST, pages / 16, 100);
      assertThat(log.compare(1, firstHashes, secondHashes, NOTHING, NOTHING))
          .isEqualTo(new DriftVerdict.Clean(1));

      long at = 200_000_123L;
      int page = (int) (at / PageSize.BYTES);
      second.set(ValueLayout.JAVA_BYTE, at, (byte) (second.get(ValueLayout.JAVA_BYTE, at) ^ 4));
      secondHashes.set(page, PageHash.of(second, (long) page * PageSize.BYTES));
      List<DriftVerdict> verdicts = new ArrayList<>();
      for (int epoch = 2; epoch <= 17; epoch++) {
        verdicts.add(log.compare(epoch, firstHashes, secondHashes, NOTHING, NOTHING));
      }

      assertThat(verdicts.getLast())
          .isInstanceOfSatisfying(
              Drift.class,
              drift -> {
                assertThat(drift.reason()).isEqualTo(Reason.CHANGED_UNWRITTEN);
                assertThat(drift.pages()).containsExactly(page);
                assertThat(drift.count()).isOne();
              });
      assertThat(PageDifference.of(view(first), view(second), page))
          .isEqualTo(new PageDifference(page, 1, 1, (int) (at % PageSize.BYTES)));
    }
  }

  @Test
  void pagesThatAlwaysDifferAreNoise() {
    PageHashes first = PageHashes.ofZeros(100);
    PageHashes second = PageHashes.ofZeros(100);
    DriftLog log = new DriftLog(new DriftThresholds(2, 3, 5), 10, 100);
    second.set(40, 1);
    assertThat(log.compare(1, first, second, NOTHING, NOTHING))
        .isEqualTo(new DriftVerdict.Calibrating(1, 1, 1));
    second.set(40, 2);
    log.compare(2, first, second, NOTHING, pages(40));

    second.set(40, 3);
    assertThat(log.compare(3, first, second, NOTHING, pages(40)))
        .isEqualTo(new DriftVerdict.ExpectedNoise(3, 1, 0));
  }

  @Test
  void aPageThatDoesNotHealHasDriftedSinceItFirstDiffered() {
    PageHashes first = PageHashes.ofZeros(100);
    PageHashes second = PageHashes.ofZeros(100);
    DriftLog log = new DriftLog(new DriftThresholds(1, 3, 5), 10, 100);
    log.compare(1, first, second, NOTHING, NOTHING);
    first.set(17, 8);
    second.set(17, 9);
    assertThat(log.compare(2, first, second, pages(17), pages(17)))
        .isEqualTo(new DriftVerdict.ExpectedNoise(2, 0, 1));
    log.compare(3, first, second, NOTHING, NOTHING);
    log.compare(4, first, second, NOTHING, NOTHING);

    assertThat(log.compare(5, first, second, NOTHING, NOTHING))
        .isEqualTo(new Drift(5, 2, Reason.PERSISTENT, List.of(17), 1));

    second.set(17, 8);
    assertThat(log.compare(6, first, second, NOTHING, pages(17)))
        .isEqualTo(new DriftVerdict.Clean(6));
  }

  @Test
  void manyPagesAtOnceAreDriftHoweverBrief() {
    PageHashes first = PageHashes.ofZeros(500);
    PageHashes second = PageHashes.ofZeros(500);
    DriftLog log = new DriftLog(new DriftThresholds(1, 9, 5), 10, 100);
    log.compare(1, first, second, NOTHING, NOTHING);
    BitSet written = new BitSet();
    written.set(100, 300);
    written.stream().forEach(page -> second.set(page, page));

    Drift drift = (Drift) log.compare(2, first, second, NOTHING, written);

    assertThat(drift.reason()).isEqualTo(Reason.TOO_MANY);
    assertThat(drift.count()).isEqualTo(200);
    assertThat(drift.pages()).hasSize(DriftVerdict.NAMED_MAX).startsWith(100, 101);
  }

  @Test
  void knowsWhatDifferedAtEveryEpochItKeeps() {
    for (int seed = 0; seed < 200; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      int size = random.nextInt(1, 300);
      PageHashes first = PageHashes.ofZeros(size);
      PageHashes second = PageHashes.ofZeros(size);
      DriftLog log = new DriftLog(DriftThresholds.STRICT, size, 8);
      List<BitSet> truth = new ArrayList<>();
      for (int epoch = 1; epoch <= 20; epoch++) {
        BitSet one = change(random, first);
        BitSet other = change(random, second);
        log.compare(epoch, first, second, one, other);
        truth.add(differing(first, second));
        assertThat(log.differing()).as("seed %d", seed).isEqualTo(truth.getLast());
      }
      assertThat(log.differingAt(12)).as("seed %d", seed).isEmpty();
      for (int epoch = 13; epoch <= 20; epoch++) {
        assertThat(log.differingAt(epoch)).as("seed %d", seed).contains(truth.get(epoch - 1));
      }
    }
  }

  @Test
  void anEntryReadsAsItWasWrittenAndNothingElseDoesHarm() {
    for (int seed = 0; seed < 20_000; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      int size = random.nextInt(1, 1 << random.nextInt(1, 20));
      DriftEntry entry =
          new DriftEntry(random.nextLong(Long.MAX_VALUE), runs(random, size), runs(random, size));
      ByteBuffer bytes = entry.encode();
      assertThat(DriftEntry.decode(bytes.duplicate(), size)).as("seed %d", seed).contains(entry);

      ByteBuffer broken = ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
      broken.put(random.nextInt(broken.limit()), (byte) random.nextInt());
      DriftEntry.decode(broken, size);
      ByteBuffer cut = bytes.duplicate().limit(random.nextInt(bytes.limit()));
      assertThat(DriftEntry.decode(cut, size)).as("seed %d", seed).isEmpty();
    }
  }

  @Test
  void anEntryCostsAFractionOfWhatItDescribes() {
    BitSet appeared = new BitSet();
    appeared.set(10_000, 10_070);
    assertThat(new DriftEntry(1_000, appeared, NOTHING).encode().remaining()).isLessThan(12);
  }

  @Test
  void refusesStatesOfDifferentMachinesAndEpochsOutOfOrder() {
    DriftLog log = new DriftLog(DriftThresholds.STRICT, 1, 1);
    PageHashes ten = PageHashes.ofZeros(10);
    assertThatThrownBy(() -> log.compare(1, ten, PageHashes.ofZeros(11), NOTHING, NOTHING))
        .hasMessage("the first instance has 10 pages, the second 11; they are not of one VM");
    log.compare(3, ten, ten, NOTHING, NOTHING);
    assertThatThrownBy(() -> log.compare(3, ten, ten, NOTHING, NOTHING))
        .hasMessage("epoch 3 after epoch 3; compare in order");
  }

  private static BitSet change(SplittableRandom random, PageHashes hashes) {
    BitSet changed = new BitSet();
    for (int i = random.nextInt(6); i > 0; i--) {
      int page = random.nextInt(hashes.pages());
      hashes.set(page, random.nextInt(2));
      changed.set(page);
    }
    return changed;
  }

  private static BitSet differing(PageHashes first, PageHashes second) {
    BitSet differing = new BitSet();
    for (int page = 0; page < first.pages(); page++) {
      differing.set(page, first.get(page) != second.get(page));
    }
    return differing;
  }

  private static BitSet runs(SplittableRandom random, int size) {
    BitSet set = new BitSet();
    for (int i = random.nextInt(5); i > 0; i--) {
      int start = random.nextInt(size);
      set.set(start, random.nextInt(start, size) + 1);
    }
    return set;
  }

  private static BitSet pages(int... pages) {
    BitSet set = new BitSet();
    for (int page : pages) {
      set.set(page);
    }
    return set;
  }

  private static PageHashes hashes(MemorySegment memory, int pages) {
    long[] hashes = new long[pages];
    for (int page = 0; page < pages; page++) {
      hashes[page] = PageHash.of(memory, (long) page * PageSize.BYTES);
    }
    return PageHashes.of(hashes);
  }

  private static PageView view(MemorySegment memory) {
    return new PageView() {
      @Override
      public MemorySegment segment(int page) {
        return memory;
      }

      @Override
      public long offset(int page) {
        return (long) page * PageSize.BYTES;
      }

      @Override
      public int pages() {
        return (int) (memory.byteSize() / PageSize.BYTES);
      }
    };
  }
}
