package io.penumbra.sync.path;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.sync.erasure.CodeShape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CodeChoiceTest {

  private static final int GROUP = 1 << 20;
  private static final CodeChoice CHOICE = CodeChoice.standard();

  @Test
  void onePathIsAPlainStreamInPieces() {
    CodeShape shape = CHOICE.choose(GROUP, List.of(path(0, 20e6, 0, 0))).shape();

    assertThat(shape).isEqualTo(new CodeShape(4, 0));
  }

  @Test
  void anyOneOfSeveralPathsMayGoWithAllThatItCarries() {
    for (int paths = 2; paths <= 6; paths++) {
      List<LaneView> lanes = new ArrayList<>();
      for (int lane = 0; lane < paths; lane++) {
        lanes.add(path(lane, 20e6, 0, 1e-4));
      }
      CodeChoice.Cut cut = CHOICE.choose(GROUP, lanes);
      int[] placed =
          new EarliestArrival()
              .place(cut.shape().total(), 100_000, cut.shardsPerLaneMax(), cut.lanes());
      for (int gone = 0; gone < paths; gone++) {
        int left = 0;
        for (int lane : placed) {
          left += lane == gone ? 0 : 1;
        }
        assertThat(left)
            .as("%d paths, %s, without %d", paths, cut.shape(), gone)
            .isGreaterThanOrEqualTo(cut.shape().data());
      }
    }
  }

  @Test
  void threeGoodPathsCarryHalfAsMuchAgain() {
    List<LaneView> lanes =
        List.of(path(0, 20e6, 0, 1e-4), path(1, 20e6, 0, 1e-4), path(2, 20e6, 0, 1e-4));

    assertThat(CHOICE.choose(GROUP, lanes).shape()).isEqualTo(new CodeShape(8, 4));
  }

  @Test
  void pathsThatOftenGoAreCoveredInPairs() {
    List<LaneView> lanes =
        List.of(path(0, 20e6, 0, 0.1), path(1, 20e6, 0, 0.1), path(2, 20e6, 0, 0.1));

    CodeShape shape = CHOICE.choose(GROUP, lanes).shape();

    assertThat(shape.parity()).isEqualTo(2 * shape.data());
  }

  @Test
  void pathsThatSpoilShardsGetMoreParity() {
    List<LaneView> lanes =
        List.of(path(0, 20e6, 0.05, 1e-4), path(1, 20e6, 0, 1e-4), path(2, 20e6, 0, 1e-4));

    assertThat(CHOICE.choose(GROUP, lanes).shape().parity()).isGreaterThan(4);
  }

  @Test
  void aPathThatWouldNotHelpIsLeftOut() {
    List<LaneView> lanes =
        List.of(path(0, 50e6, 0, 1e-4), path(1, 0.02e6, 0, 1e-4), path(2, 40e6, 0, 1e-4));

    assertThat(CHOICE.choose(GROUP, lanes).lanes())
        .extracting(LaneView::lane)
        .containsExactly(0, 2);
  }

  @Test
  void smallGroupsAreCutIntoFewShardsAndLargeOnesIntoNoneTooLarge() {
    List<LaneView> lanes =
        List.of(path(0, 20e6, 0, 1e-4), path(1, 20e6, 0, 1e-4), path(2, 20e6, 0, 1e-4));

    assertThat(CHOICE.choose(100, lanes).shape()).isEqualTo(new CodeShape(2, 1));
    CodeShape large = CHOICE.choose(8 << 20, lanes).shape();
    assertThat(large.shardBytes(8 << 20)).isLessThanOrEqualTo(256 << 10);
  }

  @Test
  void refusesWhatItCannotPromise() {
    assertThatThrownBy(() -> new CodeChoice(2, 4)).hasMessageContaining("2 and 4");
  }

  private static LaneView path(int lane, double rate, double loss, double outagesPerSecond) {
    return new LaneView(lane, new PathForecast(1e6, 1e5, rate, 0.1, loss, outagesPerSecond), 0);
  }
}
