package io.penumbra.placement.risk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.HostId;
import io.penumbra.domain.telemetry.HostTelemetry;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class FeatureListTest {

  private static final FeatureList FEATURES = new FeatureList(List.of("2.0", "2.1"));

  @Test
  void everyNameHasItsNumberAndNothingElseIsTouched() {
    float[] row = new float[FEATURES.width() + 2];
    row[0] = -7;
    row[row.length - 1] = -7;
    FEATURES.write(sample("2.1", 24 * 60, 3), row, 1);
    assertThat(FEATURES.names()).hasSize(FEATURES.width()).doesNotHaveDuplicates();
    assertThat(value(row, "cpu_load")).isEqualTo(0.25f);
    assertThat(value(row, "smart_5_reallocated")).isEqualTo(5);
    assertThat(value(row, "smart_187_uncorrectable")).isEqualTo(187);
    assertThat(value(row, "smart_188_timeouts")).isEqualTo(188);
    assertThat(value(row, "smart_197_pending")).isEqualTo(197);
    assertThat(value(row, "smart_198_offline_uncorrectable")).isEqualTo(198);
    assertThat(value(row, "guest_steal_worst")).isEqualTo(0.125f);
    assertThat(value(row, "cpu_above_inlet_celsius")).isEqualTo(40);
    assertThat(value(row, "firmware=2.0")).isZero();
    assertThat(value(row, "firmware=2.1")).isEqualTo(1);
    assertThat(value(row, "firmware=other")).isZero();
    assertThat(row[0]).isEqualTo(-7);
    assertThat(row[row.length - 1]).isEqualTo(-7);
  }

  @Test
  void ratesSayHowFastThingsGoWrong() {
    float[] row = new float[FEATURES.width() + 2];
    FEATURES.write(sample("2.0", 24 * 60, 3), row, 1);
    // 60 errors in 60 days are 1 a day; 9 on the last day are (9 + 1) / (1 + 1) of that.
    assertThat(value(row, "memory_corrected_speedup")).isEqualTo(5);
    assertThat(value(row, "failures_per_year")).isEqualTo(3 * 365.25f / 60);
    // A host of one day counts as one of 30: 12 failures a year, not 365.
    FEATURES.write(sample("2.0", 24, 1), row, 1);
    assertThat(value(row, "failures_per_year")).isEqualTo(365.25f / 30);
  }

  @Test
  void unknownFirmwareIsOther() {
    float[] row = new float[FEATURES.width() + 2];
    FEATURES.write(sample("9.9", 24, 0), row, 1);
    assertThat(value(row, "firmware=other")).isEqualTo(1);
  }

  @Test
  void whatIsNotMeasuredStaysUnknown() {
    float[] row = new float[FEATURES.width() + 2];
    FEATURES.write(
        new HostTelemetry(
            HostId.of("hv-1"),
            Instant.EPOCH,
            HostTelemetry.Load.UNKNOWN,
            HostTelemetry.MemoryHealth.UNKNOWN,
            HostTelemetry.DiskHealth.UNKNOWN,
            HostTelemetry.Thermal.UNKNOWN,
            HostTelemetry.ServiceHistory.UNKNOWN,
            HostTelemetry.Guests.UNKNOWN),
        row,
        1);
    for (String name : FeatureList.MEASURED) {
      assertThat(value(row, name)).as(name).isNaN();
    }
  }

  @Test
  void nonsenseIsRefusedWithItsValue() {
    assertThatThrownBy(() -> new HostTelemetry.Load(1.5, 0))
        .hasMessageContaining("cpu load is 1.5");
    assertThatThrownBy(() -> new HostTelemetry.MemoryHealth(-1, 0))
        .hasMessageContaining("is -1.0; expected 0 or more, or NaN");
    assertThatThrownBy(() -> new FeatureList(List.of("a", "a"))).hasMessageContaining("twice");
  }

  private static float value(float[] row, String name) {
    return row[1 + FEATURES.names().indexOf(name)];
  }

  private static HostTelemetry sample(String firmware, double ageHours, int failures) {
    return new HostTelemetry(
        HostId.of("hv-1"),
        Instant.EPOCH,
        new HostTelemetry.Load(0.25, 0.5),
        new HostTelemetry.MemoryHealth(9, ageHours / 24),
        new HostTelemetry.DiskHealth(5, 187, 188, 197, 198, 1),
        new HostTelemetry.Thermal(20, 60, 0.5),
        new HostTelemetry.ServiceHistory(ageHours, failures, 100, firmware),
        new HostTelemetry.Guests(0.5, 0, 0, 0.125));
  }
}
