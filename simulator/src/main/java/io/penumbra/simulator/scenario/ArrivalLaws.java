package io.penumbra.simulator.scenario;

import io.penumbra.domain.Guard;
import io.penumbra.simulator.chance.Setting;
import java.util.List;

/**
 * What VMs look like when no trace is given. The defaults are fitted to the Azure Public Dataset V1
 * (Cortez et al., SOSP 2017) as prepared by Bergsma et al. (SOSP 2021): 1,870,433 VMs in 452,901
 * tenant batches over 30 days; {@code TraceFitTest} fits them again from the files and compares.
 *
 * <p>Batches arrive as a Poisson process whose rate follows the hour of the day. A batch's size is
 * heavy-tailed, P(size &gt; k) = (1 + k / batchScale)^-batchTail. Its first VM draws a flavour and
 * a kind of lifetime; every next one keeps each with probability {@code repeat}, else draws again.
 */
public record ArrivalLaws(
    @Setting(
            "tenant batches per hour, averaged over the day; 0 spreads the wished number of VMs over the run")
        double batchesPerHour,
    @Setting("how far the rate swings around its mean over a day, 0 to 1") double dailySwing,
    @Setting("hour of the day at which the rate is highest, 0 to 24, UTC") double peakHour,
    @Setting("tail exponent of the batch size") double batchTail,
    @Setting("scale of the batch size") double batchScale,
    @Setting("largest batch") int batchMax,
    @Setting("probability that a VM is of the same kind as the one before it in its batch")
        double repeat,
    @Setting("flavours and their shares") List<FlavorShare> flavors,
    @Setting("kinds of lifetime and their shares: a mixture of lognormals")
        List<LifetimeShare> lifetimes) {

  /** One flavour of the mix. */
  public record FlavorShare(
      @Setting("name of the flavour") String name,
      @Setting("virtual CPUs") int vcpus,
      @Setting("memory in MiB") long memoryMib,
      @Setting("share of the VMs; shares of all flavours are brought to a sum of 1") double share) {
    public FlavorShare {
      Guard.identifier("flavour name", name);
      Require.between("vcpus of flavour " + name, vcpus, 1, 65_536);
      Require.between("memoryMib of flavour " + name, memoryMib, 1, 1L << 40);
      Guard.positive("share of flavour " + name, share);
    }
  }

  /** One lognormal of the mixture. */
  public record LifetimeShare(
      @Setting("share of the VMs; shares of all kinds are brought to a sum of 1") double share,
      @Setting("median lifetime in minutes") double medianMinutes,
      @Setting("standard deviation of the lifetime's natural logarithm") double sigma) {
    public LifetimeShare {
      Guard.positive("share of a lifetime kind", share);
      Guard.positive("medianMinutes of a lifetime kind", medianMinutes);
      Require.notNegative("sigma of a lifetime kind", sigma);
    }
  }

  public static final ArrivalLaws DEFAULT =
      new ArrivalLaws(
          0,
          0.377,
          14.1,
          1.133,
          0.883,
          1_404,
          0.895,
          List.of(
              new FlavorShare("1c0.75g", 1, 768, 0.0206),
              new FlavorShare("1c1.75g", 1, 1_792, 0.4770),
              new FlavorShare("2c3.5g", 2, 3_584, 0.2485),
              new FlavorShare("4c7g", 4, 7_168, 0.1088),
              new FlavorShare("8c14g", 8, 14_336, 0.1056),
              new FlavorShare("8c56g", 8, 57_344, 0.0385)),
          List.of(new LifetimeShare(0.513, 18.3, 0.591), new LifetimeShare(0.487, 166.2, 2.022)));

  public ArrivalLaws {
    Require.notNegative("batchesPerHour", batchesPerHour);
    Guard.share("dailySwing", dailySwing);
    if (!(peakHour >= 0 && peakHour <= 24)) {
      throw new IllegalArgumentException("peakHour is %s; expected 0 to 24".formatted(peakHour));
    }
    Guard.positive("batchTail", batchTail);
    Guard.positive("batchScale", batchScale);
    Require.between("batchMax", batchMax, 1, 1_000_000);
    Guard.share("repeat", repeat);
    flavors = List.copyOf(flavors);
    lifetimes = List.copyOf(lifetimes);
    if (flavors.isEmpty() || lifetimes.isEmpty()) {
      throw new IllegalArgumentException(
          "%s is empty; expected at least one"
              .formatted(flavors.isEmpty() ? "flavors" : "lifetimes"));
    }
  }
}
