package io.penumbra.adapter.qemu.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionId;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CaptureDeskTest {

  private final Deque<BitSet> written = new ArrayDeque<>();
  private boolean mayRun = true;
  private long epoch;

  private final CaptureDesk desk =
      new CaptureDesk(
          new Tracked(),
          new CaptureDesk.Clerk() {
            @Override
            public Optional<CaptureDesk.Announced> announce() {
              return mayRun
                  ? Optional.of(new CaptureDesk.Announced(new CutLabel(3, ++epoch), 0))
                  : Optional.empty();
            }

            @Override
            public HealthSnapshot health(HealthSnapshot captured) {
              return captured;
            }

            @Override
            public void taken(CutLabel label) {}
          },
          () -> 0);

  /** A source that tells each written page once, as the kernel does. */
  private final class Tracked implements StateSource {

    @Override
    public StateLayout layout() {
      return StateLayout.of(new Region(RegionId.of("ram"), RegionKind.RAM, 4096L * 16));
    }

    @Override
    public Hold hold() {
      return new Hold() {
        @Override
        public boolean still() {
          return true;
        }

        @Override
        public MemorySegment region(int region) {
          return Arena.ofAuto().allocate(4096L * 16);
        }

        @Override
        public Optional<BitSet> mayHaveChanged(int region) {
          return Optional.of(written.isEmpty() ? new BitSet() : written.remove());
        }

        @Override
        public long requestLogPosition() {
          return 0;
        }

        @Override
        public HealthSnapshot health() {
          return HealthSnapshot.UNKNOWN;
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public void close() {}
  }

  private void writes(int... pages) {
    BitSet set = new BitSet();
    for (int page : pages) {
      set.set(page);
    }
    written.add(set);
  }

  private static Optional<List<Integer>> seenBy(StateSource taker) {
    try (StateSource.Hold hold = taker.hold()) {
      return hold.mayHaveChanged(0).map(set -> set.stream().boxed().toList());
    }
  }

  @Test
  void theFirstSenderIsToldWhatTheSourceTells() {
    CaptureDesk.Taker only = desk.taker();
    writes(1, 2);
    assertThat(seenBy(only)).contains(List.of(1, 2));
    writes(5);
    assertThat(seenBy(only)).contains(List.of(5));
  }

  @Test
  void aSenderThatComesLaterComparesEverythingOnce() {
    CaptureDesk.Taker before = desk.taker();
    writes(1, 2);
    seenBy(before);
    before.close();

    CaptureDesk.Taker after = desk.taker();
    writes(3);
    assertThat(seenBy(after)).as("what was told before is unknown to it").isEmpty();
    writes(4);
    assertThat(seenBy(after)).contains(List.of(4));
  }

  @Test
  void nothingIsLostBetweenTwoSenders() {
    CaptureDesk.Taker one = desk.taker();
    CaptureDesk.Taker other = desk.taker();
    seenBy(one);
    seenBy(other);
    writes(1);
    assertThat(seenBy(one)).contains(List.of(1));
    writes(2);
    assertThat(seenBy(other)).contains(List.of(1, 2));
    writes(3);
    assertThat(seenBy(one)).contains(List.of(2, 3));
  }

  @Test
  void everyCutHasALabelOfItsOwnAndNoneIsTakenWhileTheGuestMustNotRun() {
    CaptureDesk.Taker one = desk.taker();
    try (StateSource.Hold hold = one.hold()) {
      assertThat(CutLabel.of(hold.health())).contains(new CutLabel(3, 1));
    }
    mayRun = false;
    assertThatThrownBy(one::hold).isInstanceOf(IllegalStateException.class);
    mayRun = true;
    try (StateSource.Hold hold = one.hold()) {
      assertThat(CutLabel.of(hold.health())).contains(new CutLabel(3, 2));
    }
  }
}
