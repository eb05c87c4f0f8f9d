package io.penumbra.simulator.chance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class WeibullTest {

  private final Weibull law = new Weibull(0.7, 1_000);

  @Test
  void meanIsTheMeanOfTheDraws() {
    RandomGenerator random = new Seeds(1).stream("weibull");
    double sum = 0;
    for (int i = 0; i < 200_000; i++) {
      sum += law.draw(random);
    }
    assertThat(sum / 200_000).isCloseTo(law.meanHours(), within(0.02 * law.meanHours()));
  }

  @Test
  void aRandomMomentHasTheMeanResidualThatRenewalTheoryGives() {
    RandomGenerator random = new Seeds(2).stream("moment");
    double until = 0;
    double since = 0;
    for (int i = 0; i < 200_000; i++) {
      Weibull.Moment moment = law.drawMoment(random);
      until += moment.untilHours();
      since += moment.sinceHours();
    }
    double secondMoment = 1_000.0 * 1_000.0 * org.hipparchus.special.Gamma.gamma(1 + 2 / 0.7);
    double expected = secondMoment / (2 * law.meanHours());
    assertThat(until / 200_000).isCloseTo(expected, within(0.03 * expected));
    assertThat(since / 200_000).isCloseTo(expected, within(0.03 * expected));
  }

  @Test
  void hazardFallsWhenTheShapeIsBelowOne() {
    assertThat(law.hazardPerHour(10)).isGreaterThan(law.hazardPerHour(1_000));
    assertThat(law.survival(1_000)).isCloseTo(Math.exp(-1), within(1e-12));
  }

  @Test
  void refusesAShapeOfZero() {
    assertThatThrownBy(() -> new Weibull(0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("shape");
  }
}
