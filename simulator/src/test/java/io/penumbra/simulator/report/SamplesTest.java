package io.penumbra.simulator.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.simulator.report.Samples.Step;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SamplesTest {

  @Test
  void aQuantileIsAlwaysSomethingThatWasMeasured() {
    Samples samples = Samples.of(4, 1, 3, 2);

    assertThat(samples.quantile(0)).isEqualTo(1);
    assertThat(samples.quantile(0.5)).isEqualTo(2);
    assertThat(samples.quantile(0.51)).isEqualTo(3);
    assertThat(samples.quantile(1)).isEqualTo(4);
  }

  @Test
  void stepsRiseToOneAndMergeEqualValues() {
    List<Step> steps = Samples.of(1, 1, 1, 5).steps(100);

    assertThat(steps).containsExactly(new Step(1, 0.75), new Step(5, 1));
  }

  @Test
  void stepsAreBounded() {
    assertThat(SampleReports.samples(1, 10, 1).steps(50)).hasSizeLessThanOrEqualTo(51);
  }

  @Test
  void refusesWhatNoMeasurementGives() {
    assertThatThrownBy(() -> Samples.of(1, Double.NaN)).hasMessageContaining("NaN");
    assertThatThrownBy(() -> Samples.of(-1)).hasMessageContaining("expected 0 or more");
    assertThatThrownBy(() -> Samples.EMPTY.quantile(0.5)).hasMessageContaining("0 samples");
  }
}
