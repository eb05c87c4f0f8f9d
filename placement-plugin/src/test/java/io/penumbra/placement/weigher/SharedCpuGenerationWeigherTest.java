package io.penumbra.placement.weigher;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.placement.fleet.SmallFleet;
import java.util.List;
import org.junit.jupiter.api.Test;

class SharedCpuGenerationWeigherTest {

  @Test
  void scoresOneWhenSharedAndCountsAgainstThePair() {
    SmallFleet fleet =
        new SmallFleet()
            .host("a", new HardwareProfile("v1", "milan", "f1", "h1", List.of()))
            .host("b", new HardwareProfile("v2", "milan", "f2", "h2", List.of()))
            .host("c");
    SharedCpuGenerationWeigher weigher = new SharedCpuGenerationWeigher();

    assertThat(weigher.shared(fleet.view("a"), fleet.view("b"))).isEqualTo(1);
    assertThat(weigher.shared(fleet.view("a"), fleet.view("c"))).isZero();
    assertThat(weigher.defaultMultiplier()).isNegative();
  }
}
