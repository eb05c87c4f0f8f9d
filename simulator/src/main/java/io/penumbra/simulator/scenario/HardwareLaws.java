package io.penumbra.simulator.scenario;

import io.penumbra.domain.Guard;
import io.penumbra.simulator.chance.LogNormal;
import io.penumbra.simulator.chance.Setting;
import io.penumbra.simulator.chance.Weibull;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * How hosts and guests fail and are repaired.
 *
 * <p>What single hosts do is fitted to the failure records of Los Alamos National Laboratory 1996
 * to 2005 (LA-UR-05-7318); see {@link HostLaws#DEFAULT}. What the records do not tell is an
 * assumption and says so at its field: how failures announce themselves, what fails together, how
 * guests fail.
 */
public record HardwareLaws(
    @Setting("one host on its own") HostLaws host,
    @Setting("hosts that fail together") CorrelatedLaws correlated,
    @Setting("stalls that pass by themselves") TransientLaws passing,
    @Setting("what telemetry shows before a failure, and when none follows")
        PrecursorLaws precursors,
    @Setting("how the failure rate depends on a host's age") AgeLaws age,
    @Setting("crashes of a guest on a healthy host, per VM and year (assumed)")
        double guestCrashesPerVmYear) {

  public static final HardwareLaws DEFAULT =
      new HardwareLaws(
          HostLaws.DEFAULT,
          CorrelatedLaws.DEFAULT,
          TransientLaws.DEFAULT,
          PrecursorLaws.DEFAULT,
          AgeLaws.DEFAULT,
          0.5);

  public HardwareLaws {
    Require.notNegative("guestCrashesPerVmYear", guestCrashesPerVmYear);
  }

  /** The same laws with other ones for single hosts. */
  public HardwareLaws withHost(HostLaws fitted) {
    return new HardwareLaws(fitted, correlated, passing, precursors, age, guestCrashesPerVmYear);
  }

  /** How one host fails on its own. */
  public record HostLaws(
      @Setting("time between two failures of one host") Weibull betweenFailures,
      @Setting("multiplies the failure rate; 1 is the rate of the records") double rate,
      @Setting("causes, their shares and how long a repair takes") List<CauseLaw> causes) {

    public static final HostLaws DEFAULT = LanlFit.HOST_LAWS;

    public HostLaws {
      Require.notNegative("rate", rate);
      causes = List.copyOf(causes);
      Set<FailureCause> seen = EnumSet.noneOf(FailureCause.class);
      for (CauseLaw law : causes) {
        if (!seen.add(law.cause())) {
          throw new IllegalArgumentException(
              "causes names %s twice; expected each once".formatted(law.cause()));
        }
      }
      if (causes.isEmpty()) {
        throw new IllegalArgumentException("causes is empty; expected at least one");
      }
    }
  }

  /** One cause of single host failures. */
  public record CauseLaw(
      @Setting("the cause") FailureCause cause,
      @Setting("share of the failures; shares of all causes are brought to a sum of 1")
          double share,
      @Setting("minutes until the host is back") LogNormal repairMinutes,
      @Setting("share of these failures that telemetry announces") double announced) {
    public CauseLaw {
      Guard.positive("share of cause " + cause, share);
      Guard.share("announced of cause " + cause, announced);
    }
  }

  /** Failures of many hosts at once. All rates and times here are assumed, not fitted. */
  public record CorrelatedLaws(
      @Setting("failures of a whole chassis, per chassis and year") double perChassisYear,
      @Setting("failures of a whole rack, per rack and year") double perRackYear,
      @Setting("failures of a whole power feed, per feed and year") double perPowerFeedYear,
      @Setting("times that a firmware flaw strikes, per firmware version and year")
          double perFirmwareYear,
      @Setting("share of the firmware's hosts that a strike takes down") double firmwareHitShare,
      @Setting("minutes over which a firmware strike spreads") double firmwareSpreadMinutes,
      @Setting("minutes until the hosts are back") LogNormal repairMinutes,
      @Setting("share of these failures that telemetry announces") double announced) {

    public static final CorrelatedLaws DEFAULT =
        new CorrelatedLaws(0.01, 0.02, 0.05, 0.1, 0.25, 30, new LogNormal(60, 1.0), 0.3);

    public CorrelatedLaws {
      Require.notNegative("perChassisYear", perChassisYear);
      Require.notNegative("perRackYear", perRackYear);
      Require.notNegative("perPowerFeedYear", perPowerFeedYear);
      Require.notNegative("perFirmwareYear", perFirmwareYear);
      Guard.share("firmwareHitShare", firmwareHitShare);
      Require.notNegative("firmwareSpreadMinutes", firmwareSpreadMinutes);
      Guard.share("announced", announced);
    }
  }

  /** Hosts that stall or slow down and recover: what failure detectors get wrong. Assumed. */
  public record TransientLaws(
      @Setting("full stalls (no heartbeat, no guest runs), per host and year")
          double freezesPerHostYear,
      @Setting("seconds a stall lasts") LogNormal freezeSeconds,
      @Setting("slow spells, per host and year") double slowPerHostYear,
      @Setting("minutes a slow spell lasts") LogNormal slowMinutes,
      @Setting("how many times slower everything is in a slow spell") LogNormal slowFactor) {

    public static final TransientLaws DEFAULT =
        new TransientLaws(
            0.5, new LogNormal(4, 1.0), 1, new LogNormal(10, 1.0), new LogNormal(4, 0.5));

    public TransientLaws {
      Require.notNegative("freezesPerHostYear", freezesPerHostYear);
      Require.notNegative("slowPerHostYear", slowPerHostYear);
    }
  }

  /** How failures announce themselves. Assumed. */
  public record PrecursorLaws(
      @Setting("hours from the first sign to the failure") LogNormal leadHours,
      @Setting("signs that no failure follows, per host and year") double falseAlarmsPerHostYear,
      @Setting("hours such signs last") LogNormal falseAlarmHours) {

    public static final PrecursorLaws DEFAULT =
        new PrecursorLaws(new LogNormal(48, 1.0), 0.3, new LogNormal(24, 0.8));

    public PrecursorLaws {
      Require.notNegative("falseAlarmsPerHostYear", falseAlarmsPerHostYear);
    }
  }

  /**
   * The bathtub, as factors on the failure rate. In the records, new nodes fail 4 times as often
   * for half a year in system 20, 1.4 times in systems 3 to 5, and no more often at all in systems
   * 18 and 19; no cluster shows wear-out within its 4 years. The default is a mild start and no
   * end.
   */
  public record AgeLaws(
      @Setting("factor on the failure rate of a new host; falls to 1 over infantMonths")
          double infantFactor,
      @Setting("months until a host is no longer new") double infantMonths,
      @Setting("age in years from which a host wears out") double wearOutYears,
      @Setting("added to the factor for every year beyond wearOutYears") double wearOutPerYear) {

    public static final AgeLaws DEFAULT = new AgeLaws(1.5, 6, 5, 0.0);

    private static final double HOURS_PER_YEAR = 24 * 365.25;

    public AgeLaws {
      Require.atLeast("infantFactor", infantFactor, 0);
      Guard.positive("infantMonths", infantMonths);
      Require.notNegative("wearOutYears", wearOutYears);
      Require.notNegative("wearOutPerYear", wearOutPerYear);
    }

    /** The factor on the failure rate at this age. */
    public double factor(double ageHours) {
      double months = ageHours / HOURS_PER_YEAR * 12;
      double young = Math.max(0, 1 - months / infantMonths);
      double old = Math.max(0, months / 12 - wearOutYears);
      return 1 + (infantFactor - 1) * young + wearOutPerYear * old;
    }
  }
}
