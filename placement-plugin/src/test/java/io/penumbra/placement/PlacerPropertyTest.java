package io.penumbra.placement;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.placement.ClaimResult.Claimed;
import io.penumbra.placement.PlacementDecision.Placed;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.fleet.RandomFleet;
import io.penumbra.placement.fleet.ShadowHold;
import io.penumbra.placement.spi.Catalogue;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random fleets, many seeds: the index agrees with a plain scan, and what is promised holds. */
class PlacerPropertyTest {

  private static final int STEPS = 120;

  static List<Long> seeds() {
    List<Long> seeds = new ArrayList<>();
    for (long seed = 1; seed <= Integer.getInteger("penumbra.seeds", 12); seed++) {
      seeds.add(seed);
    }
    return seeds;
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void indexFindsWhatAPlainScanFinds(long seed) {
    Story story = new Story(seed);
    PlainScan plain = new PlainScan(story.fleet, story.settings, story.catalogue);
    for (int step = 0; step < STEPS; step++) {
      PlacementRequest request = story.nextRequest();
      List<PlainScan.Found> expected = plain.decide(request);
      PlacementDecision decision = story.placer.decide(request);
      assertThat(found(decision))
          .as("seed %d step %d, %s on %d hosts", seed, step, request, story.fleet.hostCount())
          .isEqualTo(expected);
      story.goOn(request, decision);
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void aSearchThatWasBrokenOffSaysHowGoodOthersCouldBe(long seed) {
    Story story = new Story(seed);
    Placer hasty = new Placer(story.fleet, tryingAtMost(2, story.settings), story.catalogue);
    PlainScan patient =
        new PlainScan(story.fleet, tryingAtMost(1_000_000, story.settings), story.catalogue);
    for (int step = 0; step < STEPS / 3; step++) {
      PlacementRequest request = story.nextRequest();
      if (hasty.decide(request).answer() instanceof Placed placed) {
        PlainScan.Found best = patient.decide(request).getFirst();
        if (placed.best()) {
          assertThat(placed.score()).as("seed %d step %d", seed, step).isEqualTo(best.total());
        } else if (placed.shadows().size() == best.shadows().size()) {
          assertThat(best.total())
              .as("seed %d step %d", seed, step)
              .isLessThanOrEqualTo(
                  Math.max(placed.score(), placed.bound().orElseThrow().couldScore()));
        }
      }
      story.goOn(request, story.placer.decide(request));
    }
  }

  private static PlacementSettings tryingAtMost(int primaries, PlacementSettings settings) {
    return new PlacementSettings(
        settings.weighers(), settings.jointFailure(), primaries, settings.sizing());
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void nothingIsPromisedTwiceAndDomainsStaySeparate(long seed) {
    Story story = new Story(seed);
    for (int step = 0; step < STEPS; step++) {
      PlacementRequest request = story.nextRequest();
      story.goOn(request, story.placer.decide(request));
      for (HostView host : story.fleet.hosts()) {
        assertThat(host.allocated().plus(host.reserved()).fitsIn(host.effectiveCapacity()))
            .as("seed %d step %d host %s", seed, step, host)
            .isTrue();
      }
    }
    for (Placement placement : story.placements) {
      assertSeparate(seed, story.fleet, placement);
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void anySingleFailureDomainCanFailAndItsShadowsFit(long seed) {
    Story story = new Story(seed);
    story.failures = false;
    for (int step = 0; step < STEPS; step++) {
      PlacementRequest request = story.nextRequest();
      story.goOn(request, story.placer.decide(request));
    }
    for (DomainKind kind : FleetSettings.defaults().correlated()) {
      List<String> instances =
          story.fleet.hosts().stream().map(h -> kind.of(h.host())).distinct().toList();
      for (String instance : instances) {
        Fleet after = story.rebuilt();
        promoteAllOf(after, kind, instance, seed);
      }
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void sameChangesAndSeedGiveTheSameDecision(long seed) {
    Story story = new Story(seed);
    for (int step = 0; step < STEPS / 2; step++) {
      PlacementRequest request = story.nextRequest();
      PlacementDecision decision = story.placer.decide(request);
      assertThat(story.placer.decide(request))
          .as("seed %d step %d", seed, step)
          .isEqualTo(decision);
      if (step % 10 == 0) {
        Placer again = new Placer(story.rebuilt(), story.settings, story.catalogue);
        assertThat(again.decide(request)).as("seed %d step %d", seed, step).isEqualTo(decision);
      }
      story.goOn(request, decision);
    }
  }

  private static void promoteAllOf(Fleet fleet, DomainKind kind, String instance, long seed) {
    List<VmId> lost = new ArrayList<>();
    for (HostView host : fleet.hosts()) {
      if (kind.of(host.host()).equals(instance)) {
        lost.addAll(fleet.primariesOn(host.host().id()));
      }
    }
    for (VmId vm : lost) {
      for (ShadowHold hold : fleet.shadowsOf(vm)) {
        Host host = fleet.host(hold.host()).orElseThrow().host();
        if (!kind.of(host).equals(instance)) {
          assertThat(fleet.canPromote(vm, hold.host()))
              .as("seed %d: %s %s fails, %s on %s", seed, kind, instance, vm, hold)
              .isTrue();
          fleet.apply(new FleetChange.ShadowPromoted(vm, hold.host()));
          break;
        }
      }
    }
    for (HostView host : fleet.hosts()) {
      assertThat(host.allocated().fitsIn(host.effectiveCapacity()))
          .as("seed %d: %s after %s %s", seed, host, kind, instance)
          .isTrue();
    }
  }

  private static void assertSeparate(long seed, Fleet fleet, Placement placement) {
    Optional<HostView> primary = fleet.host(placement.primary);
    for (HostId shadow : placement.shadows) {
      Optional<HostView> other = fleet.host(shadow);
      if (primary.isEmpty() || other.isEmpty()) {
        continue;
      }
      Host one = primary.get().host();
      Host two = other.get().host();
      for (DomainKind kind : placement.diversity.domains()) {
        assertThat(kind.of(one)).as("seed %d %s", seed, placement).isNotEqualTo(kind.of(two));
      }
      for (HardwareAspect aspect : placement.diversity.hardware()) {
        assertThat(aspect.of(one.hardware()))
            .as("seed %d %s", seed, placement)
            .isNotEqualTo(aspect.of(two.hardware()));
      }
    }
  }

  private static List<PlainScan.Found> found(PlacementDecision decision) {
    if (!(decision.answer() instanceof Placed placed)) {
      return List.of();
    }
    List<PlainScan.Found> found = new ArrayList<>();
    found.add(
        new PlainScan.Found(
            placed.primary().host().value(),
            placed.shadowHosts().stream().map(HostId::value).toList(),
            placed.score()));
    placed
        .runnerUp()
        .ifPresent(r ->
            found.add(
                new PlainScan.Found(
                    r.primary().host().value(),
                    r.shadows().stream().map(c -> c.host().value()).toList(),
                    r.score())));
    return found;
  }

  private record Placement(VmId vm, HostId primary, List<HostId> shadows, Diversity diversity) {}

  /** A fleet that lives: VMs come and go, hosts fail, join and leave, shadows are promoted. */
  private static final class Story {

    final RandomFleet drawn;
    final RandomGenerator random;
    final List<FleetChange> changes = new ArrayList<>();
    final Fleet fleet = new Fleet(FleetSettings.defaults());
    final Catalogue catalogue = Catalogue.load();
    final PlacementSettings settings;
    final Placer placer;
    final List<Vm> running = new ArrayList<>();
    final List<Placement> placements = new ArrayList<>();
    boolean failures = true;
    int hostsDrawn;

    Story(long seed) {
      int racks = 2 + (int) (seed % 9);
      drawn =
          seed % 4 == 0
              ? RandomFleet.boughtByTheRack(seed, 2 * racks)
              : new RandomFleet(seed, racks);
      random = drawn.random();
      hostsDrawn = 3 + random.nextInt(seed % 3 == 0 ? 300 : 40);
      drawn.hosts(hostsDrawn).forEach(this::apply);
      settings = draw();
      placer = new Placer(fleet, settings, catalogue);
    }

    private PlacementSettings draw() {
      PlacementSettings chosen = PlacementSettings.defaults();
      if (random.nextInt(3) == 0) {
        // Stack instead of spread, and seek what others avoid: bounds must hold for any sign.
        chosen = chosen.with("free-memory", -1, -0.5).with("instances", 0.5, 0.5);
      }
      if (random.nextInt(4) == 0) {
        chosen = chosen.with("soft-affinity", -0.7, 0).with("free-cpu", 0, 0);
      }
      if (random.nextInt(4) == 0) {
        TreeMap<String, Double> joint = new TreeMap<>();
        joint.put("shared-firmware", 0.4);
        joint.put("shared-rack", -2.0);
        chosen =
            new PlacementSettings(chosen.weighers(), joint, 1 + random.nextInt(6), chosen.sizing());
      }
      return chosen;
    }

    void apply(FleetChange change) {
      fleet.apply(change);
      changes.add(change);
    }

    Fleet rebuilt() {
      Fleet again = new Fleet(FleetSettings.defaults());
      changes.forEach(again::apply);
      return again;
    }

    PlacementRequest nextRequest() {
      List<HostId> known = fleet.hosts().stream().map(h -> h.host().id()).toList();
      PlacementRequest request = drawn.request(drawn.vm(drawn.policy()), known);
      if (random.nextInt(8) == 0 && !running.isEmpty()) {
        Vm vm = drawn.pick(running);
        Optional<HostId> primary = fleet.primaryOf(vm.id());
        if (primary.isPresent()) {
          return PlacementRequest.shadowsOnly(
              request.id(),
              request.at(),
              vm,
              primary.get(),
              fleet.shadowsOf(vm.id()).stream().map(ShadowHold::host).toList(),
              request.seed());
        }
      }
      return request;
    }

    void goOn(PlacementRequest request, PlacementDecision decision) {
      if (decision.answer() instanceof Placed placed
          && placer.claim(request, decision) instanceof Claimed claimed) {
        claimed.changes().forEach(this::apply);
        Vm vm = request.vm();
        if (request.fixedPrimary().isEmpty()) {
          running.add(vm);
          if (random.nextBoolean()) {
            apply(new FleetChange.ClaimConfirmed(vm.id()));
          }
        }
        placements.add(
            new Placement(
                vm.id(),
                placed.primary().host(),
                placed.shadowHosts(),
                vm.policy().policy().diversity()));
      }
      for (int i = 0; i < 3; i++) {
        disturb();
      }
    }

    private void disturb() {
      switch (random.nextInt(failures ? 14 : 3)) {
        case 0, 1 -> release();
        case 2 -> resize();
        case 3 -> promote();
        case 4 -> {
          Host host = drawn.host(hostsDrawn++);
          apply(new FleetChange.HostAdded(host));
        }
        case 5 -> {
          if (fleet.hostCount() > 2) {
            apply(new FleetChange.HostRemoved(drawn.pick(fleet.hosts()).host().id()));
          }
        }
        default -> {}
      }
    }

    private void release() {
      if (running.isEmpty()) {
        return;
      }
      Vm vm = running.remove(random.nextInt(running.size()));
      if (fleet.primaryOf(vm.id()).isPresent()) {
        apply(new FleetChange.PrimaryReleased(vm.id()));
      }
      // Some shadows are left behind for a while, as after a lost primary.
      if (!failures || random.nextInt(3) > 0) {
        for (ShadowHold hold : fleet.shadowsOf(vm.id())) {
          apply(new FleetChange.ShadowReleased(vm.id(), hold.host()));
        }
      }
    }

    private void resize() {
      if (running.isEmpty()) {
        return;
      }
      Vm vm = drawn.pick(running);
      for (ShadowHold hold : fleet.shadowsOf(vm.id())) {
        // Growing the resident part takes it from the reserve, one to one at the most.
        if (hold.reserve().fitsIn(fleet.host(hold.host()).orElseThrow().free())) {
          apply(
              new FleetChange.ShadowResized(
                  vm.id(), hold.host(), hold.resident().plus(hold.reserve()), Resources.NONE));
        }
      }
    }

    private void promote() {
      if (running.isEmpty()) {
        return;
      }
      Vm vm = drawn.pick(running);
      for (ShadowHold hold : fleet.shadowsOf(vm.id())) {
        if (fleet.canPromote(vm.id(), hold.host())) {
          apply(new FleetChange.ShadowPromoted(vm.id(), hold.host()));
          placements.removeIf(p -> p.vm().equals(vm.id()));
          break;
        }
      }
    }
  }
}
