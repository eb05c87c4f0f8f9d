package io.penumbra.sync.requestlog;

import java.util.List;

/**
 * Where in the log an epoch stands; goes into its manifest.
 *
 * @param epoch the epoch that was cut
 * @param position the last request that had been delivered
 * @param inDoubt those delivered and not answered, in order; empty for a quiet cut
 */
public record CutPoint(long epoch, long position, List<Long> inDoubt) {

  public CutPoint {
    inDoubt = List.copyOf(inDoubt);
  }

  /** Whether the epoch holds every request whole or not at all, so that replay is exactly once. */
  public boolean quiet() {
    return inDoubt.isEmpty();
  }
}
