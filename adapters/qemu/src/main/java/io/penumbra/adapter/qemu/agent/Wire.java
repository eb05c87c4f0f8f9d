package io.penumbra.adapter.qemu.agent;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.penumbra.sync.encode.Prices;
import io.penumbra.sync.engine.LearnedCoding;
import io.penumbra.sync.engine.PageCoding;
import io.penumbra.sync.frame.FrameKey;
import io.penumbra.sync.net.FrameLink;
import io.penumbra.sync.path.PathId;
import io.penumbra.sync.path.seal.PathKey;
import io.penumbra.sync.path.tcp.TcpListener;
import io.penumbra.sync.path.tcp.TcpPath;
import io.penumbra.sync.route.PathsLink;
import io.penumbra.sync.route.RouteLink;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;

/** How epochs travel between two agents. Both ends are of one version, so this is fixed. */
final class Wire {

  /** What a way is taken for whose rate nobody has told: 1 Gbit/s. */
  private static final double GIGABIT_BYTES = 125e6;

  private Wire() {}

  static PageCoding coding() {
    return new LearnedCoding(
        Prices.link(GIGABIT_BYTES), ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime);
  }

  static FrameLink dial(long link, List<InetSocketAddress> addresses, Optional<FrameKey> secret)
      throws IOException {
    Optional<PathKey> key = pathKey(secret);
    return RouteLink.sender(
        PathsLink.dial(
            link,
            System.currentTimeMillis(),
            addresses.stream().map(address -> TcpPath.to(address).with(key)).toList(),
            System::nanoTime),
        new SimpleMeterRegistry());
  }

  static FrameLink listen(long link, List<TcpListener> listeners) throws IOException {
    return RouteLink.receiver(
        PathsLink.listen(
            link, System.currentTimeMillis(), PathId.PATHS_MAX, listeners, System::nanoTime),
        new SimpleMeterRegistry());
  }

  /** Keeps strangers off the paths; the same purpose as everywhere. */
  static Optional<PathKey> pathKey(Optional<FrameKey> secret) {
    return secret.map(key -> PathKey.of(key.derive("penumbra paths"), new SecureRandom()));
  }

  /** {@code host:port} as an address. */
  static InetSocketAddress address(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 1) {
      throw new IllegalArgumentException("address '%s'; expected host:port".formatted(text));
    }
    return new InetSocketAddress(
        text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
  }
}
