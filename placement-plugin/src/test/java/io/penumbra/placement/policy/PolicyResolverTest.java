package io.penumbra.placement.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.FlavorId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.policy.CommitMode;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.policy.PolicyResolver.Resolution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyResolverTest {

  private static final String RULES =
      """
      default:
        mode: cold
        rpo: 60s
        diversity: [host, rack, firmware]
      projects:
        payments: {mode: warm, rpo: 5s, commit: output-commit}
      flavors:
        m1.tiny:
          mode: none
        m1.big:
          rpo: 500ms
          shadows: 2
      """;

  @TempDir private Path directory;

  @Test
  void tagCountsOverFlavorOverProjectOverDefault() throws IOException {
    Resolution found =
        resolve(RULES, "payments", "m1.big", Map.of("penumbra:rto", "10s", "owner", "anna"));

    ProtectionPolicy policy = found.effective().policy();
    assertThat(policy.mode()).isEqualTo(ShadowMode.WARM);
    assertThat(policy.rpo()).isEqualTo(Duration.ofMillis(500));
    assertThat(policy.shadows()).isEqualTo(2);
    assertThat(policy.rto()).isEqualTo(Duration.ofSeconds(10));
    assertThat(policy.commit()).isEqualTo(CommitMode.OUTPUT_COMMIT);
    assertThat(policy.diversity().domains()).containsExactly(DomainKind.HOST, DomainKind.RACK);
    assertThat(policy.diversity().hardware()).containsExactly(HardwareAspect.FIRMWARE);
    assertThat(found.problems()).isEmpty();
    assertThat(found.effective().source())
        .isEqualTo(
            "mode=warm by project payments, shadows=2 by flavor m1.big, rpo=PT0.5S by flavor m1.big"
                + " over project payments, rto=PT10S by tag, commit=output-commit by project payments;"
                + " the rest by default");
  }

  @Test
  void modeNoneHasNoShadowsWhateverIsSaidElsewhere() throws IOException {
    Resolution found = resolve(RULES, "p", "m1.tiny", Map.of("penumbra:shadows", "3"));

    assertThat(found.effective().policy().mode()).isEqualTo(ShadowMode.NONE);
    assertThat(found.effective().policy().shadows()).isZero();
  }

  @Test
  void withoutAnyRuleAVmIsProtectedCold() {
    Resolution found =
        new PolicyResolver(PolicyRules.none())
            .resolve(ProjectId.of("p"), FlavorId.of("f"), new TreeMap<>());

    assertThat(found.effective().policy().mode()).isEqualTo(ShadowMode.COLD);
    assertThat(found.effective().policy().shadows()).isEqualTo(1);
    assertThat(found.effective().policy().rpo()).isEqualTo(Duration.ofSeconds(60));
    assertThat(found.effective().policy().rto()).isEqualTo(Duration.ofMinutes(5));
    assertThat(found.effective().policy().thresholds().check()).isEqualTo(0.05);
    assertThat(found.effective().policy().thresholds().act()).isEqualTo(0.2);
    assertThat(found.effective().policy().priority()).isZero();
    assertThat(found.effective().source()).isEqualTo("default");
  }

  @Test
  void anUnreadableTagIsReportedAndProtectsMoreNotLess() throws IOException {
    Resolution found = resolve(RULES, "p", "m1.tiny", Map.of("penumbra:mode", "wram"));

    assertThat(found.effective().policy().mode()).isEqualTo(ShadowMode.WARM);
    assertThat(found.problems())
        .containsExactly("tag penumbra:mode is 'wram'; expected none, cold or warm; warm is taken");
    assertThat(found.effective().source()).contains("unreadable tag over flavor m1.tiny");
  }

  @Test
  void aTimeNobodyMeansIsReportedAndNotTaken() throws IOException {
    Resolution found =
        resolve(
            RULES, "p", "m1.tiny", Map.of("penumbra:rpo", "999999999d", "penumbra:rto", "365d"));

    assertThat(found.effective().policy().rpo()).isEqualTo(Duration.ofSeconds(5));
    assertThat(found.effective().policy().rto()).isEqualTo(Duration.ofDays(365));
    assertThat(found.problems())
        .containsExactly(
            "tag penumbra:rpo is '999999999d'; expected a duration of at most 365 days; PT5S is taken");
  }

  @Test
  void anUnreadableTagKeepsARuleThatProtectsMore() throws IOException {
    Resolution found = resolve(RULES, "p", "m1.big", Map.of("penumbra:rpo", "soon"));

    assertThat(found.effective().policy().rpo()).isEqualTo(Duration.ofMillis(500));
    assertThat(found.problems()).hasSize(1);
  }

  @Test
  void anUnknownTagIsReportedWithTheKnownOnes() throws IOException {
    Resolution found = resolve(RULES, "p", "f", Map.of("penumbra:mod", "warm"));

    assertThat(found.effective().policy().mode()).isEqualTo(ShadowMode.COLD);
    assertThat(found.problems().getFirst())
        .contains("penumbra:mod is not known")
        .contains("mode, shadows, rpo");
  }

  @Test
  void swappedThresholdsTakeEffectEarly() throws IOException {
    Resolution found =
        resolve(RULES, "p", "f", Map.of("penumbra:risk-check", "0.5", "penumbra:risk-act", "0.1"));

    assertThat(found.effective().policy().thresholds().check()).isEqualTo(0.1);
    assertThat(found.problems().getFirst()).contains("risk-check 0.5 is above risk-act 0.1");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          "default:\\n  mode: wram\\n"                    | :2: default.mode        | expected none, cold or warm
          "default:\\n  rpo: 5s\\n  rpoo: 5s\\n"           | :3: default.rpoo        | expected one of mode, shadows
          "flavours:\\n  x: {mode: warm}\\n"             | :1: flavours            | "expected default, projects, flavors"
          "projects:\\n  pay:\\n    shadows: 7\\n"         | :3: projects.pay.shadows | a whole number from 1 to 3
          "projects:\\n  pay: warm\\n"                   | :2: projects.pay        | is not a mapping
          "default:\\n  diversity: [rack, moon]\\n"      | :2: default.diversity   | a list of host, chassis
          "default:\\n  mode: {a: b}\\n"                 | :2: default.mode        | has no value here
          "default:\\n  mode: [warm\\n"                  | :2                      | but got <stream end>
          "default:\\n  mode: cold\\n  mode: warm\\n"     | :3                      | Duplicate
          """)
  void aBadFileNamesLineAndFieldAndWhatWasExpected(String yaml, String where, String what)
      throws IOException {
    Path file = directory.resolve("policy.yaml");
    Files.writeString(file, yaml.replace("\\n", "\n"));

    assertThatThrownBy(() -> PolicyRules.read(file))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("policy.yaml" + where)
        .hasMessageContaining(what);
  }

  private Resolution resolve(String yaml, String project, String flavor, Map<String, String> tags)
      throws IOException {
    Path file = directory.resolve("policy.yaml");
    Files.writeString(file, yaml);
    return new PolicyResolver(PolicyRules.read(file))
        .resolve(ProjectId.of(project), FlavorId.of(flavor), new TreeMap<>(tags));
  }
}
