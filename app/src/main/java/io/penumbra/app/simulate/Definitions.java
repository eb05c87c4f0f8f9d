package io.penumbra.app.simulate;

import io.penumbra.simulator.report.ComparisonReport.Definition;
import java.util.List;

/** What the columns of a comparison mean, as its engine measures them. */
final class Definitions {

  static final List<Definition> ALL =
      List.of(
          new Definition(
              "availability", "The share of the time VMs asked to run in which they answered."),
          new Definition(
              "downtime", "What is missing to full availability, as minutes in a year of one VM."),
          new Definition(
              "RTO", "From the last moment a VM answered to the first it answered again."),
          new Definition(
              "RPO",
              "How old the recovered state was when the primary stopped. Without a shadow, all that"
                  + " was in memory is lost."),
          new Definition(
              "failovers, true and false",
              "VMs brought to life elsewhere because their host had failed or would have within the"
                  + " model's horizon, and those whose host was well."),
          new Definition(
              "failovers, missed",
              "VMs that stayed away until their failed host was back; below the table stands why."),
          new Definition(
              "migrations, planned", "VMs moved while their primary lived, with nothing lost."),
          new Definition(
              "capacity", "Promised to shadows, over what is promised to primaries, over time."),
          new Definition("network", "State sent to shadows."),
          new Definition(
              "clairvoyant",
              "Knows every failure and moves each VM just before it: what no policy can beat."));

  private Definitions() {}
}
