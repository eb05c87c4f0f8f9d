package io.penumbra.sync.path;

import java.util.List;

/**
 * Fills the path that looks best at this moment, then the next best, blind to what is queued on it:
 * MPTCP's lowest-delay rule for shards. What forecasts are compared with.
 */
public final class BestNow implements ShardPlacement {

  @Override
  public int[] place(int shards, int shardBytes, int shardsPerLaneMax, List<LaneView> lanes) {
    List<LaneView> ranked =
        lanes.stream()
            .sorted((a, b) ->
                Double.compare(
                    a.forecast().arrivalNanos(0, shardBytes),
                    b.forecast().arrivalNanos(0, shardBytes)))
            .toList();
    int[] placed = new int[shards];
    for (int shard = 0; shard < shards; shard++) {
      int rank = Math.min(shard / shardsPerLaneMax, ranked.size() - 1);
      placed[shard] = ranked.get(rank).lane();
    }
    return placed;
  }
}
