package io.penumbra.app.sync;

import io.micrometer.core.instrument.MeterRegistry;
import io.penumbra.domain.BadInputException;
import io.penumbra.sync.frame.FrameKey;
import io.penumbra.sync.meter.LinkMeters;
import io.penumbra.sync.path.PathId;
import io.penumbra.sync.path.link.MultiPathLink;
import io.penumbra.sync.path.seal.PathKey;
import io.penumbra.sync.path.tcp.TcpListener;
import io.penumbra.sync.path.tcp.TcpPath;
import io.penumbra.sync.route.LinkOpener;
import io.penumbra.sync.route.PathsLink;
import io.penumbra.sync.route.RouteLink;
import io.penumbra.sync.route.RouteSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.channels.UnresolvedAddressException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** What carries frames: our own paths between addresses, or a broker where one is wanted. */
final class Carrier {

  /** Where an endpoint says which way it is for. */
  private static final String WAY = "{}";

  private static final String TO_RECEIVER = "pages";
  private static final String TO_SENDER = "answers";
  private static final String PATH_PURPOSE = "penumbra paths";

  @Option(
      names = "--via",
      paramLabel = "ENDPOINT",
      description = {
        "Send over a broker instead: a Camel endpoint, the same at both ends, with {} where the",
        "two ways differ, for example 'kafka:vm1-{}?brokers=10.0.0.5:9092'."
      })
  private Optional<String> via = Optional.empty();

  /** What carries the frames, to tell people. */
  String name(String flag, Optional<String> addresses) {
    if (via.isPresent() == addresses.isPresent()) {
      throw new BadInputException(
          flag,
          via.isPresent() ? "can't go with --via" : "is missing, and --via is, too",
          "Give one: %s for own paths, --via for a broker.".formatted(flag));
    }
    return via.map(endpoint -> endpoint.replaceAll("\\?.*", "")).or(() -> addresses).orElseThrow();
  }

  /** The sender's end. */
  RouteLink sender(
      Optional<String> to,
      Optional<FrameKey> secret,
      MeterRegistry meters,
      PrintWriter err,
      Consumer<MultiPathLink> opened)
      throws IOException {
    if (via.isPresent()) {
      return broker(RouteSettings.sender(way(TO_RECEIVER), way(TO_SENDER)), meters);
    }
    List<InetSocketAddress> addresses = Addresses.parse("--to", to.orElseThrow());
    Optional<PathKey> key = pathKey(secret);
    LinkOpener opener =
        PathsLink.dial(
            Wire.LINK,
            System.currentTimeMillis(),
            addresses.stream().map(address -> TcpPath.to(address).with(key)).toList(),
            System::nanoTime);
    return RouteLink.sender(watched(opener, addresses.size(), meters, err, opened), meters);
  }

  /** The receiver's end. */
  RouteLink receiver(
      Optional<String> listen, Optional<FrameKey> secret, MeterRegistry meters, PrintWriter err)
      throws IOException {
    if (via.isPresent()) {
      return broker(RouteSettings.receiver(way(TO_SENDER), way(TO_RECEIVER)), meters);
    }
    List<TcpListener> listeners =
        listeners(Addresses.parse("--listen", listen.orElseThrow()), pathKey(secret));
    LinkOpener opener =
        PathsLink.listen(
            Wire.LINK, System.currentTimeMillis(), PathId.PATHS_MAX, listeners, System::nanoTime);
    return RouteLink.receiver(watched(opener, listeners.size(), meters, err, link -> {}), meters);
  }

  private static LinkOpener watched(
      LinkOpener opener,
      int paths,
      MeterRegistry meters,
      PrintWriter err,
      Consumer<MultiPathLink> opened) {
    return handler -> {
      MultiPathLink link = opener.open(handler);
      LinkMeters.register(link, paths, meters);
      PathWatch.over(link, err);
      opened.accept(link);
      return link;
    };
  }

  private String way(String direction) {
    String endpoint = via.orElseThrow();
    if (!endpoint.contains(WAY)) {
      throw new BadInputException(
          "--via",
          "'%s' has no %s in it".formatted(endpoint, WAY),
          "Put it where the names of the two ways differ, as in kafka:vm1-{}?brokers=...");
    }
    return endpoint.replace(WAY, direction);
  }

  private static RouteLink broker(RouteSettings settings, MeterRegistry meters) {
    try {
      return RouteLink.open(settings, Map.of(), meters);
    } catch (IOException e) {
      throw new BadInputException(
          "--via",
          String.valueOf(e.getMessage()),
          "Is the broker there, and its Camel component in PENUMBRA_LIBRARIES?",
          e);
    }
  }

  private static Optional<PathKey> pathKey(Optional<FrameKey> secret) {
    return secret.map(key -> PathKey.of(key.derive(PATH_PURPOSE), new SecureRandom()));
  }

  private static List<TcpListener> listeners(
      List<InetSocketAddress> addresses, Optional<PathKey> key) throws IOException {
    List<TcpListener> listeners = new ArrayList<>();
    for (InetSocketAddress address : addresses) {
      try {
        listeners.add(
            TcpListener.at(new InetSocketAddress(address.getHostString(), address.getPort()), key));
      } catch (BindException | UnresolvedAddressException e) {
        throw new BadInputException(
            "--listen",
            "can't listen on %s: %s".formatted(address, e.getMessage()),
            "Choose an address of this machine and a port that nobody uses.",
            e);
      }
    }
    return listeners;
  }
}
