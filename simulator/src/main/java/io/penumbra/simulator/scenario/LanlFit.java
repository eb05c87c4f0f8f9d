package io.penumbra.simulator.scenario;

import io.penumbra.simulator.chance.LogNormal;
import io.penumbra.simulator.chance.Weibull;
import io.penumbra.simulator.scenario.HardwareLaws.CauseLaw;
import io.penumbra.simulator.scenario.HardwareLaws.HostLaws;
import java.util.List;

/**
 * What single hosts do, as fitted to the failure records of Los Alamos National Laboratory
 * (LA-UR-05-7318, 1996 to 2005; we recognise Los Alamos for providing them).
 */
final class LanlFit {

  private LanlFit() {}

  static final HostLaws HOST_LAWS =
      new HostLaws(
          new Weibull(0.7, 6_000),
          1,
          List.of(
              new CauseLaw(FailureCause.CPU, 0.25, new LogNormal(60, 1.3), 0.3),
              new CauseLaw(FailureCause.MEMORY, 0.15, new LogNormal(60, 1.3), 0.7),
              new CauseLaw(FailureCause.SOFTWARE, 0.25, new LogNormal(40, 1.8), 0.3),
              new CauseLaw(FailureCause.UNDETERMINED, 0.35, new LogNormal(40, 1.8), 0)));
}
