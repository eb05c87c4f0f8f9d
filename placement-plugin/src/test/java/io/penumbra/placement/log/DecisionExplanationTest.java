package io.penumbra.placement.log;

import static io.penumbra.placement.log.SmallCloud.vm;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RiskScore.RiskDriver;
import io.penumbra.domain.Vm;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.PlacementSettings;
import java.nio.file.Path;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every number in these sentences was computed by hand; the sum stands beside it. */
class DecisionExplanationTest {

  private static final PlacementSettings MEMORY =
      SmallCloud.nothingCounts().with("free-memory", 1, 1);

  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // JUnit sets the directory before each test
  DecisionExplanationTest() {}

  @Test
  void saysByHowMuchMoreFreeMemoryOneHostWasBetter() {
    try (SmallCloud cloud = new SmallCloud(directory, MEMORY)) {
      cloud.host("hv-1", "r-1");
      cloud.host("hv-2", "r-2");
      cloud.uses("hv-1", "old", 1, 16);
      cloud.create(vm("vm-1", 4, 8, ShadowMode.NONE));
      // hv-1 has 48 of 64 GiB free, 0.75; hv-2 has all, 1.0. The VM itself is not yet counted.
      assertThat(cloud.explanation())
          .contains(
              "vm-1 (m1.large, 4 vCPU, 8192 MiB, 0 GiB) goes to hv-2, without a shadow.",
              "Policy (flavor m1.large over default): no shadow wanted.",
              "hv-2 was 0.250 better than hv-1 (1.000 against 0.750): free-memory +0.250 (1 against 0.75).",
              "No host of 2 was refused for the VM itself.",
              // Level where 1.0 m = 0.75 m.
              "hv-1 would have drawn level with a multiplier free-memory.primary of 0.000 instead of 1 (replay --multiplier free-memory.primary=-0.0100 shows it).");
    }
  }

  @Test
  void weighsRiskAgainstMemoryAndNamesTheDrivers() {
    try (SmallCloud cloud = new SmallCloud(directory, MEMORY.with("risk", -1, 0))) {
      riskyAndFull(cloud);
      // Risk: 1 + log10(0.001)/4 = 0.25 and 1 + log10(0.1)/4 = 0.75, times -1: hv-1 is 0.5 better.
      // Memory: hv-2 is 0.25 better. Together hv-1 by 0.25: 0.75 - 0.25 = 0.5 against 1 - 0.75.
      assertThat(cloud.explanation())
          .contains(
              "hv-1 was 0.250 better than hv-2 (0.500 against 0.250): risk +0.500 (0.001 against 0.1), free-memory -0.250 (0.75 against 1).",
              "Risk of hv-1: 0.1 % within 3 days by model-1, mostly age_days = 30 (-0.50 log-odds).",
              // Level at risk -0.5 (0.25 = 0.5 * 0.5) and, dearer, at free-memory 2.
              "hv-2 would have drawn level with a multiplier risk.primary of -0.500 instead of -1 (replay --multiplier risk.primary=-0.4950 shows it).",
              "hv-2 would have drawn level with a multiplier free-memory.primary of 2.000 instead of 1 (replay --multiplier free-memory.primary=2.0100 shows it).");
    }
  }

  private static void riskyAndFull(SmallCloud cloud) {
    cloud.host("hv-1", "r-1");
    cloud.host("hv-2", "r-2");
    cloud.uses("hv-1", "old", 1, 16);
    cloud.risk("hv-1", 0.001, new RiskDriver("age_days", 30, -0.5));
    cloud.risk("hv-2", 0.1, new RiskDriver("ecc_corrected", 17, 2.25), new RiskDriver("x", 1, 1));
    cloud.create(vm("vm-1", 4, 8, ShadowMode.NONE));
  }

  @Test
  void aReplayBeyondTheTurningPointShowsTheOtherWinner() {
    try (SmallCloud cloud = new SmallCloud(directory, MEMORY.with("risk", -1, 0))) {
      riskyAndFull(cloud);
    }
    DecisionHistory history = DecisionHistory.open(directory);
    RecordedDecision recorded = history.load(history.entries().getLast());
    PlacementSettings held = recorded.placer().settings();
    assertThat(
            DecisionReplay.with(recorded, Multiplier.parse("risk.primary=-0.505").applyTo(held))
                .told())
        .contains("The same hosts: hv-1.");
    assertThat(
            DecisionReplay.with(recorded, Multiplier.parse("risk.primary=-0.495").applyTo(held))
                .told())
        .contains(
            "Other hosts: hv-2 instead of hv-1.",
            // risk 0.495 * (0.25 - 0.75) = -0.2475; memory +0.25; together +0.0025.
            "As primary, hv-2 is now +0.003 against hv-1: free-memory +0.250, risk -0.247.");
  }

