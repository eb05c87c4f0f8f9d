package io.penumbra.simulator.report;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.simulator.report.ComparisonReport.Complete;
import io.penumbra.simulator.report.ComparisonReport.Completion;
import io.penumbra.simulator.report.ComparisonReport.DecisionStory;
import io.penumbra.simulator.report.ComparisonReport.Definition;
import io.penumbra.simulator.report.PolicyResult.AllMemorySinceBoot;
import io.penumbra.simulator.report.PolicyResult.Failovers;
import io.penumbra.simulator.report.PolicyResult.Kind;
import io.penumbra.simulator.report.PolicyResult.Miss;
import io.penumbra.simulator.report.PolicyResult.Recent;
import io.penumbra.simulator.report.PolicyResult.StateLost;
import io.penumbra.simulator.report.Timeline.Mark;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** Reports with figures that are made up but could be true. */
final class SampleReports {

  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private SampleReports() {}

  static ComparisonReport seven() {
    return with(policies(), new Complete());
  }

  static ComparisonReport with(List<PolicyResult> policies, Completion completion) {
    return new ComparisonReport(
        new ScenarioSummary(
            "demo",
            80,
            8,
            4,
            Duration.ofDays(14),
            1_200,
            43,
            11,
            "generator fitted to Azure V1, seed 7",
            "Weibull hazards and lognormal repairs fitted from LANL (LA-UR-05-7318)",
            "xgboost, 200 trees, trained on simulated telemetry; AUC 0.91"),
        7,
        "./penumbra demo --seed 7",
        completion,
        policies,
        Optional.of(timeline()),
        Optional.of(failover()),
        List.of(
            story("The closest call", "vm-0000412"),
            story("Saved by a shadow", "vm-0000031"),
            story("Refused by the most hosts", "vm-0001007")),
        List.of(
            new Definition("RTO", "From the last moment a VM served to the first it served again."),
            new Definition("RPO", "How old the recovered state was when the primary died.")));
  }

  static PolicyResult policy(String name, Kind kind, double downtimeMinutes, StateLost lost) {
    return new PolicyResult(
        name,
        "Does what '%s' says.".formatted(name),
        kind,
        Duration.ofDays(365),
        Duration.ofMillis(Math.round(downtimeMinutes * 60_000)),
        samples(1, downtimeMinutes / 4, 0.8),
        lost,
        new Failovers(120, 0, Map.of(Miss.SHADOW_DOWN, 3L)),
        0,
        0.1,
        0.5,
        1_200,
        0);
  }

  private static List<PolicyResult> policies() {
    AllMemorySinceBoot memory = new AllMemorySinceBoot();
    return List.of(
        policy(
            "no protection",
            "Waits until the host is repaired.",
            Kind.BASELINE,
            1_310,
            samples(1, 14_000, 1.1),
            memory,
            new Failovers(0, 0, Map.of(Miss.WAITS, 214L)),
            0,
            0,
            0),
        policy(
            "restart elsewhere",
            "Restarts VMs on other hosts, as vSphere HA does.",
            Kind.BASELINE,
            31.2,
            samples(2, 96, 0.4),
            memory,
            new Failovers(214, 6, Map.of()),
            0,
            0,
            0),
        policy(
            "evacuate after 180 s",
            "Evacuates after three minutes of silence, as Masakari does.",
            Kind.BASELINE,
            74.5,
            samples(3, 281, 0.3),
            memory,
            new Failovers(214, 0, Map.of()),
            0,
            0,
            0),
        policy(
            "cold",
            "Keeps state as chunks and restores it.",
            Kind.PENUMBRA,
            12.4,
            samples(4, 38, 0.5),
            new Recent(samples(5, 150, 0.4)),
            new Failovers(211, 1, Map.of(Miss.SHADOW_DOWN, 3L)),
            0,
            0.041,
            0.62),
        policy(
            "warm",
            "Keeps a prepared instance waiting.",
            Kind.PENUMBRA,
            1.31,
            samples(6, 3.4, 0.5),
            new Recent(samples(7, 0.31, 0.5)),
            new Failovers(212, 1, Map.of(Miss.SHADOW_DOWN, 2L)),
            0,
            0.228,
            1.93),
        policy(
            "warm + predictive",
            "Warm, and moves away before the host dies.",
            Kind.PENUMBRA,
            0.82,
            samples(8, 0.9, 1.4),
            new Recent(samples(9, 0.26, 0.5)),
            new Failovers(212, 31, Map.of(Miss.SHADOW_DOWN, 2L)),
            97,
            0.241,
            2.11),
        policy(
            "clairvoyant",
            "Knows every failure an hour before.",
            Kind.BOUND,
            0.094,
            samples(10, 0.35, 0.2),
            new Recent(Samples.EMPTY),
            new Failovers(214, 0, Map.of()),
            214,
            0.12,
            0.4));
  }

