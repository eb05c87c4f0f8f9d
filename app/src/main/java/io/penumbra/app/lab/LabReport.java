package io.penumbra.app.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What happened, as one page that needs nothing else: the clients' latency, every kill, a table.
 */
final class LabReport {

  private static final int WIDTH = 1_100;
  private static final int HEIGHT = 240;
  private static final int LEFT = 72;
  private static final List<String> COLOURS =
      List.of(
          "#b9c4d0", "#7f8c9b", "#f2cc8f", "#e07a5f", "#81b29a", "#98c1d9", "#3d5a80", "#8d6a9f",
          "#c9ada7", "#6d9773", "#d4a373", "#5e548e");

  private final String title;
  private final List<String> facts;
  private final List<KillFigures> kills;
  private final List<RedisWriter.Sample> samples;
  private final long startNanos;

  /**
   * A report.
   *
   * @param facts one line each: what ran, and what is compared
   * @param startNanos the lab's start by {@code System.nanoTime}
   */
  LabReport(
      String title,
      List<String> facts,
      List<KillFigures> kills,
      List<RedisWriter.Sample> samples,
      long startNanos) {
    this.title = title;
    this.facts = List.copyOf(facts);
    this.kills = List.copyOf(kills);
    this.samples = List.copyOf(samples);
    this.startNanos = startNanos;
  }

  void write(Path file) throws IOException {
    Files.writeString(file, html());
  }

  String html() {
    StringBuilder page = new StringBuilder();
    page.append(
        """
        <!doctype html><html lang="en"><meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1"><title>Penumbra lab</title>
        <style>
        body{font:15px/1.5 system-ui,sans-serif;max-width:1160px;margin:2rem auto;padding:0 1rem;color:#1f2933}
        h1{font-size:1.5rem;margin:0 0 .2rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
        th,td{text-align:right;padding:.25rem .6rem;border-bottom:1px solid #e4e7eb}
        th:first-child,td:first-child,th.t,td.t{text-align:left}
        svg{width:100%;height:auto;background:#fff;border:1px solid #e4e7eb}
        .key span{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 1em;vertical-align:-.05em}
        .bad{color:#b3261e;font-weight:600}
        @media(max-width:700px){.w{overflow-x:auto}}
        </style>
        """);
    page.append("<h1>%s</h1>%n".formatted(text(title)));
    facts.forEach(fact -> page.append("<div>%s</div>%n".formatted(text(fact))));
    page.append("<h2>How long a client waited for its write to be acknowledged</h2>\n");
    page.append(latency());
    page.append("<h2>Every kill, from the moment it happened</h2>\n");
    page.append(key());
    page.append(bars());
    page.append("<h2>Figures</h2><div class=w>\n");
    page.append(table());
    return page.append("</div></html>\n").toString();
  }

  // --- latency over time

  private String latency() {
    double begin = samples.isEmpty() ? 0 : seconds(samples.getFirst().at());
    double end = Math.max(1, samples.isEmpty() ? 1 : seconds(samples.getLast().at()) - begin);
    double top = 1;
    int columns = WIDTH - LEFT;
    double[] worst = new double[columns];
    for (RedisWriter.Sample sample : samples) {
      int column =
          (int) Math.min(columns - 1, Math.max(0, (seconds(sample.at()) - begin) / end * columns));
      worst[column] = Math.max(worst[column], sample.took() / 1e6);
      top = Math.max(top, sample.took() / 1e6);
    }
    double decades = Math.ceil(Math.log10(top)) + 1;
    StringBuilder svg =
        new StringBuilder(
            "<svg viewBox=\"0 0 %d %d\" role=img aria-label=\"latency of writes over time\">%n"
                .formatted(WIDTH, HEIGHT + 30));
    for (int decade = -1; decade < decades; decade++) {
      double y = y(Math.pow(10, decade), decades);
      svg.append(
          line(LEFT, y, WIDTH, y, "#e4e7eb")
              + label(LEFT - 6, y + 4, "end", number(Math.pow(10, decade)) + " ms"));
    }
    for (KillFigures kill : kills) {
      double x = LEFT + (kill.atSeconds() - begin) / end * columns;
      svg.append(line(x, 0, x, HEIGHT, "#e07a5f"));
    }
    for (int column = 0; column < columns; column++) {
      if (worst[column] > 0) {
        double y = y(worst[column], decades);
        svg.append(line(LEFT + column, HEIGHT, LEFT + column, y, "#3d5a80"));
      }
    }
    for (int tick = 0; tick <= 5; tick++) {
      double at = end * tick / 5;
      svg.append(
          label(
              LEFT + (double) columns * tick / 5,
              HEIGHT + 20,
              tick == 5 ? "end" : "middle",
              number(at) + " s"));
    }
    return svg.append(
            "</svg><div>Worst write in each moment; red lines are kills, gaps are when every key is looked for.</div>\n")
        .toString();
  }