  @Test
  void countsRefusalsWithWhatWasAskedAndTheBestThatWasThere() {
    try (SmallCloud cloud = new SmallCloud(directory, MEMORY)) {
      for (int i = 1; i <= 5; i++) {
        cloud.host("hv-" + i, "r-1");
      }
      cloud.uses("hv-1", "a", 1, 58);
      cloud.uses("hv-2", "b", 1, 60);
      cloud.uses("hv-3", "c", 14, 1);
      cloud.condition("hv-4", HostCondition.MAINTENANCE);
      cloud.create(vm("vm-1", 4, 8, ShadowMode.NONE));
      assertThat(cloud.explanation())
          .contains(
              "There was no choice: no other host passed every filter.",
              "4 of 5 hosts refused for the VM itself: 2 memory (asked 8192 MiB, best 6144 MiB), 1 cpu (asked 4 vCPU, best 2 vCPU), 1 host-state (asked UP; found MAINTENANCE).");
    }
  }

  @Test
  void countsAHostOutOfServiceAsThatAndNotAsFull() {
    try (SmallCloud cloud = new SmallCloud(directory, MEMORY)) {
      for (int i = 1; i <= 4; i++) {
        cloud.host("hv-" + i, "r-1");
      }
      cloud.uses("hv-1", "a", 16, 64);
      cloud.condition("hv-1", HostCondition.DOWN);
      cloud.condition("hv-2", HostCondition.DOWN);
      cloud.condition("hv-3", HostCondition.STALE);
      cloud.create(vm("vm-1", 4, 8, ShadowMode.NONE));
      assertThat(cloud.explanation())
          .contains(
              "3 of 4 hosts refused for the VM itself: 3 host-state (asked UP; found 2 DOWN, 1 STALE).");
    }
  }

  @Test
  void saysInWhatTheShadowDiffersAndWhatTheyShare() {
    try (SmallCloud cloud = new SmallCloud(directory, MEMORY)) {
      cloud.host("hv-1", "r-1", "dell", "1.0");
      cloud.host("hv-2", "r-2", "hpe", "1.0");
      cloud.uses("hv-2", "old", 1, 16);
      cloud.create(vm("vm-1", 4, 8, ShadowMode.WARM, DomainKind.RACK));
      assertThat(cloud.explanation())
          .contains(
              "vm-1 (m1.large, 4 vCPU, 8192 MiB, 0 GiB) goes to hv-1, its warm shadow to hv-2.",
              "Policy (flavor m1.large over default): 1 warm shadow, loss up to 5 s, away up to 30 s; a shadow must differ in host, rack.",
              "The shadow on hv-2 differs from hv-1 in host, chassis, rack, power feed, vendor; they share zone az-1, CPU generation milan, firmware 1.0, hypervisor qemu-8, age cohort.",
              // Warm: half of 8 GiB is resident, the rest and the vCPUs wait for promotion.
              "On hv-2 it holds 0 vCPU, 4096 MiB, 0 GiB for itself and needs 4 vCPU, 4096 MiB, 0 GiB more to be promoted, all of it newly held back; nothing of it is shared.",
              "1 of 2 hosts refused for its shadow: 1 failure-domain (asked another host, another rack; found already holds an instance of the VM).");
    }
  }

  @Test
  void countsWithHowManyTheReserveIsShared() {
    try (SmallCloud cloud = new SmallCloud(directory, MEMORY)) {
      threeRacks(cloud);
      // vm-1 on hv-1 (64 GiB free), shadow on hv-3 (56 GiB free, against 48 on hv-2).
      cloud.create(vm("vm-1", 4, 8, ShadowMode.WARM, DomainKind.RACK));
      // hv-1 is now full, so vm-2 goes to hv-2 and its shadow to hv-3 again.
      cloud.uses("hv-1", "filler", 1, 56);
      cloud.uses("hv-3", "filler-3", 1, 20);
      cloud.create(vm("vm-2", 2, 16, ShadowMode.WARM, DomainKind.RACK));
      // vm-1's reserve on hv-3: 4 vCPU, 4 GiB. vm-2 needs 2 vCPU, 8 GiB: 2 vCPU and 4 GiB are
      // there.
      assertThat(cloud.explanation())
          .contains(
              "vm-2 (m1.large, 2 vCPU, 16384 MiB, 0 GiB) goes to hv-2, its warm shadow to hv-3.",
              "On hv-3 it holds 0 vCPU, 8192 MiB, 0 GiB for itself and needs 2 vCPU, 8192 MiB, 0 GiB more to be promoted; of that 2 vCPU, 4096 MiB, 0 GiB is held back already for 1 other shadow there whose primary cannot fail together with hv-2, and 0 vCPU, 4096 MiB, 0 GiB is new.");
    }
  }

