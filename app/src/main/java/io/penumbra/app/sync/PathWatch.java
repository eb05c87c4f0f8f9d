package io.penumbra.app.sync;

import io.penumbra.sync.path.link.LinkState;
import io.penumbra.sync.path.link.MultiPathLink;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.Map;

/** Says why a path is not there, when it stays away: each reason once. */
final class PathWatch {

  private static final long LOOK_MILLIS = 1_000;
  private static final int COMPLAINTS_MAX = 16;
  private static final String NOTHING_YET = "not connected yet";

  private final MultiPathLink link;
  private final PrintWriter err;

  /** What was seen of each path the last time, and what was said of it. */
  private final Map<Integer, String> seen = new HashMap<>();

  private final Map<Integer, String> said = new HashMap<>();
  private int complaints;

  private PathWatch(MultiPathLink link, PrintWriter err) {
    this.link = link;
    this.err = err;
  }

  /** Watches a link as long as the process lives. */
  static void over(MultiPathLink link, PrintWriter err) {
    PathWatch watch = new PathWatch(link, err);
    Thread.ofPlatform().daemon().name("path-watch").start(watch::watch);
  }

  private void watch() {
    try {
      while (complaints < COMPLAINTS_MAX) {
        Thread.sleep(LOOK_MILLIS);
        look(link.state());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void look(LinkState state) {
    for (int path = 0; path < state.paths().size(); path++) {
      boolean up = state.sending().paths().get(path).usable();
      String story = state.paths().get(path);
      // Ports of attempts differ; the reason is what counts.
      String reason = up || story.equals(NOTHING_YET) ? "" : story.replaceAll(":\\d+", "");
      boolean stays = !reason.isEmpty() && reason.equals(seen.put(path, reason));
      if (stays && !reason.equals(said.put(path, reason))) {
        complaints++;
        err.printf("penumbra: path %d: %s%n", path + 1, story);
        err.flush();
      }
    }
  }
}
