package io.penumbra.adapter.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.traffic.change.Change;
import io.penumbra.adapter.traffic.dns.DnsRecord;
import io.penumbra.adapter.traffic.dns.DnsRecord.AddressType;
import io.penumbra.adapter.traffic.dns.ZoneEditor;
import io.penumbra.adapter.traffic.haproxy.Haproxy;
import io.penumbra.adapter.traffic.haproxy.ServerName;
import io.penumbra.adapter.traffic.haproxy.Slot;
import io.penumbra.adapter.traffic.server.NameServers;
import io.penumbra.adapter.traffic.server.NamedBackend;
import io.penumbra.adapter.traffic.server.RealHaproxy;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.TrafficCommand;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.scheduler.port.EventSink;
import java.net.InetAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The port, in front of a real load balancer and real name servers. */
@Timeout(240)
class SteeringRouterTest {

  private static final VmId VM = VmId.of("vm-1");
  private static final VmId HALF = VmId.of("vm-half");
  private static final HostId HOST_A = HostId.of("host-a");
  private static final HostId HOST_B = HostId.of("host-b");
  private static final DnsRecord NAME =
      new DnsRecord("redis.apps.example", AddressType.A, Duration.ofMinutes(5));

  @TempDir private Path directory;
  private final BlockingQueue<Event.CommandReported> heard = new LinkedBlockingQueue<>();
  private final AtomicInteger refusals = new AtomicInteger();
  private NamedBackend onA;
  private NamedBackend onB;
  private RealHaproxy haproxy;
  private NameServers names;
  private SteeringRouter router;

  @BeforeEach
  void aVmBehindALoadBalancerAndAName() throws Exception {
    onA = new NamedBackend("a", "127.0.0.1", 0);
    onB = new NamedBackend("b", "127.0.0.2", onA.port());
    String at = "127.0.0.1:" + onA.port();
    haproxy =
        new RealHaproxy(
            Files.createDirectory(directory.resolve("lb")), at, at, "127.0.0.2:1", false);
    names = new NameServers(Files.createDirectory(directory.resolve("dns")));
    router = router(this::hear);
  }

  @AfterEach
  void endEverything() throws Exception {
    router.close();
    haproxy.close();
    names.close();
    onA.close();
    onB.close();
  }

  private boolean hear(Event event) {
    return refusals.getAndDecrement() <= 0 && heard.add((Event.CommandReported) event);
  }

  private SteeringRouter router(EventSink sink) {
    Haproxy gone =
        new Haproxy(
            new Haproxy.Settings(
                "lb-gone",
                UnixDomainSocketAddress.of(directory.resolve("nobody")),
                Duration.ofMillis(300),
                Optional.empty()));
    return new SteeringRouter(
        List.of(new Haproxy(haproxy.settings(false)), gone),
        List.of(new ZoneEditor(names.zone(names.key()))),
        directory(),
        Duration.ofMillis(50),
        InstantSource.fixed(Instant.EPOCH),
        sink);
  }

  private TrafficDirectory directory() {
    List<Slot> slots = List.of(new Slot.Readdressed(new ServerName("app", "vm"), onA.port()));
    VmTraffic whole = new VmTraffic(Map.of("lb-1", slots), Map.of("apps.example", List.of(NAME)));
    VmTraffic half = new VmTraffic(Map.of("lb-1", slots, "lb-gone", slots), Map.of());
    return new TrafficDirectory() {
      @Override
      public VmTraffic of(VmId vm) {
        return vm.equals(VM) ? whole : vm.equals(HALF) ? half : VmTraffic.none();
      }

      @Override
      public Optional<HostAddresses> addresses(VmId vm, HostId host) {
        Map<HostId, String> known = Map.of(HOST_A, "127.0.0.1", HOST_B, "127.0.0.2");
        return Optional.ofNullable(known.get(host))
            .map(InetAddress::ofLiteral)
            .map(HostAddresses::of);
      }
    };
  }

  private Outcome outcomeOf(TrafficCommand command) throws InterruptedException {
    router.execute(command);
    Event.CommandReported report = heard.poll(120, TimeUnit.SECONDS);
    assertThat(report).isNotNull();
    assertThat(report.command()).isEqualTo(command.id());
    return report.outcome();
  }

  private static CommandId id(String text) {
    return CommandId.of(text);
  }

  private void clientsHear(String name) throws Exception {
    try (var client = haproxy.connect()) {
      assertThat(client.hears()).isEqualTo(name);
    }
  }

