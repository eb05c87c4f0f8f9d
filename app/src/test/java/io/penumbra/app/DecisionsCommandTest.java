package io.penumbra.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.Location;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.CommitMode;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.RiskThresholds;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.ClaimResult;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.log.FileDecisionLog;
import io.penumbra.placement.log.LogSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DecisionsCommandTest {

  private static final Instant NOW = Instant.parse("2026-01-31T08:00:00Z");

  @TempDir private Path directory;
  private StringWriter out = new StringWriter();
  private StringWriter err = new StringWriter();

  @SuppressWarnings("NullAway.Init") // JUnit sets the directory before each test
  DecisionsCommandTest() {}

  /** Six hosts in three racks, three VMs that fit and one that never can. */
  @BeforeEach
  void writeALog() {
    Fleet fleet = new Fleet(FleetSettings.defaults());
    Placer placer = new Placer(fleet, PlacementSettings.defaults());
    try (FileDecisionLog log = FileDecisionLog.open(directory, LogSettings.defaults(), placer)) {
      for (int i = 1; i <= 6; i++) {
        FleetChange change = new FleetChange.HostAdded(host(i));
        log.fleetChanged(fleet.apply(change), change);
      }
      for (int i = 1; i <= 4; i++) {
        PlacementRequest request =
            PlacementRequest.create(
                RequestId.of("req-" + i),
                NOW.plus(Duration.ofHours(i)),
                vm("web-" + i, i == 4 ? 9999 : 8),
                i);
        PlacementDecision decision = placer.decide(request);
        log.decided(request, decision);
        if (decision.answer() instanceof PlacementDecision.Placed
            && placer.claim(request, decision) instanceof ClaimResult.Claimed claimed) {
          claimed.changes().forEach(change -> log.fleetChanged(fleet.apply(change), change));
        }
      }
    }
  }

  private static Host host(int i) {
    return new Host(
        HostId.of("hv-" + i),
        new Location("az-1", "feed-" + i % 2, "rack-" + i % 3, "ch-" + i),
        new HardwareProfile("dell", i % 2 == 0 ? "milan" : "genoa", "1.0", "qemu-8", List.of()),
        new Resources(32, 65_536, 1000),
        NOW.minus(Duration.ofDays(100L * i)));
  }

  private static Vm vm(String id, int memoryGib) {
    return new Vm(
        VmId.of(id),
        ProjectId.of("p"),
        FlavorId.of("m1.large"),
        new Resources(4, memoryGib * 1024L, 40),
        new TreeMap<>(),
        List.of(),
        new EffectivePolicy(
            new ProtectionPolicy(
                ShadowMode.WARM,
                1,
                Duration.ofSeconds(5),
                Duration.ofSeconds(30),
                new Diversity(List.of(DomainKind.RACK), List.of()),
                CommitMode.ASYNC,
                new RiskThresholds(0.05, 0.2),
                0),
            "flavor m1.large over default"));
  }

  @Test
  void listsWhatIsAskedFor() {
    assertThat(run("list")).isEqualTo(0);
    assertThat(out.toString())
        .contains("#1 ", "web-1", "#4 ", "refused: no host passed", "4 decisions");
    assertThat(run("list", "--outcome", "refused")).isEqualTo(0);
    assertThat(out.toString()).contains("web-4", "1 decision").doesNotContain("web-1");
    assertThat(run("list", "--since", "2026-01-31T10:00:00Z", "--until", "2026-01-31T11:00:00Z"))
        .isEqualTo(0);
    assertThat(out.toString()).contains("web-2").doesNotContain("web-1", "web-3");
    assertThat(run("list", "--last", "1")).isEqualTo(0);
    assertThat(out.toString()).contains("1 of 4 decisions");
    assertThat(run("list", "--vm", "web-3", "--json")).isEqualTo(0);
    assertThat(out.toString())
        .startsWith("{\"number\":3,\"at\":\"2026-01-31T11:00:00Z\",\"request\":\"req-3\"")
        .contains("\"outcome\":\"placed\"");
  }

  @Test
  void explainsAVmARequestAndANumber() {
    assertThat(run("explain", "web-2")).isEqualTo(0);
    assertThat(out.toString())
        .contains(
            "web-2 is on hv-", "What happened:", "Decision 2 (", "hosts refused", "differs from");
    assertThat(run("explain", "4")).isEqualTo(0);
    assertThat(out.toString())
        .contains("Nowhere: no host can take web-4", "6 memory (asked 10238976 MiB, best");
    assertThat(run("explain", "req-3")).isEqualTo(0);
    assertThat(out.toString()).contains("Decision 3 (");
  }

  @Test
  void showsEveryNumberOfOneHost() {
    assertThat(run("show", "web-1")).isEqualTo(0);
    assertThat(out.toString()).contains("as primary: 6 hosts, 6 passed", "as shadow: 6 hosts");
    assertThat(run("show", "1", "--host", "hv-3")).isEqualTo(0);
    assertThat(out.toString())
        .contains("hv-3 as primary: passed", "filter  memory passed", "weigher free-memory");
    assertThat(run("show", "1", "--json")).isEqualTo(0);
    assertThat(out.toString()).contains("\"verdicts\"", "\"normalised\"", "\"contribution\"");
  }

  @Test
  void replaysOneAndAll() {
    assertThat(run("replay", "1")).isEqualTo(0);
    assertThat(out.toString()).contains("Same decision: hv-");
    assertThat(run("replay")).isEqualTo(0);
    assertThat(out.toString()).contains("4 decisions made again: 4 are the same", "0 differ");
    assertThat(run("replay", "2", "--multiplier", "free-memory=x-5")).isEqualTo(0);
    assertThat(out.toString()).contains("note: free-memory was 1", "Other hosts: hv-");
  }

  @Test
  void whatCannotBeUsedIsBadInputWithAdvice() throws IOException {
    refuses("Maybe you meant web-1", "explain", "wbe-1");
    refuses("no VM, name of one, request or decision number", "show", "99");
    refuses("Maybe you meant hv-1", "show", "1", "--host", "hv_1");
    refuses("There are: free-cpu", "replay", "1", "--multiplier", "rsik=3");
    refuses("expected weigher=number", "replay", "1", "--multiplier", "risk");
    refuses("expected a date", "list", "--since", "yesterday");
    refuses("Maybe you meant web-", "list", "--vm", "wep-2");
    Path file = directory.resolve("decisions-000001.jsonl");
    List<String> lines = Files.readAllLines(file);
    lines.set(3, lines.get(3).replace("\"rack\"", "\"wreck\""));
    Files.write(file, lines);
    refuses("decisions-000001.jsonl:4: change.host.location.", "list");
  }

  @Test
  void aDirectoryWithoutALogIsBadInput() {
    assertThat(execute("decisions", "list", "--log", directory.resolve("no").toString()))
        .isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("is not a directory", "--log DIR");
  }

  private void refuses(String saying, String... args) {
    assertThat(run(args)).as(String.join(" ", args)).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains(saying).doesNotContain("\tat ");
  }

  private int run(String... args) {
    String[] all = new String[args.length + 3];
    all[0] = "decisions";
    System.arraycopy(args, 0, all, 1, args.length);
    all[args.length + 1] = "--log";
    all[args.length + 2] = directory.toString();
    return execute(all);
  }

  private int execute(String... args) {
    out = new StringWriter();
    err = new StringWriter();
    return Penumbra.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
  }
}
