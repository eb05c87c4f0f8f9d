package io.penumbra.simulator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.fleet.DomainKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScenarioDraftTest {

  @Test
  void anEmptyFileIsTheDefaults() {
    assertThat(ScenarioDraft.fromText("s.yaml", "").build()).isEqualTo(Scenario.DEFAULT);
    assertThat(ScenarioDraft.defaults().build()).isEqualTo(Scenario.DEFAULT);
  }

  @Test
  void aFileChangesWhatItNamesAndNothingElse() {
    Scenario scenario =
        ScenarioDraft.fromText(
                "s.yaml",
                """
                name: small
                duration: 7d
                fleet:
                  hosts: 1_000
                policies:
                  differIn: [rack, power-feed]
                """)
            .build();
    assertThat(scenario.name()).isEqualTo("small");
    assertThat(scenario.duration()).isEqualTo(Duration.ofDays(7));
    assertThat(scenario.fleet().hosts()).isEqualTo(1_000);
    assertThat(scenario.fleet().zones()).isEqualTo(FleetSpec.DEFAULT.zones());
    assertThat(scenario.policies().differIn())
        .containsExactly(DomainKind.RACK, DomainKind.POWER_FEED);
    assertThat(scenario.hardware()).isEqualTo(HardwareLaws.DEFAULT);
  }

  @Test
  void flagsHaveTheLastWord() {
    Scenario scenario =
        ScenarioDraft.fromText("s.yaml", "seed: 5\nfleet:\n  hosts: 10\n")
            .seed(9)
            .hosts(1_000)
            .racks(10)
            .powerFeeds(5)
            .set("policies.warm=0.25")
            .set("policies.differIn=host,zone")
            .build();
    assertThat(scenario.seed()).isEqualTo(9);
    assertThat(scenario.fleet().racks()).isEqualTo(10);
    assertThat(scenario.fleet().racksPerPowerFeed()).isEqualTo(2);
    assertThat(scenario.policies().warm()).isEqualTo(0.25);
    assertThat(scenario.policies().differIn()).containsExactly(DomainKind.HOST, DomainKind.ZONE);
  }

  @Test
  void anUnknownKeyIsRefusedWithTheNearestOne() {
    assertBad(
        "seed: 1\nfleet:\n  hots: 10\n",
        "s.yaml:3: fleet.hots: is not known; maybe you mean hosts");
    assertBad("zebra: 1\n", "s.yaml:1: zebra: is not known; expected one of name, seed");
  }

  @Test
  void aWrongValueIsRefusedWithLineFieldAndWhatWasExpected() {
    assertBad("\nseed: soon\n", "s.yaml:2: seed: is 'soon'; expected a whole number");
    assertBad(
        "duration: long\n", "s.yaml:1: duration: is 'long'; expected a duration such as 250ms");
    assertBad("fleet:\n  zones: many\n", "s.yaml:2: fleet.zones: is 'many'");
    assertBad("fleet: 3\n", "s.yaml:1: fleet: is '3'; expected a table");
    assertBad("policies:\n  differIn: [shelf]\n", "expected one of host, chassis, rack");
    assertBad("start: yesterday\n", "expected a time such as 2026-01-01T00:00:00Z");
    assertBad("workload:\n  fit: maybe\n", "expected true or false");
    assertBad("seed:\n", "s.yaml:1: seed: has no value");
    assertBad("seed: 1\nseed: 2\n", "s.yaml:2");
    assertBad("- 1\n- 2\n", "is not a table");
    assertBad("fleet: {hosts: 1\n", "s.yaml");
  }

  @Test
  void whatARecordRefusesIsReportedAtItsLine() {
    assertBad(
        "fleet:\n  zones: 2\n  hosts: 0\n",
        "s.yaml:3: fleet.hosts: is refused: hosts is 0; expected 1 to 1000000");
    assertBad("policies:\n  warm: 0.9\n  cold: 0.9\n", "add up to more than 1");
    assertBad("timing:\n  lease: 50ms\n", "s.yaml:2: timing.lease: is refused");
    assertBad(
        "hardware:\n  host:\n    betweenFailures: {shape: -1}\n",
        "s.yaml:3: hardware.host.betweenFailures.shape");
  }

  @Test
  void aListElementMustBeWhole() {
    assertBad(
        "fleet:\n  generations:\n    - {name: g, share: 1}\n",
        "fleet.generations[0].vendor: is missing; expected server maker");
  }

  @Test
  void aFlagIsNamedInsteadOfAFile() {
    assertThatThrownBy(() -> ScenarioDraft.defaults().set("fleet.hosts", "x", "--hosts").build())
        .isInstanceOf(BadInputException.class)
        .hasMessage("--hosts: fleet.hosts: is 'x'; expected a whole number");
    assertThatThrownBy(() -> ScenarioDraft.defaults().set("fleet.hosts"))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("expected field=value");
  }

  @Test
  void pathsAreRelativeToTheScenarioFile(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("s.yaml");
    Files.writeString(file, "workload:\n  arrivals: trace.txt\n");
    assertThat(ScenarioDraft.from(file).build().workload().arrivals())
        .contains(folder.resolve("trace.txt"));
  }

  @Test
  void aMissingFileIsNamed(@TempDir Path folder) {
    assertThatThrownBy(() -> ScenarioDraft.from(folder.resolve("none.yaml")))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("none.yaml: file: does not exist");
  }

  @Test
  void theReferenceNamesEveryFieldAndReadsBackAsTheDefaults() {
    assertThat(ScenarioReference.entries())
        .hasSizeGreaterThan(80)
        .allSatisfy(entry -> assertThat(entry.meaning()).isNotBlank());
    String yaml = ScenarioReference.yaml();
    assertThat(ScenarioDraft.fromText("reference.yaml", yaml).build()).isEqualTo(Scenario.DEFAULT);
  }

  private static void assertBad(String yaml, String message) {
    assertThatThrownBy(() -> ScenarioDraft.fromText("s.yaml", yaml).build())
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining(message);
  }
}
