package io.penumbra.sync.path;

import java.util.List;

/**
 * What the sending end has done, for reports and metrics.
 *
 * @param groups taken in since the other end started
 * @param groupsOpen not yet complete at the other end
 * @param shardsSent written, all told
 * @param bytesSent of shards, without headers
 * @param shardsResent sent once more because too few others could still arrive
 * @param shardsMoved given to another path before they were sent
 * @param paths in the order of their numbers
 */
public record DispatchState(
    long groups,
    int groupsOpen,
    long shardsSent,
    long bytesSent,
    long shardsResent,
    long shardsMoved,
    List<PathState> paths) {

  public DispatchState {
    paths = List.copyOf(paths);
  }

  /**
   * One path.
   *
   * @param usable connected, and acks come as they should
   * @param shardsSent written to it, all told
   * @param bytesSent of these shards, without headers
   */
  public record PathState(
      PathId path,
      boolean usable,
      long shardsSent,
      long bytesSent,
      long bytesQueued,
      long bytesInFlight,
      PathForecast forecast) {}
}
