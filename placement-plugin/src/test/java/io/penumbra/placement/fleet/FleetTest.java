package io.penumbra.placement.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.Location;
import java.util.List;
import org.junit.jupiter.api.Test;

class FleetTest {

  private static final Resources HALF = new Resources(8, 32768, 500);
  private static final Resources WHOLE = new Resources(16, 65536, 1000);

  private final SmallFleet small = new SmallFleet().host("a").host("b").host("c").host("d");
  private final Fleet fleet = small.fleet();

  @Test
  void aClaimTakesRoomAtOnceAndIsConfirmedLater() {
    apply(new FleetChange.PrimaryPlaced(vm("v"), host("a"), HALF, List.of(), true));

    assertThat(small.view("a").free()).isEqualTo(HALF);
    assertThat(fleet.isClaim(vm("v"))).isTrue();

    apply(new FleetChange.ClaimConfirmed(vm("v")));

    assertThat(fleet.isClaim(vm("v"))).isFalse();
    assertThat(small.view("a").free()).isEqualTo(HALF);
    assertThat(fleet.primariesOn(host("a"))).containsExactly(vm("v"));
  }

  @Test
  void aClaimThatDoesNotFitIsRefusedWithItsNumbersAndChangesNothing() {
    small.run("v", "a", HALF);
    long before = fleet.generation();

    assertThatThrownBy(
            () -> apply(new FleetChange.PrimaryPlaced(vm("w"), host("a"), WHOLE, List.of(), true)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("16 vCPU, 65536 MiB, 1000 GiB")
        .hasMessageContaining("8 vCPU, 32768 MiB, 500 GiB free");
    assertThat(fleet.generation()).isEqualTo(before);
    assertThat(fleet.primaryOf(vm("w"))).isEmpty();
  }

  @Test
  void whatTheCloudReportsIsCountedEvenWhenItOverruns() {
    small.run("v", "a", WHOLE).run("w", "a", HALF);

    assertThat(small.view("a").free()).isEqualTo(Resources.NONE);
    assertThat(small.view("a").allocated()).isEqualTo(WHOLE.plus(HALF));
  }

  @Test
  void shadowsOfPrimariesThatCannotFailTogetherShareReserve() {
    small.run("v", "a", HALF).run("w", "b", HALF).shadow("v", "c").shadow("w", "c");

    assertThat(small.view("c").reserved()).isEqualTo(HALF);
    assertThat(small.view("c").allocated()).isEqualTo(Resources.NONE);
    assertThat(fleet.shadowsOn(host("c"))).containsExactly(vm("v"), vm("w"));
  }

  @Test
  void shadowsOfPrimariesInOneRackDoNot() {
    SmallFleet racks =
        new SmallFleet()
            .host("a", new Location("z", "f1", "r", "c1"))
            .host("b", new Location("z", "f2", "r", "c2"))
            .host("c");
    racks.run("v", "a", HALF).run("w", "b", HALF).shadow("v", "c").shadow("w", "c");

    assertThat(racks.view("c").reserved()).isEqualTo(WHOLE);
  }

  @Test
  void theZoneCountsOnlyWhenItIsConfiguredAsCorrelated() {
    SmallFleet zones =
        new SmallFleet(new FleetSettings(1, 1, 1, List.of(DomainKind.ZONE)))
            .host("a", new Location("z", "f1", "r1", "c1"))
            .host("b", new Location("z", "f2", "r2", "c2"))
            .host("c");
    zones.run("v", "a", HALF).run("w", "b", HALF).shadow("v", "c").shadow("w", "c");

    assertThat(zones.view("c").reserved()).isEqualTo(WHOLE);
  }

  @Test
  void aShadowWhosePrimaryWasLostIsReservedForWhateverFails() {
    small.run("v", "a", HALF).run("w", "b", HALF).shadow("v", "c").shadow("w", "c");

    apply(new FleetChange.PrimaryReleased(vm("v")));

    assertThat(small.view("c").reserved()).isEqualTo(WHOLE);
    assertThat(fleet.primaryOf(vm("v"))).isEmpty();
    assertThat(fleet.shadowsOf(vm("v"))).hasSize(1);
  }

  @Test
  void promotionUsesTheSharedReserveAndTheRestIsToldAsShortfall() {
    small.run("v", "a", HALF).run("w", "b", HALF).run("x", "c", HALF);
    small.shadow("v", "c").shadow("w", "c");

    apply(new FleetChange.ShadowPromoted(vm("v"), host("c")));

    assertThat(fleet.primaryOf(vm("v"))).contains(host("c"));
    assertThat(fleet.shadowsOf(vm("v"))).isEmpty();
    assertThat(small.view("a").free()).isEqualTo(WHOLE);
    assertThat(small.view("c").allocated()).isEqualTo(WHOLE);
    assertThat(small.view("c").reserved()).isEqualTo(Resources.NONE);
    assertThat(small.view("c").reserveShortfall()).isEqualTo(HALF);
    assertThat(fleet.canPromote(vm("w"), host("c"))).isFalse();
    assertThatThrownBy(() -> apply(new FleetChange.ShadowPromoted(vm("w"), host("c"))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("VM w cannot be promoted on host c");
  }

  @Test
  void aShadowThatGrowsTakesFromItsOwnReserve() {
    small.run("v", "a", HALF).shadow("v", "c");

    apply(new FleetChange.ShadowResized(vm("v"), host("c"), HALF, Resources.NONE));

    assertThat(small.view("c").allocated()).isEqualTo(HALF);
    assertThat(small.view("c").reserved()).isEqualTo(Resources.NONE);
  }

  @Test
  void aHostThatLeavesTakesItsPrimariesAndShadowsWithIt() {
    small.run("v", "a", HALF).run("w", "b", HALF).shadow("v", "b").shadow("w", "a");

    apply(new FleetChange.HostRemoved(host("a")));

    assertThat(fleet.host(host("a"))).isEmpty();
    assertThat(fleet.primaryOf(vm("v"))).isEmpty();
    assertThat(fleet.shadowsOf(vm("v"))).hasSize(1);
    assertThat(fleet.shadowsOf(vm("w"))).isEmpty();
    assertThat(fleet.hosts()).extracting(h -> h.host().id().value()).containsExactly("b", "c", "d");
  }

  @Test
  void changesThatContradictWhatIsKnownNameTheValues() {
    small.run("v", "a", HALF).shadow("v", "b");

    assertRefused(new FleetChange.PrimaryReleased(vm("ghost")), "VM ghost");
    assertRefused(new FleetChange.HostRemoved(host("z")), "host z is not part of the fleet of 4");
    assertRefused(
        new FleetChange.PrimaryPlaced(vm("v"), host("c"), HALF, List.of(), false),
        "already on host a");
    assertRefused(
        new FleetChange.ShadowPlaced(vm("v"), host("b"), Resources.NONE, HALF),
        "already has a shadow on host b");
    assertRefused(
        new FleetChange.ShadowPlaced(vm("v"), host("a"), Resources.NONE, HALF), "runs on host a");
    assertRefused(new FleetChange.ShadowReleased(vm("v"), host("d")), "it has them on [b]");
    assertRefused(
        new FleetChange.HostAdded(small.view("a").host()), "host a is already part of the fleet");
  }

  private void assertRefused(FleetChange change, String saying) {
    long before = fleet.generation();
    assertThatThrownBy(() -> apply(change))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(saying);
    assertThat(fleet.generation()).isEqualTo(before);
  }

  private void apply(FleetChange change) {
    fleet.apply(change);
  }

  private static VmId vm(String id) {
    return VmId.of(id);
  }

  private static HostId host(String id) {
    return HostId.of(id);
  }
}
