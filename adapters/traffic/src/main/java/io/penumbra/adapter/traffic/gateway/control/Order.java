package io.penumbra.adapter.traffic.gateway.control;

import java.util.Optional;

/**
 * One line to a gateway. What an order does not need is left out.
 *
 * @param what the method of {@link io.penumbra.adapter.traffic.gateway.GatewayControl}
 * @param waitMillis for {@code BEGIN_CUT}, {@code LISTEN} and {@code COMPARE}
 * @param epoch for {@code CUT}, {@code ACKED} and {@code TAKE_OVER}
 * @param term for a {@code TAKE_OVER} that may be asked for again
 * @param backend {@code host:port}, for {@code TAKE_OVER}, {@code REDIRECT} and {@code COMPARE}
 * @param why for {@code UNPROTECT}
 * @param token for {@code HELLO}
 */
record Order(
    What what,
    Optional<Long> waitMillis,
    Optional<Long> epoch,
    Optional<Long> term,
    Optional<String> backend,
    Optional<String> why,
    Optional<String> token) {

  /** What can be asked of a gateway. */
  enum What {
    HELLO,
    BEGIN_CUT,
    CUT,
    CANCEL_CUT,
    ACKED,
    TAKE_OVER,
    REDIRECT,
    UNPROTECT,
    LISTEN,
    COMPARE,
    METRICS
  }

  static Order of(What what) {
    return new Order(
        what,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  Order waiting(long millis) {
    return new Order(what, Optional.of(millis), epoch, term, backend, why, token);
  }

  Order at(long number) {
    return new Order(what, waitMillis, Optional.of(number), term, backend, why, token);
  }

  Order under(long number) {
    return new Order(what, waitMillis, epoch, Optional.of(number), backend, why, token);
  }

  Order to(String address) {
    return new Order(what, waitMillis, epoch, term, Optional.of(address), why, token);
  }

  Order because(String reason) {
    return new Order(what, waitMillis, epoch, term, backend, Optional.of(reason), token);
  }

  Order with(String secret) {
    return new Order(what, waitMillis, epoch, term, backend, why, Optional.of(secret));
  }
}
