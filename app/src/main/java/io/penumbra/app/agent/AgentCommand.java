package io.penumbra.app.agent;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.agent.AgentSettings;
import io.penumbra.adapter.qemu.agent.ControlGroups;
import io.penumbra.adapter.qemu.agent.EpochStore;
import io.penumbra.adapter.qemu.agent.NodeAgent;
import io.penumbra.adapter.qemu.agent.OwnCaps;
import io.penumbra.adapter.qemu.agent.QemuHypervisor;
import io.penumbra.adapter.qemu.agent.Scrubbing;
import io.penumbra.adapter.qemu.agent.ServiceGate;
import io.penumbra.adapter.qemu.dirty.TrackingLibrary;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.adapter.qemu.guest.LibvirtDomains;
import io.penumbra.adapter.traffic.gateway.control.RemoteGateway;
import io.penumbra.app.ExitCode;
import io.penumbra.app.HostPort;
import io.penumbra.app.store.StoreFile;
import io.penumbra.app.sync.KeyFile;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.Location;
import io.penumbra.scheduler.lease.LeaseTerms;
import io.penumbra.sync.frame.FrameKey;
import io.penumbra.tiers.StorageSettings;
import io.penumbra.tiers.StoreKeeper;
import io.penumbra.tiers.StoreOpening;
import io.penumbra.web.BearerTokens;
import io.penumbra.web.JsonServer;
import io.penumbra.web.PemFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs the node agent of this host until it is stopped; its guests outlive it. */
@Command(
    name = "agent",
    description = {
      "",
      "Looks after the guests of one host: starts them, captures their epochs, keeps shadows of",
      "other hosts' guests and brings them to life. Stop or kill it whenever you like: guests run on",
      "for as long as their leases last, and the next agent takes them up.",
      ""
    },
    footerHeading = "%nExample:%n",
    footer = {
      "  ./penumbra agent --host node1 --dir /var/lib/penumbra --listen 10.0.0.5:7410 \\",
      "      --controller http://10.0.0.1:7400 --token-file /etc/penumbra/agent.token"
    })
