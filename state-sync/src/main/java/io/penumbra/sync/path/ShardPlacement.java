package io.penumbra.sync.path;

import java.util.List;

/** Says over which path each shard of a group goes. */
public interface ShardPlacement {

  /**
   * Places shards in the order of their numbers.
   *
   * @param shards how many
   * @param shardBytes size of each
   * @param shardsPerLaneMax so many may be lost with one path
   * @param lanes usable paths, at least one, in the order of their numbers
   * @return the lane of each shard
   */
  int[] place(int shards, int shardBytes, int shardsPerLaneMax, List<LaneView> lanes);
}
