package io.penumbra.adapter.traffic.gateway;

import io.penumbra.sync.requestlog.RequestLogBounds;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/**
 * One service's gateway.
 *
 * @param listen where clients come in; port 0 chooses one
 * @param backend the service in the VM
 * @param bounds of the log, held responses included
 * @param holdMax how long requests are held back for a cut whose end nobody reports; the agent may
 *     have died
 * @param clientsWait how long clients are kept waiting for a takeover when the back end is gone
 * @param letGoAfter when the log is full and nothing was acked for so long, drop it and pass
 *     everything, unprotected; empty: hold the clients back for as long as it takes
 * @param goneMax how long the VM may owe an answer to a client that is gone or sends no more,
 *     without any sign of it; then its connection is closed and the request is in doubt for good
 * @param withoutShadow what output commit does while no epoch can be acked
 */
public record GatewaySettings(
    InetSocketAddress listen,
    InetSocketAddress backend,
    GatewayMode mode,
    Protocol protocol,
    RequestLogBounds bounds,
    Duration holdMax,
    Duration clientsWait,
    Optional<Duration> letGoAfter,
    Duration goneMax,
    WithoutShadow withoutShadow) {

  /** How long an answer is awaited that nobody may want any more. */
  public static final Duration GONE_MAX = Duration.ofSeconds(5);

  /** 200,000 requests or 64 MiB, whichever comes first; the newest acked epoch alone. */
  public static final RequestLogBounds BOUNDS = new RequestLogBounds(200_000, 64L << 20, 0);

  public GatewaySettings {
    if (mode == GatewayMode.REPLAY && protocol == Protocol.OPAQUE) {
      throw new IllegalArgumentException(
          "mode replay needs to know where a request ends, and protocol opaque doesn't say; maybe"
              + " output-commit, which only holds back what the VM says");
    }
    if (holdMax.isNegative() || holdMax.isZero() || clientsWait.isNegative()) {
      throw new IllegalArgumentException(
          "holdMax %s and clientsWait %s must not be negative".formatted(holdMax, clientsWait));
    }
    if (goneMax.isNegative() || goneMax.isZero()) {
      throw new IllegalArgumentException("goneMax %s must be more than nothing".formatted(goneMax));
    }
  }

  /** Settings with the usual bounds. */
  public static GatewaySettings of(
      InetSocketAddress listen, InetSocketAddress backend, GatewayMode mode, Protocol protocol) {
    return new GatewaySettings(
        listen,
        backend,
        mode,
        protocol,
        BOUNDS,
        Duration.ofSeconds(1),
        Duration.ofSeconds(30),
        Optional.empty(),
        GONE_MAX,
        WithoutShadow.PASS);
  }

  /** The same with other bounds. */
  public GatewaySettings with(RequestLogBounds other) {
    return new GatewaySettings(
        listen,
        backend,
        mode,
        protocol,
        other,
        holdMax,
        clientsWait,
        letGoAfter,
        goneMax,
        withoutShadow);
  }

  /** The same with other patience. */
  public GatewaySettings with(Duration hold, Duration wait, Optional<Duration> letGo) {
    return new GatewaySettings(
        listen, backend, mode, protocol, bounds, hold, wait, letGo, goneMax, withoutShadow);
  }

  /** The same with another patience for clients that are gone. */
  public GatewaySettings withGoneMax(Duration other) {
    return new GatewaySettings(
        listen,
        backend,
        mode,
        protocol,
        bounds,
        holdMax,
        clientsWait,
        letGoAfter,
        other,
        withoutShadow);
  }

  /** The same with another choice for the time without a shadow. */
  public GatewaySettings with(WithoutShadow other) {
    return new GatewaySettings(
        listen, backend, mode, protocol, bounds, holdMax, clientsWait, letGoAfter, goneMax, other);
  }
}
