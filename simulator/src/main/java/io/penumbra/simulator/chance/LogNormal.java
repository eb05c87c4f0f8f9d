package io.penumbra.simulator.chance;

import io.penumbra.domain.Guard;
import java.util.random.RandomGenerator;

/**
 * Lognormal law: the logarithm is normal, so the tail is long. The unit is the field's that holds
 * it, for example {@code repairMinutes}.
 */
public record LogNormal(
    @Setting("half of all values are below this, in the unit of the field that holds the law")
        double median,
    @Setting("standard deviation of the natural logarithm; 0 makes every value the median")
        double sigma) {

  public LogNormal {
    Guard.positive("lognormal median", median);
    if (!(sigma >= 0 && sigma <= 10)) {
      throw new IllegalArgumentException(
          "lognormal sigma is %s; expected 0 to 10".formatted(sigma));
    }
  }

  public double mean() {
    return median * Math.exp(sigma * sigma / 2);
  }

  /** One value. */
  public double draw(RandomGenerator random) {
    return median * Math.exp(sigma * random.nextGaussian());
  }
}
