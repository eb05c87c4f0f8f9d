package io.penumbra.scheduler.lifecycle;

/** Is told of every transition that a state machine makes; for coverage, timelines and teaching. */
@FunctionalInterface
public interface TransitionObserver {

  /** Does not look. */
  TransitionObserver NONE = (machine, subject, from, signal, to) -> {};

  /**
   * One transition.
   *
   * @param machine {@code shadow}, {@code saga} or {@code incident}
   * @param subject the id of whatever changed
   */
  void moved(String machine, String subject, Enum<?> from, Enum<?> signal, Enum<?> to);
}
