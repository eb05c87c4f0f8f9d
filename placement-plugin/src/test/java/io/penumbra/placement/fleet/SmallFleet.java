package io.penumbra.placement.fleet;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
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
import io.penumbra.placement.ShadowSizing;
import io.penumbra.placement.spi.Ask;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A handful of hosts to test with: without overcommit, 16 vCPUs, 64 GiB and 1,000 GiB of disk each,
 * every one alone in its zone, feed, rack, chassis, profile and cohort unless told otherwise.
 */
public final class SmallFleet {

  public static final Resources SMALL = new Resources(2, 8192, 100);

  private final Fleet fleet;

  public SmallFleet() {
    this(FleetSettings.defaults());
  }

  public SmallFleet(FleetSettings settings) {
    fleet =
        new Fleet(
            new FleetSettings(
                1, settings.memoryOvercommit(), settings.diskOvercommit(), settings.correlated()));
  }

  public Fleet fleet() {
    return fleet;
  }

  /** A host that shares nothing with any other. */
  public SmallFleet host(String id) {
    return host(id, new Location("zone-" + id, "feed-" + id, "rack-" + id, "chassis-" + id));
  }

  public SmallFleet host(String id, Location location) {
    return host(id, location, profile(id));
  }

  public SmallFleet host(String id, HardwareProfile hardware) {
    return host(
        id, new Location("zone-" + id, "feed-" + id, "rack-" + id, "chassis-" + id), hardware);
  }

  private SmallFleet host(String id, Location location, HardwareProfile hardware) {
    fleet.apply(
        new FleetChange.HostAdded(
            new Host(
                HostId.of(id),
                location,
                hardware,
                new Resources(16, 65536, 1000),
                Instant.parse("2020-01-01T00:00:00Z")
                    .plus(Duration.ofDays(200L * fleet.hostCount())))));
    return this;
  }

  public static HardwareProfile profile(String id, String... traits) {
    return new HardwareProfile(
        "vendor-" + id, "cpu-" + id, "fw-" + id, "hyp-" + id, List.of(traits));
  }

  public SmallFleet condition(String id, HostCondition condition) {
    fleet.apply(new FleetChange.HostConditionChanged(HostId.of(id), condition));
    return this;
  }

  public SmallFleet risk(String id, double probability) {
    fleet.apply(
        new FleetChange.HostRiskChanged(
            HostId.of(id), new RiskScore(probability, Duration.ofDays(1), List.of(), "m")));
    return this;
  }

  /** Puts a VM on a host. */
  public SmallFleet run(String vm, String host, Resources size, String... groups) {
    List<GroupId> in = Arrays.stream(groups).map(GroupId::of).toList();
    fleet.apply(new FleetChange.PrimaryPlaced(VmId.of(vm), HostId.of(host), size, in, false));
    return this;
  }

  /** Puts a cold shadow of the VM on a host: nothing resident, all of it reserve. */
  public SmallFleet shadow(String vm, String host) {
    Resources size = fleet.sizeOf(VmId.of(vm)).orElseThrow();
    fleet.apply(new FleetChange.ShadowPlaced(VmId.of(vm), HostId.of(host), Resources.NONE, size));
    return this;
  }

  public HostView view(String id) {
    return fleet.host(HostId.of(id)).orElseThrow();
  }

  public static Vm vm(String id, Resources size, Diversity diversity) {
    return new Vm(
        VmId.of(id),
        ProjectId.of("p"),
        FlavorId.of("f"),
        size,
        new TreeMap<>(),
        List.of(),
        new EffectivePolicy(RandomFleet.policy(ShadowMode.COLD, 1, diversity), "test"));
  }

  public static PlacementRequest request(Vm vm) {
    return PlacementRequest.create(RequestId.of("r"), RandomFleet.NOW, vm, 1);
  }

  /** A request with a wish for everything that can be wished for. */
  public static PlacementRequest request(
      List<String> excluded,
      Optional<String> zone,
      List<String> required,
      List<String> forbidden,
      List<GroupRule> groups) {
    return new PlacementRequest(
        RequestId.of("r"),
        RandomFleet.NOW,
        vm("new", SMALL, Diversity.HOST_ONLY),
        Optional.empty(),
        List.of(),
        excluded.stream().map(HostId::of).toList(),
        Optional.empty(),
        zone,
        required,
        forbidden,
        groups,
        1);
  }

  public Ask forPrimary(PlacementRequest request) {
    return Ask.forPrimary(request, fleet);
  }

  public Ask forPrimary(Resources size) {
    return forPrimary(request(vm("new", size, Diversity.HOST_ONLY)));
  }

  /** Asks for a cold shadow of a VM on {@code primary}. */
  public Ask forShadow(String primary, Resources size, Diversity diversity) {
    return Ask.forShadow(
        request(vm("new", size, diversity)),
        fleet,
        view(primary),
        ShadowSizing.defaults().resident(ShadowMode.COLD, size, 0),
        ShadowSizing.defaults().reserve(ShadowMode.COLD, size, 0));
  }
}
