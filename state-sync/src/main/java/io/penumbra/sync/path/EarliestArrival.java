package io.penumbra.sync.path;

import java.util.ArrayList;
import java.util.List;

/**
 * Each shard goes where it is forecast to arrive first, what is queued and in flight counted, so a
 * slow path gets a shard only when it would be there before the fast path got round to it. This is
 * the rule of ECF (Lim et al., ECF: an MPTCP path scheduler to manage heterogeneous paths, CoNEXT
 * 2017) and BLEST (Ferlin et al., BLEST: blocking estimation-based MPTCP scheduler, IFIP Networking
 * 2016) for whole shards that need no order among themselves. Doubt counts as delay: a path whose
 * delay or bandwidth scatters must be faster to be chosen.
 */
public final class EarliestArrival implements ShardPlacement {

  private static final double DOUBT = 0.5;

  @Override
  public int[] place(int shards, int shardBytes, int shardsPerLaneMax, List<LaneView> lanes) {
    List<LaneView> views = new ArrayList<>(lanes);
    int[] given = new int[lanes.size()];
    int[] placed = new int[shards];
    for (int shard = 0; shard < shards; shard++) {
      int best = earliest(views, given, shardBytes, shardsPerLaneMax);
      given[best]++;
      views.set(best, views.get(best).behind(shardBytes));
      placed[shard] = views.get(best).lane();
    }
    return placed;
  }

  private static int earliest(List<LaneView> views, int[] given, int bytes, int most) {
    int best = -1;
    double bestArrival = Double.POSITIVE_INFINITY;
    for (int i = 0; i < views.size(); i++) {
      double arrival = doubtful(views.get(i), bytes);
      if (given[i] >= most) {
        // Only when every path is full: then the one that is least so in time.
        arrival += FULL;
      }
      if (arrival < bestArrival) {
        best = i;
        bestArrival = arrival;
      }
    }
    return best;
  }

  private static final double FULL = 1e15;

  private static double doubtful(LaneView view, int bytes) {
    PathForecast forecast = view.forecast();
    double arrival = view.arrivalNanos(bytes);
    double transfer = arrival - forecast.delayNanos();
    double error = Math.min(1, forecast.bandwidthDeviation());
    return arrival + DOUBT * (forecast.delayDeviationNanos() + transfer * error);
  }
}
