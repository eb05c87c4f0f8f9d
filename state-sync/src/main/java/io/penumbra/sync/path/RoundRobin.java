package io.penumbra.sync.path;

import java.util.List;

/** Deals shards out in turn, whatever the paths are like: what forecasts are compared with. */
public final class RoundRobin implements ShardPlacement {

  private int next;

  @Override
  public int[] place(int shards, int shardBytes, int shardsPerLaneMax, List<LaneView> lanes) {
    int[] placed = new int[shards];
    for (int shard = 0; shard < shards; shard++) {
      placed[shard] = lanes.get(Math.floorMod(next++, lanes.size())).lane();
    }
    return placed;
  }
}
