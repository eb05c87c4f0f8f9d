package io.penumbra.scheduler.lifecycle;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A state machine as a table. What isn't in the table throws: late and duplicate reports are in it,
 * as transitions that change nothing.
 *
 * @param <S> states
 * @param <E> signals
 */
public final class TransitionTable<S extends Enum<S>, E extends Enum<E>> {

  private final String machine;
  private final Map<S, Map<E, S>> table;

  private TransitionTable(String machine, Map<S, Map<E, S>> table) {
    this.machine = machine;
    this.table = table;
  }

  /** The name of the machine: {@code shadow}, {@code saga}, {@code incident}. */
  public String machine() {
    return machine;
  }

  /** The state after a signal; throws when the table doesn't know the pair. */
  public S next(S state, E signal) {
    return find(state, signal)
        .orElseThrow(() ->
            new IllegalStateException(
                "%s in state %s cannot take signal %s; maybe a report that can come late is missing from the table"
                    .formatted(machine, state, signal)));
  }

  /** The state after a signal, empty when the table doesn't know the pair. */
  public Optional<S> find(S state, E signal) {
    Map<E, S> row = table.get(state);
    return row == null ? Optional.empty() : Optional.ofNullable(row.get(signal));
  }

  /** Every transition, ordered by state and then by signal, as they are declared. */
  public List<Transition<S, E>> transitions() {
    List<Transition<S, E>> all = new ArrayList<>();
    table.forEach(
        (from, row) -> row.forEach((signal, to) -> all.add(new Transition<>(from, signal, to))));
    return all;
  }

  /** A Mermaid state diagram; transitions that change nothing are left out. */
  public String diagram() {
    StringBuilder text = new StringBuilder("stateDiagram-v2\n");
    for (Transition<S, E> transition : transitions()) {
      if (transition.from() != transition.to()) {
        text.append(
            "  %s --> %s: %s\n".formatted(transition.from(), transition.to(), transition.signal()));
      }
    }
    return text.toString();
  }

  /** One row of the table. */
  public record Transition<S, E>(S from, E signal, S to) {}

  /** Starts a table. */
  public static <S extends Enum<S>, E extends Enum<E>> Builder<S, E> of(
      String machine, Class<S> states, Class<E> signals) {
    return new Builder<>(machine, states, signals);
  }

  /** Collects the rows of a table. */
  public static final class Builder<S extends Enum<S>, E extends Enum<E>> {
    private final String machine;
    private final Class<E> signals;
    private final Map<S, Map<E, S>> table;

    private Builder(String machine, Class<S> states, Class<E> signals) {
      this.machine = machine;
      this.signals = signals;
      this.table = new EnumMap<>(states);
    }

    /** In this state, the signal leads to that state. */
    public Builder<S, E> on(S from, E signal, S to) {
      S before = table.computeIfAbsent(from, s -> new EnumMap<>(signals)).put(signal, to);
      if (before != null) {
        throw new IllegalArgumentException(
            "%s has two rows for %s on %s: %s and %s".formatted(machine, from, signal, before, to));
      }
      return this;
    }

    /** In each of these states, the signal changes nothing. */
    @SafeVarargs
    public final Builder<S, E> ignore(E signal, S... states) {
      for (S state : states) {
        on(state, signal, state);
      }
      return this;
    }

    /** In each of these states, the signal leads to that state. */
    @SafeVarargs
    public final Builder<S, E> all(E signal, S to, S... states) {
      for (S state : states) {
        on(state, signal, to);
      }
      return this;
    }

    public TransitionTable<S, E> build() {
      return new TransitionTable<>(machine, table);
    }
  }
}
