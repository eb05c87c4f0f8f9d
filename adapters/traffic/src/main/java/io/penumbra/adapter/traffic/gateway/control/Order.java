package io.penumbra.adapter.traffic.gateway.control;

import java.util.Optional;

/**
 * One line to a gateway. What an order does not need is left out.
 *
 * @param what the method of {@link io.penumbra.adapter.traffic.gateway.GatewayControl}
 * @param waitMillis for {@code BEGIN_CUT}
 * @param epoch for {@code CUT}, {@code ACKED} and {@code TAKE_OVER}
 * @param backend {@code host:port}, for {@code TAKE_OVER} and {@code REDIRECT}
 * @param why for {@code UNPROTECT}
 * @param token for {@code HELLO}
 */
record Order(
    What what,
    Optional<Long> waitMillis,
    Optional<Long> epoch,
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
    METRICS
  }

  static Order of(What what) {
    return new Order(
        what,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  Order waiting(long millis) {
    return new Order(what, Optional.of(millis), epoch, backend, why, token);
  }

  Order at(long number) {
    return new Order(what, waitMillis, Optional.of(number), backend, why, token);
  }

  Order to(String address) {
    return new Order(what, waitMillis, epoch, Optional.of(address), why, token);
  }

  Order because(String reason) {
    return new Order(what, waitMillis, epoch, backend, Optional.of(reason), token);
  }

  Order with(String secret) {
    return new Order(what, waitMillis, epoch, backend, why, Optional.of(secret));
  }
}
