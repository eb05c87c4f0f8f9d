package io.penumbra.simulator.hardware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.simulator.scenario.FailureCause;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioDraft;
import io.penumbra.simulator.scenario.ScenarioFleet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class FailureScheduleTest {

  private static final double HOURS_PER_YEAR = 24 * 365.25;

  private final Scenario scenario =
      ScenarioDraft.defaults().hosts(2_000).seed(4).duration(Duration.ofDays(90)).build();
  private final ScenarioFleet fleet = ScenarioFleet.of(scenario);
  private final FailureSchedule schedule = FailureSchedule.draw(scenario, fleet);

  @Test
  void theSameSeedDrawsTheSameFailuresAndAnotherSeedOthers() {
    assertThat(FailureSchedule.draw(scenario, fleet)).isEqualTo(schedule);
    Scenario other =
        ScenarioDraft.defaults().hosts(2_000).seed(5).duration(Duration.ofDays(90)).build();
    assertThat(FailureSchedule.draw(other, ScenarioFleet.of(other))).isNotEqualTo(schedule);
  }

  @Test
  void neitherPoliciesNorWorkloadMoveAFailure() {
    Scenario changed =
        ScenarioDraft.defaults()
            .hosts(2_000)
            .seed(4)
            .duration(Duration.ofDays(90))
            .vms(17)
            .set("policies.warm=1")
            .set("policies.cold=0")
            .set("detection.oracleRecall=0.9")
            .build();
    assertThat(changed.policies().all(ShadowMode.WARM)).isEqualTo(changed.policies());
    assertThat(FailureSchedule.draw(changed, ScenarioFleet.of(changed))).isEqualTo(schedule);
  }

  @Test
  void moreHostsLeaveTheFailuresOfTheOthersAsTheyAre() {
    List<Duration> before = ownFailures(400, 200);
    assertThat(before).isNotEmpty();
    assertThat(ownFailures(800, 200)).isEqualTo(before);
  }

  private static List<Duration> ownFailures(int hosts, int watched) {
    Scenario scenario =
        ScenarioDraft.defaults()
            .hosts(hosts)
            .set("hardware.correlated.perFirmwareYear=0")
            .set("fleet.zones=1")
            .build();
    return FailureSchedule.draw(scenario, ScenarioFleet.of(scenario)).failures().stream()
        .filter(failure -> failure.host() < watched)
        .map(HardwareFailure::at)
        .toList();
  }

  @Test
  void singleHostsFailAtTheFittedRate() {
    long crashes =
        schedule.crashes().stream()
            .filter(failure -> failure.cause().compareTo(FailureCause.CHASSIS) < 0)
            .count();
    double hostYears = 2_000 * 90 * 24 / HOURS_PER_YEAR;
    double expected =
        HOURS_PER_YEAR / scenario.hardware().host().betweenFailures().meanHours() * hostYears;
    // A little more: some hosts are younger than half a year.
    assertThat((double) crashes).isBetween(expected * 0.9, expected * 1.2);
  }

  @Test
  void theRateDoesNotStartWithAFlood() {
    long firstHalf =
        schedule.crashes().stream().filter(f -> f.at().compareTo(Duration.ofDays(45)) < 0).count();
    assertThat(firstHalf / (double) schedule.crashes().size()).isCloseTo(0.5, within(0.08));
  }

  @Test
  void aHostThatIsDownDoesNotFailAgainAndEverythingIsInOrder() {
    SortedMap<Integer, Duration> busyUntil = new TreeMap<>();
    Duration last = Duration.ZERO;
    for (HardwareFailure failure : schedule.failures()) {
      assertThat(failure.at()).isGreaterThanOrEqualTo(last).isLessThan(scenario.duration());
      assertThat(failure.at())
          .isGreaterThanOrEqualTo(busyUntil.getOrDefault(failure.host(), Duration.ZERO));
      busyUntil.put(failure.host(), failure.until());
      last = failure.at();
    }
  }

  @Test
  void aPowerFeedTakesAllItsHostsThatAreUp() {
    Scenario dark = ScenarioDraft.defaults().set("hardware.correlated.perPowerFeedYear=20").build();
    ScenarioFleet hosts = ScenarioFleet.of(dark);
    FailureSchedule drawn = FailureSchedule.draw(dark, hosts);
    SortedMap<Integer, List<HardwareFailure>> incidents = new TreeMap<>();
    for (HardwareFailure failure : drawn.failures()) {
      if (failure.cause() == FailureCause.POWER_FEED) {
        incidents.computeIfAbsent(failure.incident(), _ -> new ArrayList<>()).add(failure);
      }
    }
    assertThat(incidents).isNotEmpty();
    incidents
        .values()
        .forEach(members -> {
          String feed = DomainKind.POWER_FEED.of(hosts.host(members.getFirst().host()));
          assertThat(members)
              .allSatisfy(f -> {
                assertThat(DomainKind.POWER_FEED.of(hosts.host(f.host()))).isEqualTo(feed);
                assertThat(f.at()).isEqualTo(members.getFirst().at());
              });
          int size = hosts.by(DomainKind.POWER_FEED).getOrDefault(feed, List.of()).size();
          assertThat(members.size()).isBetween((int) (size * 0.9), size);
        });
  }

  @Test
  void firmwareStrikesSpreadOverItsCohortOnly() {
    Scenario flawed =
        ScenarioDraft.defaults().set("hardware.correlated.perFirmwareYear=10").build();
    ScenarioFleet hosts = ScenarioFleet.of(flawed);
    SortedMap<Integer, TreeMap<String, Integer>> firmwares = new TreeMap<>();
    for (HardwareFailure failure : FailureSchedule.draw(flawed, hosts).failures()) {
      if (failure.cause() == FailureCause.FIRMWARE) {
        firmwares
            .computeIfAbsent(failure.incident(), _ -> new TreeMap<>())
            .merge(hosts.host(failure.host()).hardware().firmware(), 1, Integer::sum);
      }
    }
    assertThat(firmwares).isNotEmpty();
    firmwares.forEach((incident, seen) -> assertThat(seen).as("incident %d", incident).hasSize(1));
  }

  @Test
  void mostSignsLeadToAFailureSomeDoNotAndSomeFailuresHaveNone() {
    List<HardwareFailure> announced =
        schedule.crashes().stream().filter(HardwareFailure::announced).toList();
    assertThat(announced.size() / (double) schedule.crashes().size()).isBetween(0.2, 0.6);
    long real = schedule.precursors().stream().filter(Precursor::real).count();
    long decoys = schedule.precursors().size() - real;
    assertThat(real).isGreaterThanOrEqualTo(announced.size());
    assertThat(decoys).isBetween(real / 5, real * 5);
    for (HardwareFailure failure : announced) {
      assertThat(schedule.precursors())
          .anyMatch(p ->
              p.host() == failure.host()
                  && p.real()
                  && p.until().equals(failure.at())
                  && p.from().compareTo(failure.at()) < 0);
    }
  }

  @Test
  void freezesAndSlowSpellsAreThereAndPass() {
    assertThat(schedule.failures().stream().filter(f -> f.kind() == FailureKind.FREEZE).count())
        .isBetween(150L, 350L);
    assertThat(schedule.failures().stream().filter(f -> f.kind() == FailureKind.SLOW))
        .hasSizeBetween(350, 650)
        .allSatisfy(f -> assertThat(f.slowdown()).isGreaterThanOrEqualTo(1));
  }

  @Test
  void everyHostHasAPastThatFitsItsAge() {
    assertThat(schedule.pasts()).hasSize(2_000);
    for (int host = 0; host < 2_000; host++) {
      HostPast past = schedule.pasts().get(host);
      double age = Duration.between(fleet.host(host).commissioned(), scenario.start()).toHours();
      if (past.failures() == 0) {
        assertThat(past.hoursSinceRepair()).isNaN();
      } else {
        assertThat(past.hoursSinceRepair()).isLessThanOrEqualTo(age);
      }
    }
  }

  @Test
  void aRateOfZeroIsAFleetThatNeverFailsByItself() {
    Scenario calm =
        ScenarioDraft.defaults()
            .set("hardware.host.rate=0")
            .set("hardware.correlated.perChassisYear=0")
            .set("hardware.correlated.perRackYear=0")
            .set("hardware.correlated.perPowerFeedYear=0")
            .set("hardware.correlated.perFirmwareYear=0")
            .build();
    assertThat(FailureSchedule.draw(calm, ScenarioFleet.of(calm)).crashes()).isEmpty();
  }
}
