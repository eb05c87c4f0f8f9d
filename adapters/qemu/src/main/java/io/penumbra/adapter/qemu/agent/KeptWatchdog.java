package io.penumbra.adapter.qemu.agent;

import java.io.IOException;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/**
 * Sees to it that the lease watchdog lives for as long as the agent does: one that was killed would
 * be missed only when the agent is killed as well, and then nobody stops a guest in time.
 */
final class KeptWatchdog {

  private final Path page;
  private final Path pidFile;
  private long pid;
  private volatile int restarts;
  private volatile boolean missing;

  private KeptWatchdog(Path page, Path pidFile, long pid) {
    this.page = page;
    this.pidFile = pidFile;
    this.pid = pid;
  }

  /** There is one on return. */
  static KeptWatchdog beside(Path page, Path pidFile) throws IOException {
    return new KeptWatchdog(page, pidFile, LeaseWatchdog.ensure(page, pidFile));
  }

  /**
   * Starts another where the one that was there has ended.
   *
   * @param letOut what holds the agent back must not hold that one back
   */
  synchronized void look(LongConsumer letOut) {
    try {
      long now = LeaseWatchdog.ensure(page, pidFile);
      if (now != pid) {
        pid = now;
        restarts++;
        letOut.accept(now);
      }
      missing = false;
    } catch (IOException | RuntimeException e) {
      // Tried again at the next look; until then the agent's own look at the clock is all there is.
      missing = true;
    }
  }

  /** For whoever counts. */
  SortedMap<String, Double> figures() {
    SortedMap<String, Double> figures = new TreeMap<>();
    figures.put("penumbra_agent_watchdog_missing", missing ? 1.0 : 0.0);
    figures.put("penumbra_agent_watchdog_restarts_total", (double) restarts);
    return figures;
  }
}
