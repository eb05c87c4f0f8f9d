package io.penumbra.placement;

import io.penumbra.placement.fleet.HostView;
import java.util.List;

/**
 * A primary and the shadows found for it.
 *
 * @param total the primary's score and the shadows' scores, added in this order; of the shadows
 *     alone when the primary was given
 */
record Assignment(HostView primary, List<HostView> shadows, double total) {

  Assignment {
    shadows = List.copyOf(shadows);
  }

  /** More shadows first, then the higher total. Equal ones stay in the order they were found in. */
  boolean beats(Assignment other) {
    return shadows.size() != other.shadows.size()
        ? shadows.size() > other.shadows.size()
        : total > other.total;
  }
}
