package io.penumbra.simulator.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DurationsTest {

  @Test
  void readsShortAndIsoForms() {
    assertThat(Durations.parse("250ms")).contains(Duration.ofMillis(250));
    assertThat(Durations.parse("1.5h")).contains(Duration.ofMinutes(90));
    assertThat(Durations.parse("30d")).contains(Duration.ofDays(30));
    assertThat(Durations.parse("PT5M")).contains(Duration.ofMinutes(5));
  }

  @Test
  void refusesWhatIsNoDuration() {
    for (String text : new String[] {"", "5", "5 minutes", "-3s", "d", "99999999999999d"}) {
      assertThat(Durations.parse(text)).as(text).isEmpty();
    }
  }

  @Test
  void writesWhatItReads() {
    for (String text : new String[] {"0s", "50ms", "90s", "36h", "30d", "7us"}) {
      assertThat(Durations.parse(text).map(Durations::format)).contains(text);
    }
  }
}
