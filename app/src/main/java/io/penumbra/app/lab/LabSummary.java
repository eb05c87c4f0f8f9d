package io.penumbra.app.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/** What came of all kills, a line each: by what was killed, by step, what was lost. */
final class LabSummary {

  private LabSummary() {}

  static List<String> of(LabSettings settings, List<KillFigures> kills, double coldBoot) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "%d MiB, a %s shadow, an epoch every %d ms, commit mode %s, %d writer(s)"
            .formatted(
                settings.memoryMib(),
                settings.mode().name().toLowerCase(Locale.ROOT),
                settings.epoch().toMillis(),
                settings.commit(),
                settings.writers()));
    TreeMap<String, List<KillFigures>> byKind = new TreeMap<>();
    kills.forEach(kill -> byKind.computeIfAbsent(kill.how(), how -> new ArrayList<>()).add(kill));
    byKind.forEach((how, some) -> lines.add(line(how, some)));
    if (byKind.size() > 1) {
      lines.add(line("all", kills));
    }
    lines.add(steps(kills));
    lines.add(
        "%d of %d recovered; acknowledged writes lost: %,d; connections made anew: %,d"
            .formatted(
                kills.size(),
                settings.kills(),
                kills.stream().mapToLong(KillFigures::lost).sum(),
                kills.stream().mapToLong(KillFigures::reconnects).sum()));
    lines.add(
        String.format(
            Locale.ROOT, "the same guest booted cold, until it answered: %.0f ms", coldBoot));
    return lines;
  }

  private static String line(String how, List<KillFigures> kills) {
    return "%s killed %d times, ms, p50 / p99 / worst: detected %s, active %s, first write served %s"
        .formatted(
            how,
            kills.size(),
            three(kills, KillFigures::detected),
            three(kills, KillFigures::active),
            three(kills, KillFigures::served));
  }

  private static String three(List<KillFigures> kills, ToDoubleFunction<KillFigures> figure) {
    Quantiles all = Quantiles.of(kills.stream().mapToDouble(figure).toArray());
    return String.format(Locale.ROOT, "%.0f / %.0f / %.0f", all.p50(), all.p99(), all.max());
  }

  /** Where the time went: medians, so they need not add up. */
  private static String steps(List<KillFigures> kills) {
    TreeMap<String, List<Double>> took = new TreeMap<>();
    for (KillFigures kill : kills) {
      kill.steps()
          .forEach(
              (step, millis) -> took.computeIfAbsent(step, name -> new ArrayList<>()).add(millis));
    }
    StringBuilder line = new StringBuilder("steps, ms, p50 / worst:");
    took.forEach((step, all) -> {
      Quantiles quantiles = Quantiles.of(all.stream().mapToDouble(d -> d).toArray());
      line.append(
          String.format(
              Locale.ROOT,
              " %s %.0f / %.0f,",
              step.replaceFirst("^\\d+ ", ""),
              quantiles.p50(),
              quantiles.max()));
    });
    Quantiles last =
        Quantiles.of(kills.stream().mapToDouble(kill -> kill.served() - kill.active()).toArray());
    return line
        + String.format(Locale.ROOT, " from active to served %.0f / %.0f", last.p50(), last.max());
  }
}
