package io.penumbra.simulator.hardware;

import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.Host;
import io.penumbra.simulator.chance.LogNormal;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.chance.Weibull;
import io.penumbra.simulator.scenario.FailureCause;
import io.penumbra.simulator.scenario.HardwareLaws;
import io.penumbra.simulator.scenario.HardwareLaws.CauseLaw;
import io.penumbra.simulator.scenario.HardwareLaws.CorrelatedLaws;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioFleet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.random.RandomGenerator;

/**
 * Draws a failure schedule. Every host, rack, feed, chassis and firmware version draws from a
 * stream of its own, so adding hosts leaves the failures of the others as they are.
 *
 * <p>What strikes a host that is already down or stalled is dropped; a crash cuts a stall short.
 */
final class FailureDraw {

  private static final double HOURS_PER_YEAR = 24 * 365.25;
  private static final double MINUTES_PER_HOUR = 60;
  private static final double SECONDS_PER_HOUR = 3600;

  /** Failures this long after the run still cast their signs into it. */
  private static final double AFTERMATH_HOURS = 14 * 24;

  private final HardwareLaws laws;
  private final ScenarioFleet fleet;
  private final Seeds seeds;
  private final Scenario scenario;
  private final double spanHours;
  private final double drawnHours;
  private final List<List<Strike>> strikes = new ArrayList<>();
  private final List<HostPast> pasts = new ArrayList<>();
  private int incidents;

  /** A failure before it is known whether it finds its host up. Times in hours. */
  private record Strike(
      double at,
      FailureKind kind,
      FailureCause cause,
      double hours,
      double slowdown,
      int incident,
      double leadHours,
      double strength) {

    Strike cutAt(double end) {
      return new Strike(at, kind, cause, end - at, slowdown, incident, leadHours, strength);
    }
  }

  FailureDraw(Scenario scenario, ScenarioFleet fleet) {
    this.scenario = scenario;
    this.laws = scenario.hardware();
    this.fleet = fleet;
    this.seeds = scenario.seeds().child("hardware");
    this.spanHours = hours(scenario.duration());
    this.drawnHours = spanHours + AFTERMATH_HOURS;
  }

  FailureSchedule draw() {
    for (int host = 0; host < fleet.size(); host++) {
      strikes.add(new ArrayList<>());
      drawSingle(host);
    }
    CorrelatedLaws together = laws.correlated();
    drawDomains(DomainKind.CHASSIS, FailureCause.CHASSIS, together.perChassisYear());
    drawDomains(DomainKind.RACK, FailureCause.RACK, together.perRackYear());
    drawDomains(DomainKind.POWER_FEED, FailureCause.POWER_FEED, together.perPowerFeedYear());
    drawFirmware();
    List<HardwareFailure> failures = new ArrayList<>();
    List<Precursor> precursors = new ArrayList<>();
    for (int host = 0; host < fleet.size(); host++) {
      drawPassing(host);
      settle(host, failures, precursors);
      drawFalseAlarms(host, precursors);
    }
    return new FailureSchedule(failures, precursors, pasts);
  }

  private void drawSingle(int host) {
    RandomGenerator random = seeds.stream("single", host);
    double rate = laws.host().rate() * laws.age().factor(ageHours(host));
    if (rate <= 0) {
      pasts.add(new HostPast(0, Double.NaN));
      return;
    }
    Weibull between = laws.host().betweenFailures().faster(rate);
    Weibull.Moment moment = between.drawMoment(random);
    pasts.add(past(host, moment.sinceHours(), between));
    double at = moment.untilHours();
    while (at < drawnHours) {
      CauseLaw cause = causeOf(random.nextDouble());
      double repair = cause.repairMinutes().draw(random) / MINUTES_PER_HOUR;
      double lead = lead(random, cause.announced());
      strikes
          .get(host)
          .add(
              new Strike(
                  at,
                  FailureKind.CRASH,
                  cause.cause(),
                  repair,
                  1,
                  incidents++,
                  lead,
                  strength(random)));
      at += repair + between.draw(random);
    }
  }