  private static double y(double millis, double decades) {
    double share = (Math.log10(Math.max(0.1, millis)) + 1) / (decades + 1);
    return HEIGHT - share * HEIGHT;
  }

  // --- one bar a kill

  private List<String> stepNames() {
    return kills.stream()
        .flatMap(kill -> kill.steps().keySet().stream())
        .distinct()
        .sorted()
        .toList();
  }

  private String key() {
    StringBuilder key =
        new StringBuilder(
            "<div class=key><span style=\"background:%s\"></span>detection"
                .formatted(COLOURS.getFirst()));
    List<String> names = stepNames();
    for (int i = 0; i < names.size(); i++) {
      key.append(
          "<span style=\"background:%s\"></span>%s".formatted(colour(i), text(word(names.get(i)))));
    }
    return key.append("<span style=\"background:#111;width:2px\"></span>first write served</div>\n")
        .toString();
  }

  private static String colour(int step) {
    return COLOURS.get(1 + step % (COLOURS.size() - 1));
  }

  /** {@code 3 activate} is the fourth step; the number only sorts. */
  private static String word(String step) {
    return step.replaceFirst("^\\d+ ", "");
  }

  private String bars() {
    double end = 1;
    for (KillFigures kill : kills) {
      double all = kill.detected() + kill.steps().values().stream().mapToDouble(d -> d).sum();
      end = Math.max(end, Math.max(all, kill.served()));
    }
    int row = kills.size() > 60 ? 5 : 18;
    StringBuilder svg =
        new StringBuilder(
            "<svg viewBox=\"0 0 %d %d\" role=img aria-label=\"phases of every failover\">%n"
                .formatted(WIDTH, kills.size() * row + 30));
    double scale = (WIDTH - LEFT - 10) / end;
    List<String> names = stepNames();
    for (int i = 0; i < kills.size(); i++) {
      KillFigures kill = kills.get(i);
      double y = (double) i * row + 2;
      double x = LEFT;
      if (row > 10) {
        svg.append(label(LEFT - 6, y + 11, "end", "#" + kill.number()));
      }
      x = bar(svg, x, y, row, kill.detected() * scale, COLOURS.getFirst());
      for (Map.Entry<String, Double> step : kill.steps().entrySet()) {
        x = bar(svg, x, y, row, step.getValue() * scale, colour(names.indexOf(step.getKey())));
      }
      double served = LEFT + kill.served() * scale;
      svg.append(
          String.format(
              Locale.ROOT,
              "<rect x=\"%.1f\" y=\"%.1f\" width=\"2\" height=\"%d\" fill=\"#111\"/>",
              served,
              y - 1,
              row - 2));
    }
    for (int tick = 0; tick <= 5; tick++) {
      svg.append(
          label(
              LEFT + (end * tick / 5) * scale,
              kills.size() * row + 20,
              tick == 5 ? "end" : "middle",
              number(end * tick / 5) + " ms"));
    }
    return svg.append("</svg>\n").toString();
  }

  private static double bar(
      StringBuilder svg, double x, double y, int row, double width, String colour) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>",
            x,
            y,
            Math.max(0, width),
            row - 4,
            colour));
    return x + Math.max(0, width);
  }

  // --- the table

  private String table() {
    StringBuilder table =
        new StringBuilder(
            "<table><tr><th>#<th class=t>killed<th class=t>from<th class=t>to<th>detected<th>active<th>first write<th>acked<th>lost<th>reconnects\n");
    for (KillFigures kill : kills) {
      table.append(
          "<tr><td>%d<td class=t>%s<td class=t>%s<td class=t>%s<td>%s ms<td>%s ms<td>%s ms<td>%,d<td%s>%,d<td>%,d%n"
              .formatted(
                  kill.number(),
                  text(kill.how()),
                  text(kill.from()),
                  text(kill.to()),
                  number(kill.detected()),
                  number(kill.active()),
                  number(kill.served()),
                  kill.acked(),
                  kill.lost() > 0 ? " class=bad" : "",
                  kill.lost(),
                  kill.reconnects()));
    }
    return table.append("</table>\n").toString();
  }

  private double seconds(long nanos) {
    return (nanos - startNanos) / 1e9;
  }

  private static String line(double x1, double y1, double x2, double y2, String colour) {
    return String.format(
        Locale.ROOT,
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>",
        x1,
        y1,
        x2,
        y2,
        colour);
  }

  private static String label(double x, double y, String anchor, String text) {
    return String.format(
        Locale.ROOT,
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"11\" fill=\"#52606d\">%s</text>",
        x,
        y,
        anchor,
        text(text));
  }

  static String number(double value) {
    return value >= 100 || value == Math.rint(value)
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%.1f", value);
  }

  private static String text(String raw) {
    return raw.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