  @Test
  void followsAVmByLoadBalancerNameAndTimeToLive() throws Exception {
    assertThat(outcomeOf(new Command.SetDnsTtl(id("ttl"), VM, Duration.ofSeconds(5))))
        .isEqualTo(new Outcome.Done());
    assertThat(outcomeOf(new Command.PointLoadBalancer(id("lb"), VM, HOST_B)))
        .isEqualTo(new Outcome.Done());
    assertThat(outcomeOf(new Command.PointDns(id("dns"), VM, HOST_B)))
        .isEqualTo(new Outcome.Done());

    clientsHear("b");
  }

  @Test
  void aCommandThatComesAgainIsAnsweredAgainAndDoesNothing() throws Exception {
    outcomeOf(new Command.PointLoadBalancer(id("first"), VM, HOST_B));
    outcomeOf(new Command.PointLoadBalancer(id("second"), VM, HOST_A));

    assertThat(outcomeOf(new Command.PointLoadBalancer(id("first"), VM, HOST_B)))
        .isEqualTo(new Outcome.Done());
    clientsHear("a");
  }

  @Test
  void afterADeathBetweenEffectAndAnswerTheSameCommandHasTheEffectOfOnce() throws Exception {
    router.close();
    // The effect has come about, its answer is lost with the process.
    router = router(event -> false);
    router.execute(new Command.PointLoadBalancer(id("lb"), VM, HOST_B));
    while (!hears("b")) {
      Thread.sleep(10);
    }
    router.close();

    router = router(this::hear);
    try (var client = haproxy.connect()) {
      assertThat(client.hears()).isEqualTo("b");
      assertThat(outcomeOf(new Command.PointLoadBalancer(id("lb"), VM, HOST_B)))
          .isEqualTo(new Outcome.Done());
      assertThat(heard).isEmpty();
    }
  }

  private boolean hears(String name) throws Exception {
    try (var client = haproxy.connect()) {
      return client.hears().equals(name);
    }
  }

  @Test
  void anOutcomeWaitsUntilTheLoopTakesIt() throws Exception {
    refusals.set(4);

    assertThat(outcomeOf(new Command.PointLoadBalancer(id("lb"), VM, HOST_B)))
        .isEqualTo(new Outcome.Done());
  }

  @Test
  void aLoadBalancerThatForgotIsToldAgainWithoutACommand() throws Exception {
    outcomeOf(new Command.PointLoadBalancer(id("lb"), VM, HOST_B));
    haproxy.restart();

    while (!hears("b")) {
      Thread.sleep(20);
    }
    clientsHear("b");
  }

  @Test
  void whatOneLoadBalancerHasDoneStaysWhenAnotherIsGone() throws Exception {
    assertThat(outcomeOf(new Command.PointLoadBalancer(id("lb"), HALF, HOST_B)))
        .isInstanceOf(Outcome.Unknown.class);

    clientsHear("b");
    assertThat(outcomeOf(new Command.PointLoadBalancer(id("again"), HALF, HOST_B)))
        .as("nothing changed this time")
        .isInstanceOfSatisfying(
            Outcome.Failed.class, failed -> assertThat(failed.code()).isEqualTo("unreachable"));
  }

  @Test
  void whoHasNoClientsIsPointedAtOnceAndWhoHasNoAddressIsRefused() throws Exception {
    assertThat(outcomeOf(new Command.PointDns(id("none"), VmId.of("quiet"), HOST_B)))
        .isEqualTo(new Outcome.Done());
    assertThat(outcomeOf(new Command.PointLoadBalancer(id("where"), VM, HostId.of("host-x"))))
        .isInstanceOfSatisfying(
            Outcome.Failed.class, failed -> assertThat(failed.code()).isEqualTo("no-address"));
  }

  @Test
  void failedMeansThatNothingHasChangedAndDoneThatEverybodyShowsIt() {
    Change did = new Change.Verified(true);
    Change was = new Change.Verified(false);
    Change no = new Change.Refused("unreachable", "lb-2 is not there");
    Change doubt = new Change.InDoubt("?");

    assertThat(SteeringRouter.sum(List.of(did, was))).isInstanceOf(Outcome.Done.class);
    assertThat(SteeringRouter.sum(List.of(was, no))).isInstanceOf(Outcome.Failed.class);
    assertThat(SteeringRouter.sum(List.of(did, no))).isInstanceOf(Outcome.Unknown.class);
    assertThat(SteeringRouter.sum(List.of(was, no, doubt))).isInstanceOf(Outcome.Unknown.class);
  }
}
