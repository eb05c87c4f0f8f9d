package io.penumbra.simulator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.HostId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.Host;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScenarioFleetTest {

  private static final Scenario SCENARIO = ScenarioDraft.defaults().hosts(1_000).zones(2).build();

  private final ScenarioFleet fleet = ScenarioFleet.of(SCENARIO);

  @Test
  void namesAreInTheOrderOfIndices() {
    assertThat(fleet.hosts()).isSortedAccordingTo(Comparator.comparing(Host::id)).hasSize(1_000);
    for (int i = 0; i < fleet.size(); i++) {
      assertThat(fleet.indexOf(fleet.host(i).id())).isEqualTo(i);
    }
    assertThatThrownBy(() -> fleet.indexOf(HostId.of("stranger"))).hasMessageContaining("stranger");
  }

  @Test
  void domainsNestAndAreFilled() {
    assertThat(fleet.by(DomainKind.RACK)).hasSize(50);
    assertThat(fleet.by(DomainKind.CHASSIS)).hasSize(250);
    assertThat(fleet.by(DomainKind.POWER_FEED)).hasSize(13);
    assertThat(fleet.by(DomainKind.ZONE)).hasSize(2);
    for (DomainKind kind : List.of(DomainKind.CHASSIS, DomainKind.RACK, DomainKind.POWER_FEED)) {
      fleet
          .by(kind)
          .forEach((name, hosts) ->
              assertThat(hosts.stream().map(i -> fleet.host(i).location().zone()).distinct())
                  .as(name)
                  .hasSize(1));
    }
  }

  @Test
  void generationsGetTheirSharesAndAges() {
    for (HardwareGeneration generation : SCENARIO.fleet().generations()) {
      List<Host> own =
          fleet.hosts().stream()
              .filter(host -> host.hardware().cpuGeneration().equals(generation.cpuGeneration()))
              .toList();
      assertThat(own.size() / 1_000.0)
          .isBetween(generation.share() - 0.03, generation.share() + 0.03);
      assertThat(own)
          .allSatisfy(host ->
              assertThat(Duration.between(host.commissioned(), SCENARIO.start()))
                  .isBetween(generation.ageMin(), generation.ageMax()));
    }
    assertThat(fleet.byFirmware()).hasSize(5);
  }

  @Test
  void aSmallFleetStillHasDifferentHardware() {
    ScenarioFleet small = ScenarioFleet.of(ScenarioDraft.defaults().hosts(24).build());
    assertThat(small.hosts().stream().map(h -> h.hardware().cpuGeneration()).distinct()).hasSize(3);
  }

  @Test
  void theSameScenarioGivesTheSameFleet() {
    assertThat(ScenarioFleet.of(SCENARIO).hosts()).isEqualTo(fleet.hosts());
  }
}