public final class AgentCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(names = "--host", required = true, paramLabel = "ID", description = "This host's name.")
  private String host;

  @Option(
      names = "--dir",
      required = true,
      paramLabel = "DIR",
      description = "Where it keeps what it must remember, and its guests; a short path.")
  private Path dir;

  @Option(
      names = "--listen",
      required = true,
      paramLabel = "ADDRESS:PORT",
      description = "Its API, which the controller and other agents call.")
  private String listen;

  @Option(
      names = "--controller",
      required = true,
      split = ",",
      paramLabel = "URL",
      description = "Who gets its heartbeats; several, separated by commas.")
  private List<String> controllers;

  @Option(
      names = "--token-file",
      required = true,
      paramLabel = "FILE",
      description = "The secret that agents and controller share.")
  private Path token;

  @Option(
      names = "--data",
      split = ",",
      paramLabel = "ADDRESS",
      description =
          "Where epochs come in, one address for each network path; as --listen if not given.")
  private List<String> data = List.of();

  @Option(
      names = "--key-file",
      paramLabel = "FILE",
      description = "Encrypts epochs on the wire: 64 hexadecimal digits, the same on every host.")
  private Optional<Path> key = Optional.empty();

  @Option(
      names = "--location",
      paramLabel = "ZONE/FEED/RACK/CHASSIS",
      description = "Failure domains; if not given, the host is taken to share none but the zone.")
  private Optional<String> location = Optional.empty();

  @Option(
      names = "--capacity",
      paramLabel = "VCPUS/MIB/GIB",
      description = "What guests may have; if not given, this machine's threads and memory.")
  private Optional<String> capacity = Optional.empty();

  @Option(
      names = "--lease",
      defaultValue = "3000",
      paramLabel = "MILLIS",
      description = "How long a guest serves without a word from anybody; ${DEFAULT-VALUE}.")
  private long lease;

  @Option(
      names = "--heartbeat",
      defaultValue = "100",
      paramLabel = "MILLIS",
      description = "How far apart heartbeats are; ${DEFAULT-VALUE}.")
  private long heartbeat;

  @Option(
      names = "--gateway",
      split = ",",
      paramLabel = "VM=PATH|VM=ADDRESS:PORT",
      description = "Control of the gateway in front of a VM, which is told of cuts and takeovers.")
  private Map<String, String> gateways = Map.of();

  @Option(
      names = "--gateway-token",
      paramLabel = "FILE",
      description = "What a gateway wants to hear when its control is TCP.")
  private Optional<Path> gatewayToken = Optional.empty();

  @Option(
      names = "--quiet-within",
      defaultValue = "50",
      paramLabel = "MILLIS",
      description = "How long a cut waits for a gateway's quiet; ${DEFAULT-VALUE}.")
  private long quietWithin;

  @Option(
      names = "--no-tracking",
      description = "Don't preload the library that tells which pages guests write; compare all.")
  private boolean noTracking;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description = {
        "PEM file with this host's certificate and who signed it: the API speaks TLS, and what",
        "others are called with shows it. The certificate has to name the address of --listen."
      })
  private Optional<Path> certificate = Optional.empty();

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      description = "PEM file with its key: PKCS #8, not encrypted.")
  private Optional<Path> tlsKey = Optional.empty();

  @Option(
      names = "--tls-ca",
      paramLabel = "FILE",
      description = {
        "PEM file: who must have signed what callers and those who are called show. Callers",
        "without a certificate are refused then. If not given, none is asked for."
      })
  private Optional<Path> authority = Optional.empty();

  @Option(
      names = "--own-cores",
      defaultValue = "0",
      paramLabel = "CORES",
      description = {
        "How much of the CPU the agent itself may use at most, as in 0.5; its disk accesses come",
        "after guests' then. By control groups, else by niceness (see doctor). 0: as much as there is."
      })
  private double ownCores;

  @Option(
      names = "--weight-under-pressure",
      defaultValue = "0",
      paramLabel = "WEIGHT",
      description = {
        "What guests weigh against everything else on the host while work waits for the CPU:",
        "100 is normal, 300 is three times that. By control groups. 0: nothing is changed."
      })
  private int weightUnderPressure;

  @Option(
      names = "--store",
      paramLabel = "FILE",
      description = {
        "YAML of a tier store: epochs of cold shadows are kept in it, and VMs whose shadow is lost, too,",
        "are restored from it. Every host has a directory of its own and the same object tier."
      })
  private Optional<Path> store = Optional.empty();

  @Option(
      names = "--store-acks",
      defaultValue = "IN_OBJECTS",
      paramLabel = "WHERE",
      description = {
        "An epoch of a cold shadow counts when it is IN_OBJECTS (this host may be lost then), or",
        "ON_SSD of this host; ${DEFAULT-VALUE}."
      })
  private EpochStore.Acked storeAcks = EpochStore.Acked.IN_OBJECTS;

  @Option(
      names = "--libvirt",
      arity = "0..1",
      fallbackValue = "",
      paramLabel = "URI",
      description = {
        "Look after domains of this host's libvirt, too, when told to (PUT /v1/vms/VM here; GET /v1/strays",
        "lists them); without a URI, virsh's default. See docs/libvirt.md."
      })
  private Optional<String> libvirt = Optional.empty();

  @Option(
      names = "--scrub",
      defaultValue = "32",
      paramLabel = "MIB",
      description =
          "Read so much of each guest's and shadow's memory again per second; ${DEFAULT-VALUE}, 0: none.")
  private int scrub;

  @Option(
      names = "--on-drift",
      defaultValue = "TELL",
      paramLabel = "WHAT",
      description = {
        "When memory has changed by itself: TELL (epochs are marked as suspect), or ROLL_BACK",
        "(the guest is given up for its last healthy epoch); ${DEFAULT-VALUE}."
      })
  private OnDrift onDrift = OnDrift.TELL;

  /** What follows when a guest's memory has changed by itself. */
  enum OnDrift {
    TELL,
    ROLL_BACK
  }

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  AgentCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    InetSocketAddress address = HostPort.parse("--listen", listen).numeric();
    String secret = BearerTokens.secret(token);
    Optional<SSLContext> tls = tls();
    AgentSettings settings = settings(address, secret, tls);
    OwnCaps caps = new OwnCaps(ControlGroups.ofMachine(), ownCores);
    if (store.isEmpty()) {
      serve(settings, address, secret, tls, caps, Optional.empty());
      return ExitCode.OK;
    }
    StorageSettings storage = StoreFile.settings(store.get());
    try (StoreOpening.OpenStore open = StoreFile.open(storage, this::say);
        StoreKeeper keeper =
            new StoreKeeper(
                open.store(), storage.keeperRules(), _ -> Optional.empty(), this::say)) {
      keeper.start();
      EpochStore epochs = new EpochStore(open.store(), storeAcks, this::say);
      serve(settings, address, secret, tls, caps, Optional.of(epochs));
    }
    return ExitCode.OK;
  }

  private void serve(
      AgentSettings settings,
      InetSocketAddress address,
      String secret,
      Optional<SSLContext> tls,
      OwnCaps caps,
      Optional<EpochStore> epochs)
      throws IOException, InterruptedException {
    QemuHypervisor own = new QemuHypervisor(dir.resolve("guests"), host, launch(), caps, epochs);
    QemuHypervisor hypervisor =
        libvirt
            .map(uri -> Optional.of(uri).filter(given -> !given.isEmpty()))
            .map(LibvirtDomains::new)
            .map(own::withLibvirt)
            .orElse(own);
    CountDownLatch stopped = new CountDownLatch(1);
    try (NodeAgent agent = NodeAgent.start(settings, hypervisor, gate());
        JsonServer server =
            JsonServer.start(
                new JsonServer.Settings(
                    address,
                    new BearerTokens(new TreeMap<>(Map.of("controller", secret))),
                    tls,
                    authority.isPresent(),
                    512,
                    4 << 20,
                    (route, cause) -> say("ERROR " + route + ": " + cause)),
                agent.routes().list())) {
      say("agent of %s listens on %s".formatted(agent.host(), server.address()));
      // After the watchdog was started, which must not be held back by it.
      say(caps.apply());
      Runtime.getRuntime().addShutdownHook(new Thread(stopped::countDown));
      stopped.await();
    }
  }

  /** With one of the two files, the other has to be there. */
  private Optional<SSLContext> tls() {
    if (certificate.isPresent() != tlsKey.isPresent()
        || (authority.isPresent() && certificate.isEmpty())) {
      throw new BadInputException(
          "--tls-cert", "goes with --tls-key, and --tls-ca with both", "give them together");
    }
    return certificate.map(file -> new PemFiles(file, tlsKey.orElseThrow(), authority).context());
  }

  private AgentSettings settings(InetSocketAddress address, String secret, Optional<SSLContext> tls)
      throws IOException {
    LeaseTerms usual = LeaseTerms.defaults();
    Optional<FrameKey> frames = Optional.empty();
    if (key.isPresent()) {
      frames = Optional.of(KeyFile.read(key.get()));
    }
    List<InetAddress> paths = new ArrayList<>();
    for (String path : data) {
      paths.add(HostPort.numeric("--data", path));
    }
    return new AgentSettings(
        description(),
        dir,
        "%s://%s:%d"
            .formatted(
                tls.isPresent() ? "https" : "http",
                address.getAddress().getHostAddress(),
                address.getPort()),
        controllers,
        secret,
        tls,
        paths.isEmpty() ? List.of(address.getAddress()) : paths,
        frames,
        new LeaseTerms(Duration.ofMillis(lease), usual.driftMax(), usual.margin()),
        Duration.ofMillis(heartbeat),
        Duration.ofMillis(quietWithin),
        new Scrubbing(scrub, onDrift == OnDrift.ROLL_BACK),
        weightUnderPressure);
  }

  private Host description() throws IOException {
    String[] place =
        location
            .orElse("zone/feed-%s/rack-%s/chassis-%s".formatted(host, host, host))
            .split("/", -1);
    if (place.length != 4) {
      throw new BadInputException(
          "--location",
          "is '%s'; expected four parts, ZONE/FEED/RACK/CHASSIS".formatted(location.orElse("")),
          "");
    }
    return new Host(
        HostId.of(host),
        new Location(place[0], place[1], place[2], place[3]),
        new HardwareProfile("unknown", "unknown", "unknown", "qemu", List.of()),
        capacity.isPresent() ? capacity(capacity.get()) : machine(),
        Instant.now().truncatedTo(ChronoUnit.DAYS));
  }

  private static Resources capacity(String text) {
    String[] parts = text.split("/", -1);
    try {
      return new Resources(
          Integer.parseInt(parts[0]), Long.parseLong(parts[1]), Long.parseLong(parts[2]));
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw new BadInputException(
          "--capacity", "is '%s'; expected numbers, VCPUS/MIB/GIB".formatted(text), "", e);
    }
  }

  private static Resources machine() throws IOException {
    long kib =
        Files.readAllLines(Path.of("/proc/meminfo")).stream()
            .filter(line -> line.startsWith("MemTotal:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
            .findFirst()
            .orElse(1 << 20);
    return new Resources(Runtime.getRuntime().availableProcessors(), kib / 1024, 100);
  }

  private LaunchSettings launch() {
    if (noTracking) {
      return LaunchSettings.DEFAULT;
    }
    return switch (TrackingLibrary.in(TrackingLibrary.usualCache())) {
      case Reply.Done<Path>(Path library) -> LaunchSettings.DEFAULT.withTracking(library);
      case Reply.Refused<Path>(String reason) -> comparing(reason);
      case Reply.Unknown<Path>(String reason) -> comparing(reason);
    };
  }

  private LaunchSettings comparing(String reason) {
    say("pages that guests write can't be tracked, so all are compared: " + reason);
    return LaunchSettings.DEFAULT;
  }

  private ServiceGate gate() {
    if (gateways.isEmpty()) {
      return ServiceGate.NONE;
    }
    Map<VmId, RemoteGateway> controls = new TreeMap<>();
    Map<VmId, Supplier<RemoteGateway>> lines = new TreeMap<>();
    Optional<String> secret = gatewayToken.map(BearerTokens::secret);
    new TreeMap<>(gateways)
        .forEach((vm, at) -> {
          SocketAddress control =
              at.contains("/")
                  ? UnixDomainSocketAddress.of(at)
                  : HostPort.parse("--gateway", at).numeric();
          controls.put(VmId.of(vm), new RemoteGateway(control, secret));
          lines.put(VmId.of(vm), () -> new RemoteGateway(control, secret));
        });
    return new GatewayGate(controls, lines, this::say);
  }

  private void say(String line) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(Instant.now().truncatedTo(ChronoUnit.MILLIS) + " " + line);
    out.flush();
  }
}
