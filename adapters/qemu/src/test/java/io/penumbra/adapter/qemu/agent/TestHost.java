package io.penumbra.adapter.qemu.agent;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.penumbra.adapter.qemu.api.AgentClient;
import io.penumbra.adapter.qemu.api.Heartbeat.InstanceReport;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.domain.FlavorId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.Location;
import io.penumbra.domain.policy.CommitMode;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.RiskThresholds;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.lease.LeaseTerms;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.web.Answer;
import io.penumbra.web.BearerTokens;
import io.penumbra.web.JsonServer;
import io.penumbra.web.Route;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** A host with an agent in this process; its guests live on when the agent is stopped. */
public final class TestHost implements AutoCloseable {

  public static final String TOKEN = "a-token-for-tests-only";
  public static final LeaseTerms LEASE =
      new LeaseTerms(Duration.ofMillis(600), 0.001, Duration.ofMillis(150));

  /** Below those that the system gives to whoever calls somebody. */
  private static final int FIRST_PORT = 20_000;

  private static final int PORTS = 10_000;
  private static final AtomicLong NEXT_PORT = new AtomicLong(97 * ProcessHandle.current().pid());

  final Memory memory = new Memory();
  private final Hypervisor hypervisor;
  private final boolean watchdog;
  private final Path directory;
  private final String name;
  private final List<String> controllers;
  private final JsonServer server;
  private final Scrubbing scrubbing;
  private final ServiceGate gate;
  private volatile Optional<NodeAgent> agent = Optional.empty();
  private volatile List<Route> routes = List.of();
  private final Set<String> told = ConcurrentHashMap.newKeySet();

  private TestHost(
      Path directory,
      String name,
      List<String> controllers,
      Optional<Hypervisor> other,
      Optional<Integer> port,
      Scrubbing scrubbing)
      throws IOException {
    this(directory, name, controllers, other, port, scrubbing, ServiceGate.NONE);
  }

