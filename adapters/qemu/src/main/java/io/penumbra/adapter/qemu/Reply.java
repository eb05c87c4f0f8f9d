package io.penumbra.adapter.qemu;

import java.util.Optional;
import java.util.function.Function;

/**
 * What came of asking a hypervisor for something. A refusal has changed nothing; after {@code
 * Unknown} the thing may have happened or not, and somebody has to look.
 */
public sealed interface Reply<T> {

  /** It is done, and this came of it. */
  record Done<T>(T value) implements Reply<T> {}

  /** It was not done, for this reason, and nothing has changed. */
  record Refused<T>(String reason) implements Reply<T> {}

  /** Nobody answered in time, or the connection broke while it was under way. */
  record Unknown<T>(String reason) implements Reply<T> {}

  static <T> Reply<T> done(T value) {
    return new Done<>(value);
  }

  static <T> Reply<T> refused(String reason) {
    return new Refused<>(reason);
  }

  static <T> Reply<T> unknown(String reason) {
    return new Unknown<>(reason);
  }

  /** Goes on with what came, if it was done. */
  default <R> Reply<R> then(Function<? super T, ? extends Reply<R>> next) {
    return switch (this) {
      case Done<T>(T value) -> next.apply(value);
      case Refused<T>(String reason) -> refused(reason);
      case Unknown<T>(String reason) -> unknown(reason);
    };
  }

  /** The same outcome with another value. */
  default <R> Reply<R> map(Function<? super T, ? extends R> change) {
    return then(value -> done(change.apply(value)));
  }

  /** The value, if there is one. */
  default Optional<T> found() {
    return this instanceof Done<T>(T value) ? Optional.of(value) : Optional.empty();
  }

  /** Whether it was done. */
  default boolean isDone() {
    return this instanceof Done<T>;
  }

  /** Why there is no value; empty if there is one. */
  default Optional<String> refusal() {
    return switch (this) {
      case Done<T> _ -> Optional.empty();
      case Refused<T>(String reason) -> Optional.of(reason);
      case Unknown<T>(String reason) -> Optional.of(reason);
    };
  }

  /**
   * The value, where there is no way to go on without.
   *
   * @throws IllegalStateException with the reason
   */
  default T orThrow() {
    return switch (this) {
      case Done<T>(T value) -> value;
      case Refused<T>(String reason) -> throw new IllegalStateException("refused: " + reason);
      case Unknown<T>(String reason) -> throw new IllegalStateException("unknown: " + reason);
    };
  }
}
