package io.penumbra.sync.epoch;

import io.penumbra.domain.Guard;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How the guest was at the cut, as far as its agent could tell: what a takeover wants to know
 * before it trusts an epoch.
 *
 * @param vitals numbers by name, for example {@code guest.load1}; may be empty
 */
public record HealthSnapshot(Condition condition, SortedMap<String, Double> vitals) {

  /** More than any agent sends; a bound for what the other end may claim. */
  public static final int VITALS_MAX = 64;

  /** Nobody has looked. */
  public static final HealthSnapshot UNKNOWN =
      new HealthSnapshot(Condition.UNKNOWN, Collections.emptySortedMap());

  public HealthSnapshot {
    if (vitals.size() > VITALS_MAX) {
      throw new IllegalArgumentException(
          "%d vitals; expected %d at most".formatted(vitals.size(), VITALS_MAX));
    }
    vitals.keySet().forEach(name -> Guard.identifier("vital", name));
    vitals = Collections.unmodifiableSortedMap(new TreeMap<>(vitals));
  }

  /** In one word. The names go over the wire. */
  public enum Condition {
    UNKNOWN,
    WELL,
    SUSPECT
  }
}