  private HostPast past(int host, double sinceHours, Weibull between) {
    double earlier = ageHours(host) - sinceHours;
    if (earlier <= 0) {
      return new HostPast(0, Double.NaN);
    }
    RandomGenerator random = seeds.stream("past", host);
    int failures = 1;
    for (double at = between.draw(random); at < earlier; at += between.draw(random)) {
      failures++;
    }
    return new HostPast(failures, sinceHours);
  }

  private void drawDomains(DomainKind kind, FailureCause cause, double perYear) {
    int member = 0;
    for (List<Integer> hosts : fleet.by(kind).values()) {
      RandomGenerator random = seeds.stream(cause.name(), member++);
      for (double at = gap(random, perYear); at < drawnHours; at += gap(random, perYear)) {
        strikeTogether(hosts, at, 0, 1, cause, random);
      }
    }
  }

  private void drawFirmware() {
    CorrelatedLaws together = laws.correlated();
    double perYear = together.perFirmwareYear();
    SortedMap<String, List<Integer>> cohorts = fleet.byFirmware();
    cohorts.forEach((firmware, hosts) -> {
      RandomGenerator random = seeds.stream("firmware " + firmware);
      for (double at = gap(random, perYear); at < drawnHours; at += gap(random, perYear)) {
        double spread = together.firmwareSpreadMinutes() / MINUTES_PER_HOUR;
        strikeTogether(
            hosts, at, spread, together.firmwareHitShare(), FailureCause.FIRMWARE, random);
      }
    });
  }

  /** One repair ends it for all, but each host takes its own time to come back. */
  private void strikeTogether(
      List<Integer> hosts,
      double at,
      double spreadHours,
      double share,
      FailureCause cause,
      RandomGenerator random) {
    CorrelatedLaws together = laws.correlated();
    int incident = incidents++;
    double repair = together.repairMinutes().draw(random) / MINUTES_PER_HOUR;
    double lead = lead(random, together.announced());
    double strength = strength(random);
    for (int host : hosts) {
      boolean hit = random.nextDouble() < share;
      double delay = spreadHours * random.nextDouble();
      double own = repair * (1 + 0.2 * random.nextDouble());
      if (hit) {
        strikes
            .get(host)
            .add(
                new Strike(at + delay, FailureKind.CRASH, cause, own, 1, incident, lead, strength));
      }
    }
  }

  private void drawPassing(int host) {
    HardwareLaws.TransientLaws passing = laws.passing();
    RandomGenerator freezes = seeds.stream("freeze", host);
    double perYear = passing.freezesPerHostYear();
    for (double at = gap(freezes, perYear); at < spanHours; at += gap(freezes, perYear)) {
      double hours = passing.freezeSeconds().draw(freezes) / SECONDS_PER_HOUR;
      strikes.get(host).add(passing(at, FailureKind.FREEZE, hours, 1));
    }
    RandomGenerator slow = seeds.stream("slow", host);
    double slowPerYear = passing.slowPerHostYear();
    for (double at = gap(slow, slowPerYear); at < spanHours; at += gap(slow, slowPerYear)) {
      double hours = passing.slowMinutes().draw(slow) / MINUTES_PER_HOUR;
      double factor = Math.max(1, passing.slowFactor().draw(slow));
      strikes.get(host).add(passing(at, FailureKind.SLOW, hours, factor));
    }
  }

  private Strike passing(double at, FailureKind kind, double hours, double slowdown) {
    return new Strike(
        at, kind, FailureCause.TRANSIENT, hours, slowdown, incidents++, Double.NaN, 0);
  }

