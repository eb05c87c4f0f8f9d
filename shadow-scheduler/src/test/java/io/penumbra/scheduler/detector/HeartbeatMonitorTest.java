package io.penumbra.scheduler.detector;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.HostId;
import io.penumbra.domain.event.Event;
import io.penumbra.scheduler.SchedulerSettings;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class HeartbeatMonitorTest {

  private static final SchedulerSettings.Detector EVERY_SECOND =
      new SchedulerSettings.Detector(
          Duration.ofSeconds(1),
          64,
          8.0,
          Duration.ofMillis(100),
          7,
          Duration.ofSeconds(10),
          Duration.ofMillis(500),
          0.2,
          3);

  private static final Instant START = Instant.parse("2026-11-21T00:00:00Z");

  private final List<Event> told = new ArrayList<>();
  private final HeartbeatMonitor monitor = new HeartbeatMonitor(EVERY_SECOND, told::add);

  private static HostId host(int i) {
    return HostId.of("h%05d".formatted(i));
  }

  private static Instant at(double seconds) {
    return START.plus(Duration.ofNanos((long) (seconds * 1e9)));
  }

  /** Calls tick at every deadline up to a time, as the loop around it does. */
  private static void tickUntil(HeartbeatMonitor monitor, Instant until) {
    Optional<Instant> next = monitor.nextDeadline();
    while (next.isPresent() && !next.get().isAfter(until)) {
      monitor.tick(next.get());
      next = monitor.nextDeadline();
    }
  }

  @Test
  void theTailOfTheNormalDistributionIsExactFarOut() {
    assertThat(NormalTail.above(0)).isEqualTo(0.5);
    // Abramowitz and Stegun, tables 26.1 and 26.2.
    assertThat(NormalTail.above(1) / 0.158_655_253_931_457).isBetween(1 - 1e-12, 1 + 1e-12);
    assertThat(NormalTail.above(2.6) / 0.004_661_188_023_718_75).isBetween(1 - 1e-9, 1 + 1e-9);
    assertThat(NormalTail.above(5) / 2.866_515_718_791_94e-7).isBetween(1 - 1e-9, 1 + 1e-9);
    assertThat(NormalTail.above(10) / 7.619_853_024_160_53e-24).isBetween(1 - 1e-9, 1 + 1e-9);
    assertThat(NormalTail.above(NormalTail.inverse(1e-8)) / 1e-8).isBetween(0.999, 1.001);
  }

  @Test
  void phiGrowsWithSilence() {
    monitor.watch(host(1), START);
    for (int i = 1; i <= 30; i++) {
      monitor.heartbeat(host(1), at(i));
    }
    assertThat(monitor.phi(host(1), at(30.5))).isLessThan(0.1);
    assertThat(monitor.phi(host(1), at(31.3))).isBetween(2.0, 4.0);
    assertThat(monitor.phi(host(1), at(32))).isGreaterThan(8);
  }

  @Test
  void suspectsASilentHostAndTrustsItWhenItIsBack() {
    monitor.fleetSize(100);
    monitor.watch(host(1), START);
    for (int i = 1; i <= 30; i++) {
      monitor.heartbeat(host(1), at(i));
      tickUntil(monitor, at(i));
    }
    assertThat(told).isEmpty();
    tickUntil(monitor, at(40));
    assertThat(told).singleElement().isInstanceOf(Event.HostSuspected.class);
    assertThat(((Event.HostSuspected) told.getFirst()).phi()).isGreaterThanOrEqualTo(7.99);
    assertThat(told.getFirst().at()).isBetween(at(31.4), at(31.8));

    monitor.heartbeat(host(1), at(41));
    assertThat(told.getLast()).isEqualTo(new Event.HostTrusted(at(41), host(1)));
    monitor.heartbeat(host(1), at(42));
    tickUntil(monitor, at(42.5));
    assertThat(told).hasSize(2);
    tickUntil(monitor, at(60));
    assertThat(told).as("and suspects it again").hasSize(3);
  }

  @Test
  void theFirstHeartbeatsAreGivenTime() {
    monitor.fleetSize(100);
    monitor.watch(host(1), START);
    tickUntil(monitor, at(3));
    assertThat(told).isEmpty();
    tickUntil(monitor, at(4));
    assertThat(told).hasSize(1);
  }

  @Test
  void oneLateHeartbeatAmongTheFirstFewHidesNoSilenceAfterThem() {
    monitor.fleetSize(100);
    monitor.watch(host(1), START);
    // A controller that has just started: it takes the third when it gets round to it.
    double last = 0;
    for (double interval : new double[] {1, 1, 9, 1, 1, 1, 1}) {
      last += interval;
      monitor.heartbeat(host(1), at(last));
    }
    assertThat(monitor.phi(host(1), at(last + 2))).isLessThan(8);
    assertThat(monitor.phi(host(1), at(last + 7))).isGreaterThan(8);
  }

  @Test
  void aHostThatIsSlowerThanAnnouncedIsBelievedInTime() {
    monitor.fleetSize(100);
    monitor.watch(host(1), START);
    for (int i = 1; i <= 80; i++) {
      monitor.heartbeat(host(1), at(6.0 * i));
    }
    assertThat(monitor.phi(host(1), at(6.0 * 81))).isLessThan(1);
  }

  @Test
  void oneHostThatFallsSilentAgainAndAgainIsNoMassFailure() {
    monitor.fleetSize(2);
    monitor.watch(host(1), START);
    for (int i = 1; i <= 30; i++) {
      monitor.heartbeat(host(1), at(i));
      tickUntil(monitor, at(i));
    }
    for (int silence = 1; silence <= 5; silence++) {
      tickUntil(monitor, at(30 + 2 * silence));
      assertThat(told)
          .as("silence %d is seen as soon as the first", silence)
          .hasSize(2 * silence - 1);
      assertThat(monitor.localHealth()).isZero();
      monitor.heartbeat(host(1), at(30 + 2 * silence));
    }
  }

  @Test
  void aJitteryHostIsGivenMoreTimeThanAPunctualOne() {
    monitor.fleetSize(100);
    SplittableRandom chance = new SplittableRandom(7);
    monitor.watch(host(1), START);
    monitor.watch(host(2), START);
    double jittery = 0;
    for (int i = 1; i <= 60; i++) {
      monitor.heartbeat(host(1), at(i));
      jittery = i + chance.nextDouble() * 0.8;
      monitor.heartbeat(host(2), at(jittery));
    }
    assertThat(monitor.phi(host(1), at(62))).isGreaterThan(monitor.phi(host(2), at(jittery + 2)));
  }

  @Test
  void ourOwnTroubleStretchesEveryThreshold() {
    monitor.fleetSize(100);
    monitor.watch(host(1), START);
    for (int i = 1; i <= 30; i++) {
      monitor.heartbeat(host(1), at(i));
    }
    monitor.ownTrouble(at(30));
    monitor.ownTrouble(at(30));
    assertThat(monitor.localHealth()).isEqualTo(2);
    tickUntil(monitor, at(32.5));
    assertThat(told).isEmpty();
    tickUntil(monitor, at(36));
    assertThat(told).as("later, not never").hasSize(1);
    monitor.tick(at(120));
    assertThat(monitor.localHealth()).as("it falls with time").isZero();
  }

  @Test
  void aTickOfOurOwnThatIsLateCountsAgainstUs() {
    monitor.fleetSize(100);
    monitor.watch(host(1), START);
    for (int i = 1; i <= 30; i++) {
      monitor.heartbeat(host(1), at(i));
    }
    tickUntil(monitor, at(30));
    // We slept: what we missed may wait in the socket.
    monitor.tick(at(32.5));
    assertThat(monitor.localHealth()).isEqualTo(1);
    assertThat(told).isEmpty();
  }

  @Test
  void manySilentAtOnceMakeItDoubtItselfAndNotForEver() {
    monitor.fleetSize(20);
    for (int h = 0; h < 20; h++) {
      monitor.watch(host(h), START);
    }
    for (int i = 1; i <= 30; i++) {
      for (int h = 0; h < 20; h++) {
        monitor.heartbeat(host(h), at(i + h * 0.001));
      }
    }
    tickUntil(monitor, at(32.5));
    assertThat(told).as("the first few, before it is many").hasSizeLessThan(4);
    assertThat(monitor.localHealth()).isPositive();
    tickUntil(monitor, at(120));
    assertThat(told).as("a mass failure is suspected later").hasSize(20);
  }

  @Test
  void whatTheInboxDoesNotTakeIsOfferedAgain() {
    boolean[] full = {true};
    HeartbeatMonitor patient =
        new HeartbeatMonitor(EVERY_SECOND, event -> !full[0] && told.add(event));
    patient.watch(host(1), START);
    patient.tick(at(10));
    patient.tick(at(20));
    assertThat(told).isEmpty();
    assertThat(patient.nextDeadline()).isPresent();
    full[0] = false;
    patient.tick(patient.nextDeadline().orElseThrow());
    assertThat(told).hasSize(1);
  }

  /**
   * A simulator cannot deliver every heartbeat of 10,000 hosts for a month. It watches a host from
   * 30 heartbeats before trouble: what is said must be the same as if it had watched all along.
   */
  @Test
  void watchingOnlyAroundTroubleSaysTheSameAsWatchingAlways() {
    for (long seed = 0; seed < 20; seed++) {
      List<Event> full = run(seed, false);
      List<Event> elided = run(seed, true);
      assertThat(names(elided)).as("seed " + seed).isEqualTo(names(full));
      for (int i = 0; i < full.size(); i++) {
        assertThat(Duration.between(ofName(full, i).at(), ofName(elided, i).at()).abs())
            .as("seed " + seed)
            .isLessThan(Duration.ofMillis(150));
      }
    }
  }

  private static Event ofName(List<Event> events, int i) {
    return events.stream()
        .sorted(Comparator.comparing(event -> names(List.of(event)).getFirst()))
        .toList()
        .get(i);
  }

  private static List<String> names(List<Event> events) {
    return events.stream()
        .map(event ->
            switch (event) {
              case Event.HostSuspected e -> "suspected " + e.host();
              case Event.HostTrusted e -> "trusted " + e.host();
              default -> "?";
            })
        .sorted() // two hosts that fall silent together may change places by a hair
        .toList();
  }

  /** 50 hosts for 300 s; hosts 3 and 4 are silent from 200 s to 230 s. */
  private static List<Event> run(long seed, boolean elided) {
    List<Event> events = new ArrayList<>();
    HeartbeatMonitor monitor = new HeartbeatMonitor(EVERY_SECOND, events::add);
    monitor.fleetSize(50);
    SplittableRandom chance = new SplittableRandom(seed);
    for (int h = 0; h < 50 && !elided; h++) {
      monitor.watch(host(h), START);
    }
    for (int i = 1; i <= 300; i++) {
      for (int h = 0; h < 50; h++) {
        double jitter = chance.nextDouble() * 0.05;
        boolean troubled = h == 3 || h == 4;
        boolean silent = troubled && i > 200 && i <= 230;
        if (elided && troubled && i == 170) {
          monitor.watch(host(h), at(i));
        }
        if (!silent) {
          tickUntil(monitor, at(i + jitter));
          monitor.heartbeat(host(h), at(i + jitter));
        }
      }
    }
    tickUntil(monitor, at(300.2));
    return events;
  }
}
