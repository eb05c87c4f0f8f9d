package io.penumbra.sync.path.link;

import io.penumbra.sync.path.DispatchState;
import io.penumbra.sync.path.Reassembly;
import java.util.List;
import java.util.OptionalLong;

/**
 * How a link stands, for reports and metrics.
 *
 * @param peer the other end's incarnation, if it has been heard of
 * @param sending what this end has sent
 * @param receiving what has come in
 * @param paths in words, one for each path: its two ends, or why it is not connected
 */
public record LinkState(
    OptionalLong peer, DispatchState sending, Reassembly.Counts receiving, List<String> paths) {

  public LinkState {
    paths = List.copyOf(paths);
  }
}
