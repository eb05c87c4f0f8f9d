package io.penumbra.app.train;

import io.penumbra.placement.risk.ModelCard;
import io.penumbra.placement.risk.ModelQuality;
import io.penumbra.simulator.scenario.Durations;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;

/** Tells a person what a new model was made of and how good it is. */
record ModelReport(ModelCard card) {

  void print(PrintWriter out) {
    ModelCard.Census census = card.census();
    String horizon = Durations.format(Duration.ofSeconds(card.horizonSeconds()));
    out.printf(Locale.ROOT, "Trained on %s to look %s ahead%n", card.source(), horizon);
    out.printf(
        Locale.ROOT,
        "  %-9s %,d, of which %,d fail within %s; %,d more left out, watched for less%n",
        "samples",
        census.samples(),
        census.failingSamples(),
        horizon,
        census.censoredSamples());
    out.printf(
        Locale.ROOT,
        "  %-9s %,d, of which %,d fail; %,d grew the trees, %,d calibrated, %,d judge%n%n",
        "hosts",
        census.hosts(),
        census.failingHosts(),
        census.learningHosts(),
        census.calibrationHosts(),
        census.judgingHosts());
    printQuality(out, card.quality());
    printReliability(out, card.quality());
  }

  private static void printQuality(PrintWriter out, ModelQuality quality) {
    out.printf(Locale.ROOT, "%-34s %8s %8s%n", "On hosts it has not seen", "model", "chance");
    out.printf(Locale.ROOT, "  %-32s %8.3f %8.3f%n", "AUC", quality.auc(), 0.5);
    out.printf(
        Locale.ROOT,
        "  %-32s %8.3f %8.3f%n",
        "average precision",
        quality.averagePrecision(),
        quality.baseRate());
    out.printf(
        Locale.ROOT,
        "  %-32s %8.4f %8.4f%n%n",
        "Brier score (less is better)",
        quality.brier(),
        quality.brierOfBaseRate());
  }

  private static void printReliability(PrintWriter out, ModelQuality quality) {
    out.printf(Locale.ROOT, "%-18s %8s %8s %10s%n", "It says", "mean", "came", "samples");
    for (ModelQuality.Bin bin : quality.reliability()) {
      out.printf(
          Locale.ROOT,
          "  %5.1f %% to %5.1f %% %6.2f %% %6.2f %% %,10.0f%n",
          100 * bin.from(),
          100 * bin.to(),
          100 * bin.said(),
          100 * bin.came(),
          bin.samples());
    }
    out.println();
  }
}
