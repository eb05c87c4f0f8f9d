package io.penumbra.app.gateway;

import io.penumbra.adapter.traffic.gateway.Gateway;
import io.penumbra.adapter.traffic.gateway.GatewayMetrics;
import io.penumbra.adapter.traffic.gateway.GatewayMode;
import io.penumbra.adapter.traffic.gateway.GatewaySettings;
import io.penumbra.adapter.traffic.gateway.Protocol;
import io.penumbra.adapter.traffic.gateway.WithoutShadow;
import io.penumbra.adapter.traffic.gateway.control.ControlServer;
import io.penumbra.app.ExitCode;
import io.penumbra.app.HostPort;
import io.penumbra.domain.BadInputException;
import io.penumbra.sync.requestlog.RequestLogBounds;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs a gateway in front of one service until it is stopped. */
@Command(
    name = "gateway",
    description = {
      "",
      "Stands in front of a machine's TCP service, so that a takeover loses no request: replay",
      "tells the shadow what came after its epoch; output-commit also holds each response back",
      "until its epoch is safe. Run it beside the clients or the load balancer, never on the",
      "machine's own host: it has to survive that host. An agent drives it through --control.",
      ""
    },
    footerHeading = "%nExample:%n",
    footer = {
      "  ./penumbra gateway --listen 0.0.0.0:6379 --backend 10.0.0.5:6379 \\",
      "      --mode replay --protocol resp --control /run/penumbra/redis.sock"
    })
