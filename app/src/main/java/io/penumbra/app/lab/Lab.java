package io.penumbra.app.lab;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.agent.QemuHypervisor;
import io.penumbra.adapter.qemu.api.AgentClient;
import io.penumbra.adapter.qemu.api.AgentJson;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.PortForward;
import io.penumbra.adapter.qemu.image.LabGuest;
import io.penumbra.adapter.traffic.gateway.control.RemoteGateway;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.FlavorId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.policy.CommitMode;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.RiskThresholds;
import io.penumbra.domain.policy.ShadowMode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Two hosts with agents, the control plane, HAProxy, BIND, a guest with Redis, and a client that
 * writes all the time. Everything is a process of its own, as in production; all of them are ended
 * when the lab is closed.
 */
final class Lab implements AutoCloseable {

  /** Steps before this one end with the shadow's life. */
  private static final String ACTIVATED = "07";

  static final String VM = "redis";
  private static final int PORT = 16_379;
  private static final int AGENT_PORT = 7_410;
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final long CONTROLLER_LIVES_MILLIS = 800;

  private final LabSettings settings;
  private final List<String> names;
  private final Consumer<String> say;
  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final Map<String, LabHost> hosts = new TreeMap<>();
  private final ServingWatch watch;
  private final PowerPanel power;
  private final List<SplitCapture.Seen> splits = new ArrayList<>();
  private final HostNetwork network;
  private final LabApi api;
  private final InetSocketAddress clients;
  private final SplittableRandom random;
  private final long startNanos = System.nanoTime();
  private final Path secrets;
  private final String token;
  private Optional<Child> serve = Optional.empty();
  private Optional<Child> gateway = Optional.empty();
  private final Path config;
  private long lost;