  /** Decides which strikes find their host up. */
  private void settle(int host, List<HardwareFailure> failures, List<Precursor> precursors) {
    List<Strike> own = strikes.get(host);
    own.sort((a, b) ->
        a.at() == b.at()
            ? Integer.compare(a.incident(), b.incident())
            : Double.compare(a.at(), b.at()));
    List<Strike> settled = new ArrayList<>();
    for (Strike strike : own) {
      if (!settled.isEmpty() && settled.getLast().at() + settled.getLast().hours() > strike.at()) {
        Strike last = settled.getLast();
        boolean cutsShort = strike.kind() == FailureKind.CRASH && last.kind() != FailureKind.CRASH;
        if (!cutsShort || strike.at() <= last.at()) {
          continue;
        }
        settled.set(settled.size() - 1, last.cutAt(strike.at()));
      }
      settled.add(strike);
    }
    for (Strike strike : settled) {
      boolean announced = !Double.isNaN(strike.leadHours());
      if (strike.at() < spanHours) {
        failures.add(failure(host, strike, announced));
      }
      if (announced && strike.at() - strike.leadHours() < spanHours) {
        precursors.add(
            new Precursor(
                host,
                strike.cause(),
                duration(strike.at() - strike.leadHours()),
                duration(strike.at()),
                strike.strength(),
                true));
      }
    }
  }

  private static HardwareFailure failure(int host, Strike strike, boolean announced) {
    return new HardwareFailure(
        host,
        duration(strike.at()),
        strike.kind(),
        strike.cause(),
        duration(strike.hours()),
        strike.slowdown(),
        strike.incident(),
        announced);
  }

  private void drawFalseAlarms(int host, List<Precursor> precursors) {
    RandomGenerator random = seeds.stream("false-alarm", host);
    double perYear = laws.precursors().falseAlarmsPerHostYear();
    // Signs that began before the run are still there when it begins.
    double from = -AFTERMATH_HOURS + gap(random, perYear);
    for (; from < spanHours; from += gap(random, perYear)) {
      CauseLaw cause = announcedCause(random);
      double until = from + laws.precursors().falseAlarmHours().draw(random);
      double strength = strength(random);
      if (until > 0 && cause.announced() > 0) {
        precursors.add(
            new Precursor(host, cause.cause(), duration(from), duration(until), strength, false));
      }
    }
  }

  private double lead(RandomGenerator random, double announced) {
    double drawn = laws.precursors().leadHours().draw(random);
    return random.nextDouble() < announced ? drawn : Double.NaN;
  }

  private static double strength(RandomGenerator random) {
    return new LogNormal(1, 0.5).draw(random);
  }

  private CauseLaw causeOf(double u) {
    List<CauseLaw> causes = laws.host().causes();
    double left = u * causes.stream().mapToDouble(CauseLaw::share).sum();
    for (CauseLaw cause : causes) {
      left -= cause.share();
      if (left < 0) {
        return cause;
      }
    }
    return causes.getLast();
  }

  /** False alarms look like the failures that are announced, in their proportions. */
  private CauseLaw announcedCause(RandomGenerator random) {
    CauseLaw cause = causeOf(random.nextDouble());
    for (int i = 0; i < 64 && random.nextDouble() >= cause.announced(); i++) {
      cause = causeOf(random.nextDouble());
    }
    return cause;
  }

  /** Hours to the next event of a Poisson process. */
  private static double gap(RandomGenerator random, double perYear) {
    double exponential = -Math.log(1 - random.nextDouble());
    return perYear > 0 ? exponential / perYear * HOURS_PER_YEAR : Double.POSITIVE_INFINITY;
  }

  private double ageHours(int index) {
    Host host = fleet.host(index);
    return Math.max(0, hours(Duration.between(host.commissioned(), scenario.start())));
  }

  private static double hours(Duration duration) {
    return duration.toMillis() / 3_600_000.0;
  }

  /** Whole milliseconds: what the rest of the simulator counts in. */
  private static Duration duration(double hours) {
    return Duration.ofMillis(Math.round(hours * 3_600_000));
  }
}
