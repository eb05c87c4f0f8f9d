package io.penumbra.placement.log;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.RiskScore.RiskDriver;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.fleet.Location;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.ClaimResult;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.fleet.RandomFleet;
import io.penumbra.placement.spi.Catalogue;
import io.penumbra.placement.spi.HostWeigher;
import io.penumbra.placement.spi.PairWeigher;
import io.penumbra.placement.spi.RequestWeigher;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A cloud that is small enough to compute by hand: hosts of 16 vCPUs, 64 GiB and 1000 GiB, no
 * overcommit, hosts and racks may fail, and only those weighers count that a test switches on.
 */
final class SmallCloud implements AutoCloseable {

  static final long GIB = 1024;

  final Fleet fleet;
  final Placer placer;
  private final Path directory;
  private final FileDecisionLog log;
  private int requests;

  SmallCloud(Path directory, PlacementSettings settings) {
    this.directory = directory;
    fleet = new Fleet(new FleetSettings(1, 1, 1, List.of(DomainKind.HOST, DomainKind.RACK)));
    placer = new Placer(fleet, settings);
    log = FileDecisionLog.open(directory, LogSettings.defaults(), placer);
  }

  /** Settings under which nothing counts. */
  static PlacementSettings nothingCounts() {
    PlacementSettings settings = PlacementSettings.defaults();
    Catalogue catalogue = Catalogue.load();
    for (HostWeigher weigher : catalogue.hostWeighers()) {
      settings = settings.with(weigher.name(), 0, 0);
    }
    for (RequestWeigher weigher : catalogue.requestWeighers()) {
      settings = settings.with(weigher.name(), 0, 0);
    }
    TreeMap<String, Double> pairs = new TreeMap<>();
    for (PairWeigher weigher : catalogue.pairWeighers()) {
      pairs.put(weigher.name(), 0.0);
    }
    return new PlacementSettings(
        settings.weighers(), pairs, settings.pairCandidatesMax(), settings.sizing());
  }

  void apply(FleetChange change) {
    log.fleetChanged(fleet.apply(change), change);
  }

  void host(String id, String rack) {
    host(id, rack, "dell", "1.0");
  }

  void host(String id, String rack, String vendor, String firmware) {
    apply(
        new FleetChange.HostAdded(
            new Host(
                HostId.of(id),
                new Location("az-1", "feed-" + rack, rack, "ch-" + id),
                new HardwareProfile(vendor, "milan", firmware, "qemu-8", List.of()),
                new Resources(16, 64 * GIB, 1000),
                RandomFleet.NOW)));
  }

  /** A VM that the cloud has reported on a host; it leaves no decision. */
  void uses(String host, String vm, int vcpus, long memoryGib) {
    apply(
        new FleetChange.PrimaryPlaced(
            VmId.of(vm),
            HostId.of(host),
            new Resources(vcpus, memoryGib * GIB, 0),
            List.of(),
            false));
  }

  void condition(String host, HostCondition condition) {
    apply(new FleetChange.HostConditionChanged(HostId.of(host), condition));
  }

  void risk(String host, double probability, RiskDriver... drivers) {
    apply(
        new FleetChange.HostRiskChanged(
            HostId.of(host),
            new RiskScore(probability, Duration.ofDays(3), List.of(drivers), "model-1")));
  }

  static Vm vm(String id, int vcpus, long memoryGib, ShadowMode mode, DomainKind... apart) {
    return new Vm(
        VmId.of(id),
        ProjectId.of("p"),
        FlavorId.of("m1.large"),
        new Resources(vcpus, memoryGib * GIB, 0),
        new TreeMap<>(),
        List.of(),
        new EffectivePolicy(
            RandomFleet.policy(
                mode, mode == ShadowMode.NONE ? 0 : 1, new Diversity(List.of(apart), List.of())),
            "flavor m1.large over default"));
  }

  /** Decides, claims and applies. */
  PlacementDecision create(Vm vm) {
    return decide(PlacementRequest.create(RequestId.of("r-" + ++requests), RandomFleet.NOW, vm, 7));
  }

  PlacementDecision shadowFor(Vm vm) {
    return decide(
        PlacementRequest.shadowsOnly(
            RequestId.of("r-" + ++requests),
            RandomFleet.NOW,
            vm,
            fleet.primaryOf(vm.id()).orElseThrow(),
            List.of(),
            7));
  }

  private PlacementDecision decide(PlacementRequest request) {
    PlacementDecision decision = placer.decide(request);
    log.decided(request, decision);
    if (decision.answer() instanceof PlacementDecision.Placed
        && placer.claim(request, decision) instanceof ClaimResult.Claimed claimed) {
      claimed.changes().forEach(this::apply);
    }
    return decision;
  }

  /** The newest decision as a reader of the log finds it. */
  RecordedDecision newest() {
    DecisionHistory history = DecisionHistory.open(directory);
    return history.load(history.entries().getLast());
  }

  List<String> explanation() {
    List<String> fromLog = DecisionExplanation.of(newest());
    // What is explained from the logged table is explained the same from the rebuilt fleet.
    RecordedDecision recorded = newest();
    List<String> computed =
        DecisionExplanation.of(
            new RecordedDecision(recorded.logged(), recorded.placer(), Optional.empty()));
    if (!fromLog.equals(computed)) {
      throw new AssertionError("logged " + fromLog + "\ncomputed " + computed);
    }
    return new ArrayList<>(fromLog);
  }

  @Override
  public void close() {
    log.close();
  }
}
