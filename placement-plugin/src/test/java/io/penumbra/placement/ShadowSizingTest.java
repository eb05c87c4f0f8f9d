package io.penumbra.placement;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.Resources;
import io.penumbra.domain.policy.ShadowMode;
import org.junit.jupiter.api.Test;

class ShadowSizingTest {

  private static final Resources SIZE = new Resources(4, 8192, 100);

  private final ShadowSizing sizing = ShadowSizing.defaults();

  @Test
  void aCalmWarmShadowHoldsHalfTheMemoryAndTheDisk() {
    assertThat(sizing.resident(ShadowMode.WARM, SIZE, 0)).isEqualTo(new Resources(0, 4096, 100));
    assertThat(sizing.reserve(ShadowMode.WARM, SIZE, 0)).isEqualTo(new Resources(4, 4096, 0));
  }

  @Test
  void aGrownWarmShadowHoldsEverything() {
    assertThat(sizing.resident(ShadowMode.WARM, SIZE, 1)).isEqualTo(SIZE);
    assertThat(sizing.reserve(ShadowMode.WARM, SIZE, 1)).isEqualTo(Resources.NONE);
  }

  @Test
  void aColdShadowHoldsNothingUntilItGrows() {
    assertThat(sizing.resident(ShadowMode.COLD, SIZE, 0)).isEqualTo(Resources.NONE);
    assertThat(sizing.resident(ShadowMode.COLD, SIZE, 0.5)).isEqualTo(new Resources(0, 0, 50));
    assertThat(sizing.reserve(ShadowMode.COLD, SIZE, 0)).isEqualTo(SIZE);
  }
}
