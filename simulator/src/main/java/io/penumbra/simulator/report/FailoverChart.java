package io.penumbra.simulator.report;

import io.penumbra.simulator.report.FailoverTrace.Step;
import java.util.List;
import java.util.stream.Collectors;

/** One failover as a waterfall: what had to wait for what, until the VM served again. */
final class FailoverChart {

  private static final int ROW = 30;

  private FailoverChart() {}

  static void draw(FailoverTrace trace, Markup page) {
    double outage = Figures.toSeconds(trace.outage());
    // What comes long after the VM serves again would press everything else to the left.
    double horizon = Math.max(outage * 1.6, 1e-3);
    List<Step> drawn =
        trace.steps().stream().filter(s -> Figures.toSeconds(s.start()) <= horizon).toList();
    double end =
        drawn.stream()
            .mapToDouble(s -> Figures.toSeconds(s.start().plus(s.length())))
            .max()
            .orElse(horizon);
    Axis axis = Axis.linear(Math.clamp(end, outage, horizon), 6);
    page.open("figure", "class", "wide")
        .open("figcaption")
        .element("h3", "One failover, step by step")
        .element("p", caption(trace, drawn))
        .close();
    Plot plot = Plot.open(page, "waterfall", Math.max(1, drawn.size()) * ROW, label(trace));
    plot.across(axis, "seconds since the VM stopped serving");
    String x = Plot.percent(axis.at(outage));
    page.leaf("line", "class", "served", "x1", x, "x2", x, "y1", "-6", "y2", "100%");
    page.element(
        "text",
        "serves again, " + Figures.duration(trace.outage()),
        "class",
        axis.at(outage) > 0.6 ? "name end" : "name",
        "x",
        x,
        "y",
        "-10");
    for (int i = 0; i < drawn.size(); i++) {
      step(drawn.get(i), i * ROW, axis, page);
    }
    plot.close();
    page.close().line();
  }

  private static void step(Step step, int top, Axis axis, Markup page) {
    double from = axis.at(Figures.toSeconds(step.start()));
    double until = axis.at(Figures.toSeconds(step.start().plus(step.length())));
    String took =
        Figures.duration(step.length())
            + (step.attempts() > 1 ? ", " + step.attempts() + " attempts" : "");
    page.element(
        "text", step.name(), "class", "name end", "x", "-10", "y", Integer.toString(top + 19));
    page.open(
            "rect",
            "class",
            "step",
            "x",
            Plot.percent(from),
            "y",
            Integer.toString(top + 6),
            "width",
            Plot.percent(Math.max(until - from, 0.002)),
            "height",
            Integer.toString(ROW - 12))
        .element(
            "title",
            "%s: begins after %s, takes %s"
                .formatted(step.name(), Figures.duration(step.start()), took))
        .close();
    boolean left = until > 0.7 && from > 0.25;
    page.element(
            "text",
            took,
            "class",
            left ? "value end" : "value",
            "x",
            Plot.percent(left ? from : until),
            "y",
            Integer.toString(top + 19),
            "dx",
            left ? "-6" : "6")
        .line();
  }

  private static String caption(FailoverTrace trace, List<Step> drawn) {
    String text =
        "%s, from %s to %s, under '%s': %s. Lost: %s."
            .formatted(
                trace.vm(), trace.from(), trace.to(), trace.policy(), trace.reason(), trace.lost());
    List<Step> later = trace.steps().stream().filter(step -> !drawn.contains(step)).toList();
    return later.isEmpty()
        ? text
        : text
            + later.stream()
                .map(s -> s.name() + " after " + Figures.duration(s.start()))
                .collect(Collectors.joining(", ", " Later: ", "."));
  }

  private static String label(FailoverTrace trace) {
    return trace.steps().stream()
        .map(s ->
            "%s from %s for %s"
                .formatted(s.name(), Figures.duration(s.start()), Figures.duration(s.length())))
        .collect(Collectors.joining(", ", "Steps of the failover: ", ""));
  }
}