  /**
   * Brings everything up but the guest.
   *
   * @param say is told what happens, a line each
   */
  Lab(LabSettings settings, Consumer<String> say) throws IOException, InterruptedException {
    this.settings = settings;
    this.names = settings.stored() ? List.of("a", "b", "c") : List.of("a", "b");
    this.say = say;
    random = new SplittableRandom(settings.seed());
    secrets = Files.createDirectories(settings.directory().resolve("secrets"));
    int number = networkNumber();
    network = keep(HostNetwork.make(networkName(), settings.apart(), number, names.size()));
    token = secret("token");
    Files.writeString(secrets.resolve("key"), HexFormat.of().formatHex(bytes(32)) + "\n");
    String tsig = Base64.getEncoder().encodeToString(bytes(32));
    Path tsigFile = secrets.resolve("tsig");
    Files.writeString(
        tsigFile,
        "key \"%s\" { algorithm hmac-sha256; secret \"%s\"; };%n"
            .formatted(NamedProcess.KEY_NAME, tsig));
    try {
      InetSocketAddress first = new InetSocketAddress(literal(network.service(0)), PORT);
      HaproxyProcess balancer =
          keep(HaproxyProcess.start(settings.directory().resolve("lb"), first));
      NamedProcess named = keep(NamedProcess.start(settings.directory().resolve("dns"), tsig));
      power =
          keep(PowerPanel.open(network.controller(), host -> Optional.ofNullable(hosts.get(host))));
      clients = gateway(first).orElse(balancer.address());
      int servePort = HaproxyProcess.freePort();
      config = settings.directory().resolve("serve.yaml");
      Files.writeString(config, serveConfig(servePort, balancer, named, power, tsigFile));
      URI root = URI.create("http://%s:%d".formatted(network.controller(), servePort));
      api = keep(new LabApi(root, token));
      startServe();
      until("the control plane works", api::works, this::serveWords);
      for (int i = 0; i < names.size(); i++) {
        int index = i;
        String name = names.get(i);
        LabHost host =
            keep(
                new LabHost(
                    name, settings.directory().resolve(name), () -> agentCommand(index, root)));
        hosts.put(name, host);
        host.start();
      }
      until("all hosts are up", () -> api.hostsUp() == names.size(), this::agentWords);
      watch =
          keep(
              ServingWatch.start(
                  names.stream()
                      .map(name -> settings.directory().resolve(name).resolve("guests").resolve(VM))
                      .toList()));
    } catch (IOException | InterruptedException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private <T extends AutoCloseable> T keep(T part) {
    open.push(part);
    return part;
  }

  private static InetAddress literal(String address) {
    return InetAddress.ofLiteral(address);
  }

  private byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    new SecureRandom().nextBytes(bytes);
    return bytes;
  }

  private String secret(String name) throws IOException {
    String secret = HexFormat.of().formatHex(bytes(24));
    Files.writeString(secrets.resolve(name), secret + "\n");
    return secret;
  }

  // --- processes

  /** Another of our own commands, in a JVM like this one. */
  static List<String> penumbra(int heapMib, List<String> words) {
    List<String> all = new ArrayList<>();
    all.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    all.addAll(
        List.of(
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=4",
            "-Xmx%dm".formatted(heapMib),
            "-cp",
            System.getProperty("java.class.path"),
            "io.penumbra.app.Penumbra"));
    all.addAll(words);
    return all;
  }

  private void startServe() {
    serve =
        Optional.of(
            Child.start(
                "serve",
                settings.directory(),
                Map.of(),
                penumbra(256, List.of("serve", "--config", config.toString()))));
  }

  /** {@code kill -9} of the control plane, and another one from its journal. */
  void restartServe() {
    serve.ifPresent(Child::kill);
    startServe();
  }

  private String serveWords() {
    return serve.map(Child::lastWords).orElse("");
  }

  private Optional<InetSocketAddress> gateway(InetSocketAddress backend)
      throws IOException, InterruptedException {
    if (settings.commit().equals("async")) {
      return Optional.empty();
    }
    InetSocketAddress at = new InetSocketAddress(literal("127.0.0.1"), HaproxyProcess.freePort());
    Child child =
        keep(
            Child.start(
                "gateway",
                settings.directory(),
                Map.of(),
                penumbra(
                    256,
                    List.of(
                        "gateway",
                        "--listen",
                        "127.0.0.1:" + at.getPort(),
                        "--backend",
                        backend.getAddress().getHostAddress() + ":" + backend.getPort(),
                        "--mode",
                        settings.commit(),
                        "--protocol",
                        "resp",
                        "--control",
                        control().toString()))));
    gateway = Optional.of(child);
    until("the gateway listens", () -> Files.exists(control()), child::lastWords);
    return Optional.of(at);
  }

  /** The process in front of the guest's service, where there is one. */
  Optional<Child> gateway() {
    return gateway;
  }

  private Path control() {
    return settings.directory().resolve("gw.sock");
  }

  private List<String> agentCommand(int index, URI controller) {
    String name = names.get(index);
    List<String> words =
        new ArrayList<>(
            List.of(
                "agent",
                "--host",
                name,
                "--dir",
                settings.directory().resolve(name).toString(),
                "--listen",
                network.address(index) + ":" + AGENT_PORT,
                "--controller",
                controller.toString(),
                "--token-file",
                secrets.resolve("token").toString(),
                "--key-file",
                secrets.resolve("key").toString(),
                "--heartbeat",
                "50",
                "--capacity",
                "8/%d/100".formatted(4L * settings.memoryMib())));
    if (!settings.commit().equals("async")) {
      words.addAll(List.of("--gateway", VM + "=" + control()));
    }
    if (settings.stored()) {
      words.addAll(List.of("--store", LabStore.write(settings.directory(), name).toString()));
    }
    List<String> all = new ArrayList<>(network.on(index));
    all.addAll(penumbra(512, words));
    return all;
  }

  private String serveConfig(
      int port, HaproxyProcess balancer, NamedProcess named, PowerPanel power, Path tsig) {
    String slots =
        settings.commit().equals("async")
            ? "slots: [{haproxy: lb, backend: %s, server: %s, port: %d}]"
                .formatted(HaproxyProcess.BACKEND, HaproxyProcess.SERVER, PORT)
            : "slots: []";
    StringBuilder places = new StringBuilder();
    for (int i = 0; i < names.size(); i++) {
      places.append(
          "    %s: {address: %s, redfish: {url: \"%s\", system: /redfish/v1/Systems/%s}}%n"
              .formatted(names.get(i), network.service(i), power.url(), names.get(i)));
    }
    return """
    listen: %s:%d
    state: %s
    tokens: {lab: "file:%s"}
    scheduler: {heartbeat: PT0.05S, watch: PT0.5S, shadowRetry: PT0.5S, breaker: 0}
    cloud:
      kind: agents
      token: "file:%s"
      hosts:
    %s  traffic:
        haproxy: {lb: {socket: %s}}
        dns:
          %s: {server: "127.0.0.1:%d", key: %s}
        vms:
          %s:
            %s
            records: [{zone: %s, name: redis.%s, ttl: PT5S}]
    """
        .formatted(
            network.controller(),
            port,
            settings.directory().resolve("state"),
            secrets.resolve("token"),
            secrets.resolve("token"),
            places,
            balancer.socket(),
            NamedProcess.ZONE,
            named.address().getPort(),
            tsig,
            VM,
            slots,
            NamedProcess.ZONE,
            NamedProcess.ZONE);
  }

  // --- the guest

  /**
   * Builds the guest if need be, starts it, and waits until its shadow stands ready.
   *
   * @return milliseconds from the order to start until Redis answered: what a reboot costs
   */
  double startGuest() throws InterruptedException {
    LabGuest image = image();
    long began = System.nanoTime();
    wish(image);
    // Not through the gateway: what is asked of a guest that boots is never answered.
    until("Redis answers", () -> RedisWriter.pings(guestAddress()), this::agentWords);
    double booted = (System.nanoTime() - began) / 1e6;
    say.accept("guest booted and answered after %s ms".formatted(millis(began)));
    began = System.nanoTime();
    awaitProtected();
    say.accept("its shadow stands ready after another %s ms".formatted(millis(began)));
    return booted;
  }

  /** Says that the VM is wanted; serve is told so again by whoever heard no answer. */
  void wish() throws InterruptedException {
    wish(image());
  }

  private void wish(LabGuest image) throws InterruptedException {
    api.start(VM, AgentJson.tree(spec(image, Optional.of(settings.epoch()))));
  }

  private LabGuest image() {
    return switch (LabGuest.in(settings.cache())) {
      case Reply.Done<LabGuest>(LabGuest built) -> built;
      case Reply.Refused<LabGuest>(String why) -> throw notBuilt(why);
      case Reply.Unknown<LabGuest>(String why) -> throw notBuilt(why);
    };
  }

  private InetSocketAddress guestAddress() throws InterruptedException {
    int on = api.vm(VM).map(vm -> names.indexOf(vm.host())).orElse(0);
    return new InetSocketAddress(literal(network.service(on)), PORT);
  }

  private static BadInputException notBuilt(String why) {
    return new BadInputException("lab guest", why, "see: penumbra doctor");
  }

  private VmSpec spec(LabGuest image, Optional<Duration> epoch) {
    VmId id = VmId.of(VM);
    GuestSpec guest =
        GuestSpec.of(id, settings.memoryMib(), image.redis())
            .withForwards(List.of(new PortForward(network.service(0), PORT, LabGuest.REDIS_PORT)));
    Vm vm =
        new Vm(
            id,
            ProjectId.of("lab"),
            FlavorId.of("lab"),
            new Resources(1, settings.memoryMib(), 0),
            new TreeMap<>(),
            List.of(),
            new EffectivePolicy(policy(epoch), "the lab"));
    return new VmSpec(
        vm,
        Optional.of(
            new VmSpec.ServiceCheck(
                Integer.toString(LabGuest.REDIS_PORT),
                VmSpec.ServiceCheck.Kind.RESP,
                "",
                Duration.ofSeconds(1))),
        describedOnAll(guest));
  }

  private JsonNode describedOnAll(GuestSpec guest) {
    JsonNode described = QemuHypervisor.describe(guest);
    for (int i = 1; i < names.size(); i++) {
      described =
          QemuHypervisor.alsoOn(
              described,
              names.get(i),
              List.of(new PortForward(network.service(i), PORT, LabGuest.REDIS_PORT)));
    }
    return described;
  }

  /** What may be lost is two epochs: one that is under way, and one that has not begun. */
  private ProtectionPolicy policy(Optional<Duration> epoch) {
    return new ProtectionPolicy(
        epoch.isPresent() ? settings.mode() : ShadowMode.NONE,
        epoch.isPresent() ? 1 : 0,
        epoch.orElse(settings.epoch()).multipliedBy(2),
        Duration.ofMillis(500),
        Diversity.HOST_ONLY,
        settings.commit().equals("output-commit") ? CommitMode.OUTPUT_COMMIT : CommitMode.ASYNC,
        new RiskThresholds(0.05, 0.2),
        0);
  }

  /** Has epochs so far apart from now on; without a shadow when there are to be none. */
  void protect(Optional<Duration> epoch) throws InterruptedException {
    VmId id = VmId.of(VM);
    String host = api.vm(VM).orElseThrow().host();
    try (AgentClient agent = agent(host)) {
      said("the guest's policy", agent.start(spec(image(), epoch)));
      if (epoch.isPresent()) {
        awaitProtected();
        said(
            "the interval of epochs",
            agent.execute(
                new Command.SetEpochInterval(
                    CommandId.of("lab-" + UUID.randomUUID()), id, epoch.get()),
                PATIENCE));
      } else {
        until(
            "the guest has no shadow",
            () -> api.vm(VM).filter(vm -> vm.shadows() == 0).isPresent(),
            this::serveWords);
        unprotectGateway();
      }
    }
  }

  private void unprotectGateway() {
    if (!settings.commit().equals("async")) {
      try (RemoteGateway gateway =
          new RemoteGateway(UnixDomainSocketAddress.of(control()), Optional.empty())) {
        gateway.unprotect("the lab wants none");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static void said(String what, io.penumbra.web.Reply<?> reply) {
    if (!(reply instanceof io.penumbra.web.Reply.Ok<?>)) {
      throw new IllegalStateException("%s: %s".formatted(what, reply));
    }
  }

  /** A host's agent, past the control plane. */
  AgentClient agent(String host) {
    String address = "http://%s:%d".formatted(network.address(names.indexOf(host)), AGENT_PORT);
    return new AgentClient(address, token, Optional.empty());
  }

  /** The control plane. */
  LabApi api() {
    return api;
  }

  /** One of the two. */
  LabHost host(String name) {
    return Optional.ofNullable(hosts.get(name))
        .orElseThrow(() -> new IllegalArgumentException("no host is called " + name));
  }

  /** Where clients of the guest go. */
  InetSocketAddress clients() {
    return clients;
  }

  void awaitProtected() throws InterruptedException {
    awaitProtected(this::isProtected);
  }

  private void awaitProtected(Condition condition) throws InterruptedException {
    until("the VM is protected", condition, () -> serveWords() + "\n" + agentWords());
  }

  private boolean isProtected() throws InterruptedException {
    return api.vm(VM).filter(LabApi.VmState::isProtected).isPresent();
  }

  private String agentWords() {
    StringBuilder words = new StringBuilder();
    hosts
        .values()
        .forEach(
            host -> words.append(host.name()).append(": ").append(host.lastWords()).append('\n'));
    return words.toString();
  }

  // --- a kill

  /** A client that writes through whatever stands in front. */
  RedisWriter writer() {
    return keep(new RedisWriter(clients, "k", settings.writers()));
  }

  /** What is known of who served when. */
  ServingWatch watch() {
    return watch;
  }

  long startNanos() {
    return startNanos;
  }

  private static int networkNumber() {
    return 1 + (int) (ProcessHandle.current().pid() % 250);
  }

  /** What is in the names of this process's network namespaces: another lab may run beside it. */
  static String networkName() {
    return Integer.toString(networkNumber(), 36);
  }

  /** Lets the client write for a while, kills, and tells what came of it. */
  KillFigures kill(int number, RedisWriter writer) throws IOException, InterruptedException {
    Thread.sleep(
        settings.between().toMillis() + random.nextLong(Math.max(1, settings.epoch().toMillis())));
    Optional<LabApi.Failover> before = api.lastFailover();
    LabHost host = hosts.get(api.vm(VM).orElseThrow().host());
    if (host == null) {
      throw new IllegalStateException("the VM is on a host that is not the lab's");
    }
    LabSettings.Kill kind = chosen();
    Optional<SplitCapture> capture = captureIf(kind == LabSettings.Kill.SPLIT, host);
    List<String> besides = api.vm(VM).orElseThrow().shadowHosts();
    long reconnects = writer.reconnects();
    long acked = writer.acked();
    Instant at = Instant.now();
    long killed = System.nanoTime();
    switch (kind) {
      case GUEST -> host.killGuest(VM);
      case HOST -> host.off();
      case SILENT -> network.cut(names.indexOf(host.name()));
      case SPLIT -> {
        power.outOfOrder(true);
        network.split(names.indexOf(host.name()));
      }
      case PAIR -> {
        // The shadow's first: it must not have taken over when its own turn comes.
        besides.stream()
            .flatMap(name -> Optional.ofNullable(hosts.get(name)).stream())
            .forEach(LabHost::off);
        host.off();
      }
      case CONTROLLER -> {
        host.off();
        Thread.sleep(random.nextLong(CONTROLLER_LIVES_MILLIS));
        restartServe();
      }
      case MIXED -> throw new IllegalStateException("one of the others is chosen");
    }
    until(
        "a client is served again",
        () -> served(writer, killed) > 0,
        () -> serveWords() + agentWords());
    until(
        "the failover is in the ledger",
        () ->
            api.lastFailover()
                .filter(done ->
                    !Optional.of(done)
                        .map(LabApi.Failover::saga)
                        .equals(before.map(LabApi.Failover::saga)))
                .isPresent(),
        this::serveWords);
    LabApi.Failover done = api.lastFailover().orElseThrow();
    double served = (served(writer, killed) - killed) / 1e6;
    Thread.sleep(300);
    if (capture.isPresent()) {
      splits.add(capture.get().seen(at, done.promotedAt(), done.proof()));
    }
    writer.rest(true);
    Thread.sleep(200);
    RedisWriter.Missing missing = writer.missing(clients);
    long all = writer.acked();
    writer.rest(false);
    if (kind == LabSettings.Kill.PAIR) {
      say.accept("  " + LabStore.restored(network.address(names.indexOf(done.to())), AGENT_PORT));
    }
    repair(kind, host);
    awaitProtectedAgain();
    long lostBefore = lost;
    lost = missing.count();
    if (lost > lostBefore) {
      say.accept("  gone, for example: " + missing.examples());
    }
    double detected = Duration.between(at, done.suspectedAt()).toNanos() / 1e6;
    double active = Duration.between(at, done.promotedAt()).toNanos() / 1e6;
    return new KillFigures(
        number,
        kind.name().toLowerCase(Locale.ROOT),
        done.from(),
        done.to(),
        detected,
        withTheLook(done.steps(), active - detected),
        active,
        served,
        Math.max(acked, all),
        missing.count() - lostBefore,
        writer.reconnects() - reconnects,
        (killed - startNanos) / 1e9);
  }

  private Optional<SplitCapture> captureIf(boolean wanted, LabHost primary)
      throws InterruptedException {
    if (!wanted) {
      return Optional.empty();
    }
    int before = names.indexOf(primary.name());
    return Optional.of(
        keep(
            SplitCapture.start(
                network.clientSide(before),
                network.clientSide(1 - before),
                PORT,
                settings.directory())));
  }

  /** What was captured at each split, in order. */
  List<SplitCapture.Seen> splits() {
    return List.copyOf(splits);
  }

  /**
   * A failover begins when its host was looked at; the look is a step of the incident, in nobody's
   * ledger.
   *
   * @param untilActive from the suspicion, in milliseconds
   */
  private static SortedMap<String, Double> withTheLook(
      SortedMap<String, Double> steps, double untilActive) {
    TreeMap<String, Double> all = new TreeMap<>(steps);
    double told = steps.headMap(ACTIVATED).values().stream().mapToDouble(Double::doubleValue).sum();
    if (untilActive - told > 1) {
      all.put("00 a look", untilActive - told);
    }
    return all;
  }

  /** The end of the longest silence after the kill, if it is over; 0 if not. */
  private static long served(RedisWriter writer, long killed) {
    long longest = 0;
    long end = 0;
    long last = killed;
    for (RedisWriter.Sample sample : writer.samplesAfter(killed)) {
      if (sample.at() - last > longest) {
        longest = sample.at() - last;
        end = sample.at();
      }
      last = sample.at();
    }
    // Acks that were under way when the kill came are no sign of life.
    return longest > 20_000_000 ? end : 0;
  }

  private LabSettings.Kill chosen() {
    if (settings.kill() != LabSettings.Kill.MIXED) {
      return settings.kill();
    }
    return switch (random.nextInt(network.apart() ? 4 : 3)) {
      case 0 -> LabSettings.Kill.GUEST;
      case 1 -> LabSettings.Kill.HOST;
      case 2 -> LabSettings.Kill.CONTROLLER;
      default -> LabSettings.Kill.SILENT;
    };
  }

  /** Somebody repairs the host: it starts again, empty-handed, and is reached again. */
  private void repair(LabSettings.Kill kind, LabHost host) {
    if (kind == LabSettings.Kill.SPLIT) {
      power.outOfOrder(false);
    }
    if (kind == LabSettings.Kill.SILENT || kind == LabSettings.Kill.SPLIT) {
      network.mend(names.indexOf(host.name()));
    }
    startWhatIsOff();
  }

  private void startWhatIsOff() {
    for (LabHost each : hosts.values()) {
      if (!each.agentRuns()) {
        each.start();
      }
    }
  }

  /**
   * A host that could not be switched off while it was cut off may be by now: whoever repaired it
   * sees that, and switches it on.
   */
  private void awaitProtectedAgain() throws InterruptedException {
    awaitProtected(() -> {
      startWhatIsOff();
      return isProtected();
    });
  }

  // --- waiting

  private interface Condition {
    boolean holds() throws InterruptedException;
  }

  private static String millis(long since) {
    return LabReport.number((System.nanoTime() - since) / 1e6);
  }

  private static void until(String what, Condition condition, Supplier<String> words)
      throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException(
            "not within %d s: %s%n%s".formatted(PATIENCE.toSeconds(), what, words.get()));
      }
      Thread.sleep(5);
    }
  }

  /** Ends every process that the lab has started, and removes what it made. */
  @Override
  public void close() {
    serve.ifPresent(Child::close);
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (Exception e) {
        say.accept("while ending the lab: " + e);
      }
    }
  }
}