  @Test
  void sharesNothingWithShadowsWhosePrimariesFailTogether() {
    try (SmallCloud cloud = new SmallCloud(directory, MEMORY)) {
      threeRacks(cloud);
      cloud.host("hv-1b", "r-1");
      cloud.create(vm("vm-1", 4, 8, ShadowMode.WARM, DomainKind.RACK));
      cloud.uses("hv-2", "filler", 1, 48);
      cloud.create(vm("vm-2", 2, 16, ShadowMode.WARM, DomainKind.RACK));
      // vm-1 is on hv-1 or hv-1b, vm-2 on the other: both in r-1.
      assertThat(cloud.explanation())
          .contains(
              "On hv-3 it holds 0 vCPU, 8192 MiB, 0 GiB for itself and needs 2 vCPU, 8192 MiB, 0 GiB more to be promoted, all of it newly held back; nothing of it is shared.");
    }
  }

  private static void threeRacks(SmallCloud cloud) {
    cloud.host("hv-1", "r-1");
    cloud.host("hv-2", "r-2");
    cloud.host("hv-3", "r-3");
    cloud.uses("hv-2", "old-2", 1, 16);
    cloud.uses("hv-3", "old-3", 1, 8);
  }

  @Test
  void aRefusalSaysWhoCameClosest() {
    try (SmallCloud cloud = new SmallCloud(directory, MEMORY)) {
      cloud.host("hv-1", "r-1");
      cloud.host("hv-2", "r-1");
      cloud.host("hv-3", "r-1");
      cloud.uses("hv-1", "a", 1, 60);
      cloud.uses("hv-2", "b", 1, 58);
      cloud.condition("hv-3", HostCondition.QUARANTINED);
      cloud.create(vm("vm-1", 4, 8, ShadowMode.NONE));
      assertThat(cloud.explanation())
          .containsExactly(
              "Nowhere: no host can take vm-1 (m1.large, 4 vCPU, 8192 MiB, 0 GiB).",
              "Policy (flavor m1.large over default): no shadow wanted.",
              "3 of 3 hosts refused, each counted once: 2 memory (asked 8192 MiB, best 6144 MiB), 1 host-state (asked UP; found QUARANTINED).",
              "Near miss: hv-2 was refused by memory alone (asked 8192 MiB, has 6144 MiB).",
              "Near miss: hv-1 was refused by memory alone (asked 8192 MiB, has 4096 MiB).",
              "Near miss: hv-3 was refused by host-state alone (asked UP, has QUARANTINED).");
    }
  }

  @Test
  void equalHostsAreDecidedByTheSeed() {
    try (SmallCloud cloud = new SmallCloud(directory, MEMORY)) {
      cloud.host("hv-1", "r-1");
      cloud.host("hv-2", "r-2");
      cloud.create(vm("vm-1", 4, 8, ShadowMode.NONE));
      assertThat(cloud.explanation())
          .anyMatch(line ->
              line.matches(
                  "hv-[12] scored the same as hv-[12] \\(1.000\\); the request's seed 7 decided."));
    }
  }

  @Test
  void aShadowThatFoundNoHostIsSaidSo() {
    try (SmallCloud cloud = new SmallCloud(directory, MEMORY)) {
      cloud.host("hv-1", "r-1");
      cloud.host("hv-2", "r-1");
      cloud.create(vm("vm-1", 4, 8, ShadowMode.WARM, DomainKind.RACK));
      assertThat(cloud.explanation())
          .anyMatch(line -> line.startsWith("Short of shadows: 0 of 1 shadows: no host is left"))
          .anyMatch(line ->
              line.matches(
                  "2 of 2 hosts refused for its shadow: 2 failure-domain \\(asked another host, another rack; found 1 already holds an instance of the VM, 1 rack r-1, as hv-[12]\\)."));
    }
  }

