package io.penumbra.simulator.check;

import java.util.List;

/**
 * Never 9: a secret, or a guest's bytes, in a log. Strings that stand in guests' memory and in
 * keyrings of the simulated world are searched in everything the production code writes down.
 */
public final class NothingSecretInLogs implements Checker {

  private final List<String> canaries;
  private final Breaches breaches;

  public NothingSecretInLogs(List<String> canaries, Breaches breaches) {
    this.canaries = List.copyOf(canaries);
    this.breaches = breaches;
  }

  /** Something was written down. */
  public void written(String where, String text) {
    for (String canary : canaries) {
      if (text.contains(canary)) {
        breaches.report(9, "%s holds the canary %s".formatted(where, canary));
      }
    }
  }
}