  private static PolicyResult policy(
      String name,
      String description,
      Kind kind,
      double minutesPerYear,
      Samples rto,
      StateLost lost,
      Failovers failovers,
      long migrations,
      double capacity,
      double network) {
    Duration vmTime = Duration.ofDays(3_650);
    double share = minutesPerYear / (365.25 * 24 * 60);
    return new PolicyResult(
        name,
        description,
        kind,
        vmTime,
        Duration.ofMillis(Math.round(vmTime.toMillis() * share)),
        rto,
        lost,
        failovers,
        migrations,
        capacity,
        network,
        1_200,
        0);
  }

  static Samples samples(long seed, double median, double sigma) {
    SplittableRandom chance = new SplittableRandom(seed);
    double[] values = new double[214];
    for (int i = 0; i < values.length; i++) {
      values[i] = median * Math.exp(sigma * chance.nextGaussian());
    }
    return Samples.of(values);
  }

  private static Timeline timeline() {
    SplittableRandom chance = new SplittableRandom(3);
    List<String> racks = new ArrayList<>();
    for (int i = 1; i <= 8; i++) {
      racks.add("rack-00" + i);
    }
    List<Mark> marks = new ArrayList<>();
    for (int i = 0; i < 43; i++) {
      int lane = i < 32 ? chance.nextInt(8) : 5;
      HostId host = HostId.of("hv-00" + lane + i);
      Instant at =
          START.plusSeconds(i < 32 ? chance.nextInt(1_150_000) : 700_000 + chance.nextInt(300));
      Instant until = at.plusSeconds(3_000 + chance.nextInt(90_000));
      if (chance.nextInt(2) == 0) {
        Instant before = at.minusSeconds(7_200);
        marks.add(new Mark(lane, host, Timeline.Kind.PREDICTED, before, before, "risk 0.41"));
        marks.add(new Mark(lane, host, Timeline.Kind.MIGRATED, before, before, "4 VMs moved"));
      }
      marks.add(new Mark(lane, host, Timeline.Kind.DOWN, at, until, "memory, back after 3 h"));
      marks.add(new Mark(lane, host, Timeline.Kind.FAILOVER, at, at, "5 VMs failed over"));
    }
    for (int i = 0; i < 6; i++) {
      Instant at = START.plusSeconds(chance.nextInt(1_150_000));
      int lane = chance.nextInt(8);
      marks.add(new Mark(lane, HostId.of("hv-1"), Timeline.Kind.FALSE_ALARM, at, at, "risk 0.37"));
    }
    return new Timeline("warm + predictive", START, START.plus(Duration.ofDays(14)), racks, marks);
  }

  private static FailoverTrace failover() {
    return new FailoverTrace(
        "warm + predictive",
        VmId.of("vm-0000031"),
        HostId.of("hv-0012"),
        HostId.of("hv-0057"),
        "host failed without a sign (power supply)",
        List.of(
            step("detect", 0, 1_310),
            step("confirm", 1_310, 240),
            step("fence", 1_550, 880),
            step("allocate", 1_560, 130),
            step("last sync", 1_690, 90),
            step("activate", 2_430, 410),
            step("load balancer", 2_840, 260),
            step("DNS", 2_840, 610),
            step("verify", 3_100, 220),
            step("retire primary", 3_500, 300),
            step("re-protect", 41_000, 18_000)),
        Duration.ofMillis(3_320),
        "0.21 s of state, 1.3 MiB");
  }

  private static FailoverTrace.Step step(String name, long start, long length) {
    return new FailoverTrace.Step(name, Duration.ofMillis(start), Duration.ofMillis(length), 1);
  }

  private static DecisionStory story(String title, String vm) {
    return new DecisionStory(
        title,
        vm,
        """
        hv-0017 was 0.08 better than hv-0003: more free memory (+0.05), lower risk (+0.03).
        62 of 80 hosts refused: 41 memory (asked 8192 MiB, best free 6144), 21 rack.\
        """,
        "./penumbra decisions explain " + vm + " --log penumbra-out/demo/decisions");
  }
}