public final class GatewayCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--listen",
      required = true,
      paramLabel = "HOST:PORT",
      description = "Where clients come in; port 0 chooses one.")
  private String listen;

  @Option(
      names = "--backend",
      required = true,
      paramLabel = "HOST:PORT",
      description = "The service; a takeover changes it.")
  private String backend;

  @Option(
      names = "--mode",
      defaultValue = "async",
      paramLabel = "MODE",
      description = "async, replay or output-commit; ${DEFAULT-VALUE} if not given.")
  private String mode;

  @Option(
      names = "--protocol",
      defaultValue = "opaque",
      paramLabel = "NAME",
      description =
          "resp, http or opaque; ${DEFAULT-VALUE} if not given. Replay needs one it knows.")
  private String protocol;

  @Option(
      names = "--control",
      paramLabel = "PATH|HOST:PORT",
      description = "Where the agent gives orders: a Unix socket, or TCP with --control-token.")
  private Optional<String> control = Optional.empty();

  @Option(
      names = "--control-token",
      paramLabel = "FILE",
      description = "What an agent has to know that comes over TCP.")
  private Optional<Path> token = Optional.empty();

  @Option(
      names = "--log-requests",
      defaultValue = "200000",
      paramLabel = "N",
      description = "How many requests are kept at most; ${DEFAULT-VALUE} if not given.")
  private int logRequests;

  @Option(
      names = "--log-mib",
      defaultValue = "64",
      paramLabel = "MIB",
      description = "How much of requests and held responses is kept; ${DEFAULT-VALUE} MiB.")
  private long logMib;

  @Option(
      names = "--let-go-after",
      paramLabel = "SECONDS",
      description =
          "When the log is full and nothing was acked for so long, pass everything, unprotected."
              + " Without it, clients wait.")
  private Optional<Integer> letGoAfter = Optional.empty();

  @Option(
      names = "--gone-after",
      defaultValue = "5",
      paramLabel = "SECONDS",
      description =
          "How long the service may owe an answer to a client that has gone; then the request is in"
              + " doubt, and the next cut need not wait for it. ${DEFAULT-VALUE} if not given.")
  private int goneAfter;

  @Option(
      names = "--without-shadow",
      defaultValue = "pass",
      paramLabel = "pass|wait",
      description =
          "What output-commit does with responses before the first epoch, and after a takeover until"
              + " the next shadow has one; ${DEFAULT-VALUE} if not given. With wait, no client ever"
              + " sees what is lost, and the service stands still without a shadow.")
  private String withoutShadow;

  @Option(
      names = "--report",
      defaultValue = "60",
      paramLabel = "SECONDS",
      description = "How often to print a line of figures; 0 never; ${DEFAULT-VALUE} if not given.")
  private int report;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  GatewayCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    try (Gateway gateway = open()) {
      Optional<ControlServer> server = control(gateway);
      out.printf(
          "listening on %s, forwarding to %s, %s, %s%n",
          gateway.address(), backend, mode, protocol);
      server.ifPresent(one -> out.println("orders at " + one.address()));
      out.flush();
      try {
        reportForEver(gateway, out);
      } finally {
        if (server.isPresent()) {
          server.get().close();
        }
      }
    }
    return ExitCode.OK;
  }

  private Gateway open() throws IOException {
    GatewaySettings settings = settings();
    try {
      return Gateway.open(settings);
    } catch (IOException e) {
      throw new BadInputException(
          "--listen",
          "can't listen on %s: %s".formatted(listen, e.getMessage()),
          "Choose an address of this machine and a port that nobody uses.",
          e);
    }
  }

  /** What the flags say. */
  GatewaySettings settings() {
    GatewayMode chosen = choice("--mode", mode, GatewayMode.class);
    Protocol spoken = choice("--protocol", protocol, Protocol.class);
    WithoutShadow bare = choice("--without-shadow", withoutShadow, WithoutShadow.class);
    InetSocketAddress at = HostPort.parse("--listen", listen).resolved();
    if (goneAfter < 1) {
      throw new BadInputException(
          "--gone-after", "is %d seconds; expected 1 or more".formatted(goneAfter), "");
    }
    try {
      GatewaySettings usual =
          GatewaySettings.of(at, HostPort.parse("--backend", backend).resolved(), chosen, spoken)
              .with(new RequestLogBounds(logRequests, logMib << 20, 0))
              .withGoneMax(Duration.ofSeconds(goneAfter))
              .with(bare);
      return usual.with(usual.holdMax(), usual.clientsWait(), letGoAfter.map(Duration::ofSeconds));
    } catch (IllegalArgumentException e) {
      throw new BadInputException("--mode", String.valueOf(e.getMessage()), "", e);
    }
  }

  private Optional<ControlServer> control(Gateway gateway) throws IOException {
    if (control.isEmpty()) {
      return Optional.empty();
    }
    String at = control.get();
    if (at.contains("/")) {
      return Optional.of(ControlServer.on(gateway, UnixDomainSocketAddress.of(at)));
    }
    if (token.isEmpty()) {
      throw new BadInputException(
          "--control", "is TCP and has no token", "Add --control-token FILE, or name a path.");
    }
    String secret = Files.readString(token.get()).strip();
    if (secret.length() < 16) {
      throw new BadInputException(
          "--control-token",
          "%s holds %d characters; expected 16 or more".formatted(token.get(), secret.length()),
          "For example: head -c 24 /dev/urandom | base64 > FILE");
    }
    return Optional.of(
        ControlServer.on(gateway, HostPort.parse("--control", at).resolved(), secret));
  }

  private void reportForEver(Gateway gateway, PrintWriter out) throws InterruptedException {
    while (true) {
      Thread.sleep(Duration.ofSeconds(report == 0 ? 3_600 : report));
      if (report > 0) {
        out.println(line(gateway.metrics()));
        out.flush();
      }
    }
  }

  static String line(GatewayMetrics now) {
    return String.format(
        Locale.ROOT,
        "%s, service %s: %,d clients, %,d requests, %,d in the log (%,d KiB), %,d held; "
            + "%,d cuts (%,d quiet, mean %,d us), %,d replayed%s",
        now.protection(),
        now.backendState(),
        now.connections(),
        now.requests(),
        now.logged(),
        now.logBytes() >> 10,
        now.heldResponses(),
        now.cuts(),
        now.quietCuts(),
        now.cutMicros() / Math.max(1, now.cuts()),
        now.replayed(),
        now.lastComplaint().isEmpty() ? "" : "; last complaint: " + now.lastComplaint());
  }

  private static <E extends Enum<E>> E choice(String flag, String text, Class<E> type) {
    for (E one : type.getEnumConstants()) {
      if (one.name().equalsIgnoreCase(text.replace('-', '_'))) {
        return one;
      }
    }
    StringBuilder expected = new StringBuilder();
    for (E one : type.getEnumConstants()) {
      expected.append(expected.isEmpty() ? "" : ", ");
      expected.append(one.name().toLowerCase(Locale.ROOT).replace('_', '-'));
    }
    throw new BadInputException(flag, "is '%s'; expected one of %s".formatted(text, expected), "");
  }
}
