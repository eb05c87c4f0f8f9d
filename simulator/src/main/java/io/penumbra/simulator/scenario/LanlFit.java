package io.penumbra.simulator.scenario;

import io.penumbra.simulator.chance.LogNormal;
import io.penumbra.simulator.chance.Weibull;
import io.penumbra.simulator.scenario.HardwareLaws.CauseLaw;
import io.penumbra.simulator.scenario.HardwareLaws.HostLaws;
import java.util.List;

/**
 * What single hosts do, as fitted to the failure records of Los Alamos National Laboratory
 * (LA-UR-05-7318, 1996 to 2005; we recognise Los Alamos for providing them).
 *
 * <p>Nodes of systems 18 and 19, two 1,024-node clusters of 4-processor nodes: 7,220 failures and
 * 2,075 censored times over 6,451 node-years. Maximum likelihood; the Weibull law beats the
 * exponential one by 785 in log-likelihood, and its shape agrees with the 0.7 to 0.8 that Schroeder
 * and Gibson (DSN 2006) found in these records: the hazard falls. Machines of today fail more
 * rarely; {@code hardware.host.rate} scales.
 *
 * <p>What was to blame differs from system to system. Over all 23 of them it is hardware in 60 % of
 * the records, software in 23 %, nobody knows in 13 %, the network in 1.8 %, the building in 1.5 %
 * and people in 0.6 %. Processors are half of everything in systems 3 to 6 and 18 to 20, all of one
 * CPU type, and 1 % in systems 8 to 13 with other types, where memory leads with a quarter: a fleet
 * of other machines should bring records of its own ({@code --failures}).
 *
 * <p>{@code FieldFitTest} fits and counts them again: {@code ./mvnw test -pl simulator -am
 * -Dtest=FieldFitTest -Dsurefire.failIfNoSpecifiedTests=false}.
 */
final class LanlFit {

  private LanlFit() {}

  static final HostLaws HOST_LAWS =
      new HostLaws(
          new Weibull(0.698, 7_339),
          1,
          List.of(
              law(FailureCause.CPU, 0.5539, 49.4, 0.911),
              law(FailureCause.MEMORY, 0.1063, 145.1, 0.696),
              law(FailureCause.BOARD, 0.0188, 194.3, 0.787),
              law(FailureCause.POWER_SUPPLY, 0.0040, 142.1, 1.191),
              law(FailureCause.DISK, 0.0456, 208.8, 1.334),
              law(FailureCause.INTERCONNECT, 0.0252, 146.5, 1.132),
              law(FailureCause.OTHER_HARDWARE, 0.0084, 195.1, 1.458),
              law(FailureCause.NETWORK, 0.0041, 210.2, 1.151),
              law(FailureCause.SOFTWARE, 0.1769, 72.4, 1.320),
              law(FailureCause.HUMAN, 0.0041, 84.0, 1.459),
              law(FailureCause.UNDETERMINED, 0.0525, 40.5, 1.725)));

  private static CauseLaw law(FailureCause cause, double share, double median, double sigma) {
    return new CauseLaw(cause, share, new LogNormal(median, sigma), cause.usuallyAnnounced());
  }
}