  private TestHost(
      Path directory,
      String name,
      List<String> controllers,
      Optional<Hypervisor> other,
      Optional<Integer> port,
      Scrubbing scrubbing,
      ServiceGate gate)
      throws IOException {
    this.scrubbing = scrubbing;
    this.gate = gate;
    this.hypervisor = other.orElse(memory);
    this.directory = directory;
    this.name = name;
    this.controllers = controllers;
    this.watchdog = port.isPresent();
    // The address has to be known before the agent is there, and stays when it is restarted.
    InetSocketAddress any =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), port.orElse(freePort()));
    start(any);
    server =
        JsonServer.start(
            JsonServer.Settings.plain(
                any,
                new BearerTokens(new TreeMap<>(Map.of("tests", TOKEN))),
                (route, cause) -> cause.printStackTrace()),
            forwarded());
  }

  /** A port that nobody uses, and that nobody gets by chance before it is used. */
  public static int freePort() throws IOException {
    for (int tried = 0; tried < PORTS; tried++) {
      int port = FIRST_PORT + (int) (NEXT_PORT.getAndIncrement() % PORTS);
      try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return probe.getLocalPort();
      } catch (BindException taken) {
        // The next one may be free.
      }
    }
    throw new IOException("none of %d ports from %d on is free".formatted(PORTS, FIRST_PORT));
  }

  public static TestHost alone(Path directory, String name) throws IOException {
    return new TestHost(
        directory, name, List.of(), Optional.empty(), Optional.empty(), Scrubbing.DEFAULT);
  }

  /** One with a watchdog, whose guests are no processes. */
  static TestHost watched(Path directory, String name) throws IOException {
    return new TestHost(
        directory, name, List.of(), Optional.empty(), Optional.of(freePort()), Scrubbing.DEFAULT);
  }

  public static TestHost under(Path directory, String name, String controller) throws IOException {
    return new TestHost(
        directory,
        name,
        List.of(controller),
        Optional.empty(),
        Optional.empty(),
        Scrubbing.DEFAULT);
  }

  /** A host where somebody leads clients to guests. */
  public static TestHost led(Path directory, String name, String controller, ServiceGate gate)
      throws IOException {
    return new TestHost(
        directory,
        name,
        List.of(controller),
        Optional.empty(),
        Optional.empty(),
        Scrubbing.DEFAULT,
        gate);
  }

  /** A host whose guests are real. */
  public static TestHost withQemu(
      Path directory, String name, String controller, LaunchSettings launch) throws IOException {
    return new TestHost(
        directory,
        name,
        List.of(controller),
        Optional.of(new QemuHypervisor(directory.resolve(name), name, launch)),
        Optional.empty(),
        Scrubbing.DEFAULT);
  }

  /** A host with that hypervisor. */
  public static TestHost with(Path directory, String name, String controller, Hypervisor hypervisor)
      throws IOException {
    return new TestHost(
        directory,
        name,
        List.of(controller),
        Optional.of(hypervisor),
        Optional.empty(),
        Scrubbing.DEFAULT);
  }

  /** The same, with all of memory read a second time after every epoch. */
  public static TestHost scrubbing(
      Path directory, String name, String controller, LaunchSettings launch, boolean rollBack)
      throws IOException {
    return new TestHost(
        directory,
        name,
        List.of(controller),
        Optional.of(new QemuHypervisor(directory.resolve(name), name, launch)),
        Optional.empty(),
        new Scrubbing(4_096, rollBack));
  }

  /** The same with a watchdog and a port that stays, for an agent in a process of its own. */
  public static TestHost asProcess(
      Path directory, String name, String controller, int port, LaunchSettings launch)
      throws IOException {
    return new TestHost(
        directory,
        name,
        List.of(controller),
        Optional.of(new QemuHypervisor(directory.resolve(name), name, launch)),
        Optional.of(port),
        Scrubbing.DEFAULT);
  }

  /** What the routes of whichever agent is there now answer. */
  private List<Route> forwarded() {
    return routes.stream()
        .map(route ->
            new Route(
                route.method(),
                route.template(),
                route.open(),
                call -> {
                  told.add(route.method() + " " + route.template());
                  return routes.stream()
                      .filter(now -> now.method().equals(route.method()))
                      .filter(now -> now.template().equals(route.template()))
                      .findFirst()
                      .map(Route::handler)
                      .orElse(c -> Answer.problem(503, "dead", "the agent is dead"))
                      .handle(call);
                }))
        .toList();
  }

  private void start(InetSocketAddress at) throws IOException {
    AgentSettings settings =
        new AgentSettings(
            host(name),
            directory.resolve(name),
            "http://%s:%d".formatted(at.getHostString(), at.getPort()),
            controllers,
            TOKEN,
            Optional.empty(),
            List.of(InetAddress.getLoopbackAddress()),
            Optional.empty(),
            LEASE,
            Duration.ofMillis(50),
            Duration.ofMillis(20),
            scrubbing,
            0);
    NodeAgent started =
        NodeAgent.start(
            settings, hypervisor, gate, new BootClock(), InstantSource.system(), watchdog);
    agent = Optional.of(started);
    routes = started.routes().list();
  }

  public static Host host(String name) {
    return new Host(
        HostId.of(name),
        new Location("zone", "feed-" + name, "rack-" + name, "chassis-" + name),
        new HardwareProfile("maker", "generation", "firmware", "qemu", List.of()),
        new Resources(8, 8192, 100),
        Instant.EPOCH);
  }

  public static VmSpec spec(String vm) {
    ProtectionPolicy policy =
        new ProtectionPolicy(
            ShadowMode.WARM,
            1,
            Duration.ofMillis(200),
            Duration.ofSeconds(1),
            Diversity.HOST_ONLY,
            CommitMode.ASYNC,
            new RiskThresholds(0.5, 0.9),
            0);
    Vm described =
        new Vm(
            VmId.of(vm),
            ProjectId.of("project"),
            FlavorId.of("small"),
            new Resources(1, 256, 1),
            new TreeMap<>(),
            List.of(),
            new EffectivePolicy(policy, "test"));
    return new VmSpec(described, Optional.empty(), JsonNodeFactory.instance.objectNode());
  }

  List<Route> routes() {
    return routes;
  }

  public HostId id() {
    return HostId.of(name);
  }

  public AgentClient client() {
    InetSocketAddress at = server.address();
    return new AgentClient(
        "http://%s:%d".formatted(at.getHostString(), at.getPort()), TOKEN, Optional.empty());
  }

  /** Whether a guest of that VM would answer clients here. */
  public boolean serves(VmId vm) {
    Memory.MemoryGuest guest = memory.guests.get(vm);
    return guest != null && guest.serves();
  }

  public void write(VmId vm, long offset, long value) {
    memory.guest(vm).write(offset, value);
  }

  public long read(VmId vm, long offset) {
    return memory.guest(vm).read(offset);
  }

  public void crash(VmId vm) {
    memory.guest(vm).crash();
  }

  /** It is dead, and its monitor has not said so. */
  public void vanish(VmId vm) {
    memory.guest(vm).vanish();
  }

  /** Whoever captures the guest sees something wrong from now on. */
  public void suspect(VmId vm) {
    memory.guest(vm).condition = HealthSnapshot.Condition.SUSPECT;
  }

  /** What a guest weighs against others. */
  public int weight(VmId vm) {
    return memory.guest(vm).weight;
  }

  /** Guests can't be weighed here from now on. */
  public void withoutGroups(VmId vm) {
    memory.guest(vm).hasGroups = false;
  }

  /** Whoever comes anew gets no answer of them. */
  public void guestsAreDeaf() {
    memory.deaf = true;
  }

  /** The next guest is dead before anybody has seen it alive. */
  public void nextGuestDiesAtOnce() {
    memory.stillborn.set(1);
  }

  /** Something starts it behind the agent's back. */
  public void startUnseen(VmId vm) {
    memory.start(spec(vm.value()));
  }

  /**
   * Whether a shadow here has an epoch at which its guest was well; so is none while disks stall.
   */
  public boolean hasHealthyEpoch(VmId vm) {
    return Optional.ofNullable(memory.shadows.get(vm)).stream()
        .flatMap(shadow -> shadow.kept().stream())
        .anyMatch(epoch -> epoch.health().condition() == HealthSnapshot.Condition.WELL);
  }

  /** What the shadow here has can be restored there. */
  public void store(VmSpec spec, TestHost there) {
    there.memory.store.put(spec.vm().id(), memory.stored(spec));
  }

  /** The store says nothing about that VM until the answer is counted down. */
  public CountDownLatch slowStore(VmId vm) {
    CountDownLatch answer = new CountDownLatch(1);
    memory.reading.put(vm, answer);
    return answer;
  }

  /** Whether the store was asked about that VM. */
  public boolean hasAskedStore(VmId vm) {
    return memory.read.contains(vm);
  }

  /** What is there of a VM is removed when the answer is counted down, and not before. */
  public CountDownLatch slowRemoval(VmId vm) {
    CountDownLatch answer = new CountDownLatch(1);
    memory.removing.put(vm, answer);
    return answer;
  }

  /** Whether somebody waits for what is done to a VM. */
  public boolean hasQueue(VmId vm) {
    return agent
        .flatMap(there -> there.find(vm))
        .filter(there -> there.lock().hasQueuedThreads())
        .isPresent();
  }

  /** Whether a call of that kind has arrived, answered or not. */
  public boolean hasBeenTold(String method, String template) {
    return told.contains(method + " " + template);
  }

  /** The next shadow can't be taken up. */
  public void breakNextShadow() {
    memory.broken.set(1);
  }

  /** The next promotion goes no further than to a guest that runs. */
  public void dieInNextPromotion() {
    memory.half.set(1);
  }

  /** Whoever comes anew gets answers of them again. */
  public void guestsAnswer() {
    memory.deaf = false;
  }

  /** Whether there is anything of a VM's shadow. */
  public boolean hasShadow(VmId vm) {
    return memory.shadows.containsKey(vm);
  }

  public int starts() {
    return memory.starts.get();
  }

  public int promotions() {
    return memory.promotions.get();
  }

  /** What the agent says of itself. */
  public List<InstanceReport> instances() {
    return agent.map(NodeAgent::instances).orElse(List.of());
  }

  /** The process of a guest that is real. */
  public long guestPid(VmId vm) {
    return agent
        .orElseThrow()
        .find(vm)
        .flatMap(HostedVm::primary)
        .flatMap(PrimarySide::guest)
        .orElseThrow()
        .pid();
  }

  /** As pulling the plug does. */
  public void killGuest(VmId vm) {
    Signals.send(guestPid(vm), Signals.KILL);
  }

  /** What is left of a VM's processes and files here. */
  public void removeGuests(VmId vm) throws HypervisorException {
    hypervisor.remove(vm);
  }

  /** Ends the agent; guests go on. */
  public void stopAgent() throws IOException {
    Optional<NodeAgent> was = agent;
    agent = Optional.empty();
    routes = List.of();
    if (was.isPresent()) {
      was.get().close();
    }
  }

  public void startAgent() throws IOException {
    start(server.address());
  }

  @Override
  public void close() throws IOException {
    stopAgent();
    server.close();
  }
}
