package io.penumbra.app.agent;

import com.sun.management.OperatingSystemMXBean;
import io.penumbra.adapter.qemu.agent.AgentSettings;
import io.penumbra.adapter.qemu.agent.NodeAgent;
import io.penumbra.adapter.qemu.agent.OwnCaps;
import io.penumbra.adapter.qemu.agent.QemuHypervisor;
import io.penumbra.adapter.qemu.agent.ServiceGate;
import io.penumbra.adapter.qemu.dirty.TrackingLibrary;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.app.ExitCode;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.Location;
import io.penumbra.scheduler.lease.LeaseTerms;
import io.penumbra.web.BearerTokens;
import io.penumbra.web.JsonServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs the agent of one host until it is stopped; it may be killed at any time. */
@Command(
    name = "agent",
    description = {
      "",
      "Looks after the QEMU guests and shadows of one host: one process per host, run as the user",
      "that QEMU runs as. Kill or restart it whenever you like: guests are left alone, and what it",
      "must remember is in its directory.",
      ""
    },
    footerHeading = "%nExample:%n",
    footer = {
      "  openssl rand -hex 32 > token",
      "  ./penumbra agent --host h1 --dir /var/lib/penumbra/h1 --listen 10.0.0.1:7070 \\",
      "      --controller http://10.0.0.9:7410 --token-file token"
    })
public final class AgentCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(names = "--host", required = true, paramLabel = "ID", description = "Its name.")
  private String host;

  @Option(
      names = "--dir",
      required = true,
      paramLabel = "DIR",
      description = "What it remembers, and its guests' sockets: a short path.")
  private Path directory;

  @Option(
      names = "--listen",
      required = true,
      paramLabel = "HOST:PORT",
      description = "Where its API is reached, by the controller and by other agents.")
  private String listen;

  @Option(
      names = "--controller",
      paramLabel = "URL",
      split = ",",
      description = "Where heartbeats go; several, separated by commas.")
  private List<String> controllers = List.of();

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "The secret of agents and controller; else PENUMBRA_AGENT_TOKEN.")
  private Optional<Path> tokenFile = Optional.empty();

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Failure domains, hardware, lease and caps, in YAML.")
  private Optional<Path> config = Optional.empty();

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  AgentCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    AgentConfig read = config.map(AgentConfig::read).orElseGet(AgentConfig::defaults);
    String token = token();
    InetSocketAddress at = address();
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    AgentSettings settings = settings(read, token, at);
    LaunchSettings launch =
        TrackingLibrary.in(TrackingLibrary.usualCache())
            .found()
            .map(LaunchSettings.DEFAULT::withTracking)
            .orElse(LaunchSettings.DEFAULT);
    out.println(OwnCaps.apply(read.cpuShare(), read.memoryMib()));
    QemuHypervisor qemu = new QemuHypervisor(directory.resolve("guests"), host, launch);
    try (NodeAgent agent = NodeAgent.start(settings, qemu, ServiceGate.NONE);
        JsonServer server =
            JsonServer.start(
                JsonServer.Settings.plain(
                    at,
                    new BearerTokens(new TreeMap<>(Map.of("penumbra", token))),
                    (route, cause) -> err.printf("penumbra agent: %s: %s%n", route, cause)),
                agent.routes().list())) {
      out.printf("agent of %s at %s, in %s%n", agent.host(), settings.address(), directory);
      out.flush();
      awaitEnd(server);
    }
    return ExitCode.OK;
  }

  /** Until the process is asked to end. */
  private static void awaitEnd(JsonServer server) throws InterruptedException {
    CountDownLatch end = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(server::close));
    end.await();
  }

  private String token() {
    String token =
        tokenFile
            .map(BearerTokens::secret)
            .or(() -> Optional.ofNullable(System.getenv("PENUMBRA_AGENT_TOKEN")))
            .orElse("");
    if (token.isBlank()) {
      throw new BadInputException(
          "--token-file",
          "is missing, and so is PENUMBRA_AGENT_TOKEN",
          "Make a secret with: openssl rand -hex 32 > token");
    }
    return token;
  }

  private InetSocketAddress address() {
    int colon = listen.lastIndexOf(':');
    try {
      return new InetSocketAddress(
          listen.substring(0, colon), Integer.parseInt(listen.substring(colon + 1)));
    } catch (IndexOutOfBoundsException | NumberFormatException e) {
      throw new BadInputException(
          "--listen", "'%s'; expected HOST:PORT".formatted(listen), "As in 10.0.0.1:7070.", e);
    }
  }

  private AgentSettings settings(AgentConfig read, String token, InetSocketAddress at)
      throws IOException {
    List<InetAddress> data =
        read.dataAddresses().isEmpty()
            ? List.of(at.getAddress())
            : List.of(InetAddress.getByName(read.dataAddresses().getFirst()));
    return new AgentSettings(
        describe(read),
        directory,
        "http://%s:%d".formatted(at.getAddress().getHostAddress(), at.getPort()),
        controllers,
        token,
        Optional.empty(),
        data,
        Optional.empty(),
        new LeaseTerms(read.lease(), read.clockDriftMax(), read.leaseMargin()),
        read.heartbeat(),
        Duration.ofMillis(20));
  }

  private Host describe(AgentConfig read) {
    return new Host(
        HostId.of(host),
        new Location(
            read.location().getOrDefault("zone", "zone"),
            read.location().getOrDefault("feed", "feed-" + host),
            read.location().getOrDefault("rack", "rack-" + host),
            read.location().getOrDefault("chassis", "chassis-" + host)),
        new HardwareProfile(
            read.hardware().getOrDefault("vendor", "unknown"),
            read.hardware().getOrDefault("cpu", "unknown"),
            read.hardware().getOrDefault("firmware", "unknown"),
            "qemu",
            List.of()),
        new Resources(Runtime.getRuntime().availableProcessors(), memoryMib(), read.diskGib()),
        Instant.now());
  }

  private static long memoryMib() {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getTotalMemorySize() >> 20;
  }
}
