package io.penumbra.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ResourcesTest {

  private static final Resources SMALL = new Resources(1, 1024, 10);
  private static final Resources LARGE = new Resources(4, 8192, 40);

  @Test
  void addsAndTakesInEveryDimension() {
    assertThat(SMALL.plus(LARGE)).isEqualTo(new Resources(5, 9216, 50));
    assertThat(LARGE.minus(SMALL)).isEqualTo(new Resources(3, 7168, 30));
  }

  @Test
  void refusesToTakeMoreThanThereIsAndNamesBoth() {
    assertThatThrownBy(() -> SMALL.minus(LARGE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("4 vCPU, 8192 MiB, 40 GiB")
        .hasMessageContaining("1 vCPU, 1024 MiB, 10 GiB");
  }

  @Test
  void fitsOnlyWhenEveryDimensionFits() {
    assertThat(SMALL.fitsIn(LARGE)).isTrue();
    assertThat(new Resources(1, 9000, 1).fitsIn(LARGE)).isFalse();
  }
}
