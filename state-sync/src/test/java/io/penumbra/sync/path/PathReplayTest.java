package io.penumbra.sync.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.sync.path.replay.PathReplay;
import io.penumbra.sync.path.replay.PathReplay.Load;
import io.penumbra.sync.path.replay.PathReplay.ReplayResult;
import io.penumbra.sync.path.replay.PathTrace;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The real dispatch over made-up paths, in virtual time. */
class PathReplayTest {

  private static final long SECOND = 1_000_000_000L;
  private static final long MILLISECOND = 1_000_000L;

  @Test
  void aPathThatIsCutInMidTransferDelaysNoGroupAndNothingIsSentAgain() {
    PathTrace fast = PathTrace.steady("fast", 50e6, 2 * MILLISECOND);
    PathTrace slow = PathTrace.steady("slow", 25e6, 5 * MILLISECOND);
    Load load = new Load(100, 500_000, 50 * MILLISECOND, 0, 30 * SECOND);
    for (int victim = 0; victim < 3; victim++) {
      List<PathTrace> paths =
          new ArrayList<>(List.of(fast, slow, PathTrace.steady("also", 25e6, MILLISECOND)));
      PathTrace whole = paths.get(victim);
      // The cut comes in the middle of the fortieth group.
      long at = 40 * 50 * MILLISECOND + 3 * MILLISECOND;
      paths.set(victim, stepwise(whole).cut(at, Long.MAX_VALUE));

      ReplayResult result = run(paths, load, CodeChoice.standard(), new EarliestArrival());

      assertThat(result.missing()).as("victim %d", victim).isZero();
      assertThat(result.millis(1)).as("victim %d", victim).isLessThan(60);
      assertThat(result.state().shardsResent()).as("victim %d", victim).isLessThanOrEqualTo(8);
    }
  }

  @Test
  void onePathCarriesEveryByteOnce() {
    ReplayResult result =
        run(
            List.of(PathTrace.steady("only", 10e6, MILLISECOND)),
            new Load(50, 300_000, 40 * MILLISECOND, 0, 30 * SECOND),
            CodeChoice.standard(),
            new EarliestArrival());

    assertThat(result.missing()).isZero();
    assertThat(result.overhead()).isEqualTo(1);
    // 30 ms to serve, 1 ms on the way, and nothing besides.
    assertThat(result.millis(0.99)).isLessThan(32.5);
  }

  @Test
  void forecastsAndParityBeatTheBestPathNowAndRoundRobinWherePathsWanderAndBreak() {
    Random random = new Random(5);
    List<PathTrace> paths =
        List.of(
            PathTrace.wandering("a", 40e6, 3 * MILLISECOND, 2, 60, random),
            PathTrace.wandering("b", 20e6, 8 * MILLISECOND, 2, 60, random),
            PathTrace.wandering("c", 10e6, 2 * MILLISECOND, 2, 60, random));
    Load load = new Load(600, 700_000, 100 * MILLISECOND, 0, 120 * SECOND);
    CodeChoice bare = new CodeChoice(0, 4);

    ReplayResult forecast = run(paths, load, CodeChoice.standard(), new EarliestArrival());
    ReplayResult bestNow = run(paths, load, bare, new BestNow());
    ReplayResult roundRobin = run(paths, load, bare, new RoundRobin());

    assertThat(forecast.missing()).isZero();
    assertThat(forecast.millis(0.5)).isLessThan(bestNow.millis(0.5));
    assertThat(forecast.millis(0.5)).isLessThan(roundRobin.millis(0.5));
    assertThat(forecast.millis(0.99)).isLessThan(bestNow.millis(0.99));
    assertThat(forecast.millis(0.99)).isLessThan(roundRobin.millis(0.99));
  }

  @Test
  void spoiltShardsAreCoveredByParityOnceTheyAreExpected() {
    List<PathTrace> paths =
        List.of(PathTrace.steady("a", 20e6, MILLISECOND), PathTrace.steady("b", 20e6, MILLISECOND));
    Load load = new Load(300, 400_000, 60 * MILLISECOND, 0.05, 60 * SECOND);

    ReplayResult result = run(paths, load, CodeChoice.standard(), new EarliestArrival());

    assertThat(result.missing()).isZero();
    assertThat(result.state().shardsResent()).isLessThan(30);
  }

  @Test
  void aTraceIsReadBackAsItWasWritten() {
    PathTrace trace = PathTrace.wandering("w", 1e6, MILLISECOND, 3, 20, new Random(3));

    PathTrace read = PathTrace.parse("w", trace.lines());

    assertThat(read.lines()).isEqualTo(trace.lines());
  }

  private static PathTrace stepwise(PathTrace steady) {
    List<PathTrace.Step> steps = Collections.nCopies(60_000, steady.at(0));
    return new PathTrace(steady.name(), MILLISECOND, steps);
  }

  private static ReplayResult run(
      List<PathTrace> paths, Load load, CodeChoice choice, ShardPlacement placement) {
    return PathReplay.run(paths, load, choice, placement, new Random(1));
  }
}
