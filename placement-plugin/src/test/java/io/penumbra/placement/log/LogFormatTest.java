package io.penumbra.placement.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.FlavorId;
import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.fleet.Location;
import io.penumbra.domain.placement.GroupRule;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.DecisionTable;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.PlacementDecision.Candidate;
import io.penumbra.placement.PlacementDecision.WeigherScore;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.fleet.RandomFleet;
import io.penumbra.placement.spi.Verdict;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class LogFormatTest {

  private static final Path FILE = Path.of("decisions-000001.jsonl");
  private static final Instant NOW = Instant.parse("2026-11-21T01:02:03.456789Z");
  private static final VmId VM = VmId.of("vm-1");
  private static final HostId HV = HostId.of("hv-1");
  private static final Resources SIZE = new Resources(4, 8192, 40);

  @Test
  void everyFleetChangeComesBackAsItWas() {
    List<FleetChange> changes =
        List.of(
            new FleetChange.HostAdded(
                new Host(
                    HV,
                    new Location("az-1", "feed-1", "rack-1", "ch-1"),
                    new HardwareProfile("dell", "milan", "1.0", "qemu-8", List.of("GPU", "AVX")),
                    new Resources(64, 262_144, 2000),
                    NOW)),
            new FleetChange.HostRemoved(HV),
            new FleetChange.HostConditionChanged(HV, HostCondition.QUARANTINED),
            new FleetChange.HostRiskChanged(
                HV,
                new RiskScore(
                    0.12345678901234568,
                    Duration.ofDays(3),
                    List.of(new RiskScore.RiskDriver("ecc", 17.5, -0.25)),
                    "m-1")),
            new FleetChange.PrimaryPlaced(VM, HV, SIZE, List.of(GroupId.of("g")), true),
            new FleetChange.ClaimConfirmed(VM),
            new FleetChange.PrimaryReleased(VM),
            new FleetChange.ShadowPlaced(VM, HV, Resources.NONE, SIZE),
            new FleetChange.ShadowResized(VM, HV, SIZE, Resources.NONE),
            new FleetChange.ShadowReleased(VM, HV),
            new FleetChange.ShadowPromoted(VM, HV));

    assertThat(changes.stream().map(Object::getClass).distinct())
        .as("a new kind of change needs a line here")
        .hasSize(FleetChange.class.getPermittedSubclasses().length);
    for (FleetChange change : changes) {
      assertThat(again(new LogLine.Change(7, change))).isEqualTo(new LogLine.Change(7, change));
      assertThat(again(new LogLine.Snapshot(change))).isEqualTo(new LogLine.Snapshot(change));
    }
  }

  @Test
  void everyKindOfAnswerComesBackAsItWas() {
    Candidate one =
        new Candidate(HV, List.of(new WeigherScore("risk", 0.1, 1.0 / 3, -1, -1.0 / 3)));
    Candidate two = new Candidate(HostId.of("hv-2"), List.of());
    List<PlacementDecision.Answer> answers =
        List.of(
            new PlacementDecision.Placed(
                one,
                List.of(two),
                Math.nextUp(0.1),
                Optional.of(new PlacementDecision.RunnerUp(two, List.of(one), 0.05, 0.05)),
                Optional.of("1 of 2 shadows"),
                Optional.of(new PlacementDecision.SearchBound(32, 0.2))),
            new PlacementDecision.Placed(
                one, List.of(), 1, Optional.empty(), Optional.empty(), Optional.empty()),
            new PlacementDecision.Refused(
                List.of(new PlacementDecision.RefusalCount("memory", 3, "8 MiB", "4 MiB"))));
    assertThat(answers.stream().map(Object::getClass).distinct())
        .hasSize(PlacementDecision.Answer.class.getPermittedSubclasses().length);
    for (PlacementDecision.Answer answer : answers) {
      LogLine.Decision line = decision(answer, Optional.empty());
      assertThat(again(line)).isEqualTo(line);
    }
  }

  @Test
  void aTableComesBackWithEveryVerdictAndScore() {
    DecisionTable.Row row =
        new DecisionTable.Row(
            HV,
            List.of(
                new DecisionTable.FilterVerdict("memory", Verdict.PASS),
                new DecisionTable.FilterVerdict("cpu", new Verdict.Refusal("4 vCPU", "2 vCPU", 2))),
            List.of(new WeigherScore("risk", 0.1, 0.2, 0.3, 0.06)),
            0.06);
    LogLine.Decision line =
        decision(
            new PlacementDecision.Refused(List.of()),
            Optional.of(
                new LogLine.Verdicts(
                    List.of(row), List.of(), new DecisionTable.SearchEffort(1, 2, 3, true))));
    assertThat(again(line)).isEqualTo(line);
  }

  @Test
  void settingsComeBackAsTheyWere() {
    LogLine.SegmentStart line =
        new LogLine.SegmentStart(
            LogLine.FORMAT,
            3,
            99,
            12,
            0,
            new FleetSettings(4, 1.5, 1, List.of(DomainKind.RACK)),
            PlacementSettings.defaults().with("risk", -3, -1));
    assertThat(again(line)).isEqualTo(line);
  }

  @Test
  void onlyPenumbrasOwnTagsAreWritten() {
    String line =
        new String(
            LogFormat.write(decision(new PlacementDecision.Refused(List.of()), Optional.empty())),
            StandardCharsets.UTF_8);
    assertThat(line).contains("penumbra:mode").doesNotContain("hunter2").doesNotContain("password");
  }

  @Test
  void sayFieldAndExpectationForEveryKindOfDamage() {
    String good =
        new String(
            LogFormat.write(new LogLine.Change(7, new FleetChange.ShadowPromoted(VM, HV))),
            StandardCharsets.UTF_8);
    assertThat(good)
        .isEqualTo(
            "{\"change\":{\"generation\":7,\"change\":{\"shadowPromoted\":{\"vm\":\"vm-1\",\"host\":\"hv-1\"}}}}");
    damaged(good.replace(":7", ":\"seven\""), "generation", "whole number");
    damaged(good.replace("\"generation\":7,", ""), "generation", "a value, found none");
    damaged(good.replace("shadowPromoted", "shadowDemoted"), "change", "shadowDemoted");
    damaged(good.replace("\"hv-1\"", "\"hv 1\""), "change.host", "a host id, found 'hv 1'");
    damaged(good.replace("\"host\"", "\"hots\""), "change.host", "a value, found none");
    damaged(
        good.replace("\"vm\"", "\"more\":1,\"vm\""), "change.more", "one of the keys [host, vm]");
    damaged(good.substring(0, 40), "", "one whole JSON object");
    damaged(good + "}", "", "one whole JSON object");
    damaged("", "", "expected");
    damaged("null", "", "expected");
  }

  private static void damaged(String line, String field, String expected) {
    assertThatThrownBy(() -> LogFormat.readLine(FILE, 12, line.getBytes(StandardCharsets.UTF_8)))
        .as(line)
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("decisions-000001.jsonl:12")
        .hasMessageContaining(field)
        .hasMessageContaining(expected);
  }

  private static LogLine again(LogLine line) {
    return LogFormat.readLine(FILE, 1, LogFormat.write(line));
  }

  private static LogLine.Decision decision(
      PlacementDecision.Answer answer, Optional<LogLine.Verdicts> verdicts) {
    TreeMap<String, String> own = new TreeMap<>();
    own.put("penumbra:mode", "warm");
    TreeMap<String, String> all = new TreeMap<>(own);
    // What comes back lacks the foreign tag, so it is compared with a request that has none.
    if (answer instanceof PlacementDecision.Refused refused
        && refused.reasons().isEmpty()
        && verdicts.isEmpty()) {
      all.put("password", "hunter2");
    }
    Vm vm =
        new Vm(
            VM,
            ProjectId.of("p"),
            FlavorId.of("m1"),
            SIZE,
            all,
            List.of(GroupId.of("g")),
            new EffectivePolicy(
                RandomFleet.policy(
                    ShadowMode.WARM, 1, new Diversity(List.of(DomainKind.RACK), List.of())),
                "tag penumbra:mode=warm"));
    PlacementRequest request =
        new PlacementRequest(
            RequestId.of("r-1"),
            NOW,
            vm,
            Optional.of(HV),
            List.of(HV),
            List.of(HostId.of("hv-9")),
            Optional.of(List.of(HV)),
            Optional.of("az-1"),
            List.of("GPU"),
            List.of("FPGA"),
            List.of(
                new GroupRule(GroupId.of("g"), GroupRule.Kind.SOFT_ANTI_AFFINITY, DomainKind.RACK)),
            Long.MIN_VALUE);
    return new LogLine.Decision(
        1,
        request,
        new PlacementDecision(
            request.id(), VM, NOW, 5, Long.MIN_VALUE, "tag", Optional.of("no model"), answer),
        verdicts);
  }
}