  @Test
  void aNewShadowForAVmThatRunsIsComparedAsShadowAlone() {
    PlacementSettings settings = SmallCloud.nothingCounts().with("free-memory", 9, 0.5);
    try (SmallCloud cloud = new SmallCloud(directory, settings)) {
      threeRacks(cloud);
      cloud.uses("hv-1", "vm-1", 4, 8);
      cloud.shadowFor(vm("vm-1", 4, 8, ShadowMode.WARM, DomainKind.RACK));
      // hv-3 has 56/64 = 0.875 free, hv-2 has 48/64 = 0.75; halved: 0.4375 and 0.375.
      assertThat(cloud.explanation())
          .contains(
              "vm-1 (m1.large, 4 vCPU, 8192 MiB, 0 GiB) already runs on hv-1; its new warm shadow goes to hv-3.",
              "hv-3 was 0.063 better than hv-2 (0.438 against 0.375): free-memory +0.063 (0.875 against 0.75).",
              "hv-2 would have drawn level with a multiplier free-memory.shadow of 0.000 instead of 0.5 (replay --multiplier free-memory.shadow=-0.0050 shows it).");
    }
  }

  @Test
  void whatPrimaryAndShadowShareCountsInThePair() {
    PlacementSettings none = MEMORY;
    TreeMap<String, Double> pairs = new TreeMap<>(none.jointFailure());
    pairs.put("shared-firmware", -0.2);
    PlacementSettings settings =
        new PlacementSettings(none.weighers(), pairs, none.pairCandidatesMax(), none.sizing());
    try (SmallCloud cloud = new SmallCloud(directory, settings)) {
      cloud.host("hv-1", "r-1", "dell", "1.0");
      cloud.host("hv-2", "r-2", "dell", "1.0");
      cloud.host("hv-3", "r-3", "dell", "2.0");
      cloud.uses("hv-1", "vm-1", 4, 8);
      cloud.uses("hv-3", "old", 1, 8);
      cloud.shadowFor(vm("vm-1", 4, 8, ShadowMode.WARM, DomainKind.RACK));
      // hv-2 is 1 - 0.875 = 0.125 better by memory, hv-3 0.2 by firmware: hv-3 by 0.075.
      assertThat(cloud.explanation())
          .contains(
              "hv-3 was 0.075 better than hv-2 (0.875 against 0.800): shared-firmware +0.200 (0 against 1), free-memory -0.125 (0.875 against 1).",
              // Level at -0.125.
              "hv-2 would have drawn level with a multiplier shared-firmware of -0.125 instead of -0.2 (replay --multiplier shared-firmware=-0.1240 shows it).");
    }
  }

  @Test
  void saysThatTheSearchWasBrokenOffAndHowGoodOthersCouldBe() {
    PlacementSettings hasty =
        new PlacementSettings(MEMORY.weighers(), MEMORY.jointFailure(), 1, MEMORY.sizing());
    try (SmallCloud cloud = new SmallCloud(directory, hasty)) {
      threeRacks(cloud);
      cloud.create(vm("vm-1", 4, 8, ShadowMode.WARM, DomainKind.RACK));
      assertThat(cloud.explanation())
          .contains(
              "The search stopped after 1 primaries (pairCandidatesMax): a pair that was not looked at could score up to 1.875, so this one is the best, but the next best is not certain.");
    }
  }

  @Test
  void saysWhenRiskWasNotTakenIntoAccount() {
    try (SmallCloud cloud = new SmallCloud(directory, MEMORY.with("risk", -1, -0.5))) {
      cloud.host("hv-1", "r-1");
      cloud.create(vm("vm-1", 4, 8, ShadowMode.NONE));
      assertThat(cloud.explanation()).contains("Risk: no host has a risk score.");
    }
  }

  @Test
  void tellsAVmsStoryThroughPromotionAndNewShadow() {
    Vm vm = vm("vm-1", 4, 8, ShadowMode.WARM, DomainKind.RACK);
    try (SmallCloud cloud = new SmallCloud(directory, MEMORY)) {
      threeRacks(cloud);
      cloud.create(vm);
      cloud.apply(new FleetChange.ClaimConfirmed(vm.id()));
      cloud.condition("hv-1", HostCondition.DOWN);
      cloud.apply(new FleetChange.ShadowPromoted(vm.id(), HostId.of("hv-3")));
      cloud.shadowFor(vm);
    }
    DecisionHistory history = DecisionHistory.open(directory);
    VmStory story = history.storyOf(vm.id());
    assertThat(story.primary()).hasToString("Optional[hv-3]");
    assertThat(story.shadows()).hasToString("[hv-2]");
    assertThat(VmHistory.told(history.decisionsOf(vm.id()), story.steps()))
        .containsExactly(
            "#1 2026-11-21T00:00:00Z decided: to hv-1, shadow to hv-3",
            "   generation 8: the cloud reported it where it was promised",
            "   generation 9: its host hv-1 became DOWN",
            "   generation 10: shadow on hv-3 promoted: it runs there now",
            "#2 2026-11-21T00:00:00Z decided: shadow to hv-2");
  }
}
