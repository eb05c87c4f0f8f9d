package io.penumbra.simulator.report;

import io.penumbra.simulator.report.Axis.Tick;
import java.util.List;
import java.util.Locale;

/**
 * The frame of a chart. Places are percentages, so a chart fits any width and its text keeps its
 * size; only lines are drawn in a stretched box of their own.
 */
final class Plot {

  /** Width and height of the box that lines are drawn in. */
  static final int BOX = 1000;

  private final Markup page;

  private Plot(Markup page) {
    this.page = page;
  }

  /** Opens the drawing; what it shows is said in {@code label} for those who can't see it. */
  static Plot open(Markup page, String kind, int height, String label) {
    page.open(
            "svg",
            "class",
            "plot " + kind,
            "height",
            Integer.toString(height),
            "role",
            "img",
            "aria-label",
            label)
        .line();
    return new Plot(page);
  }

  /** Vertical lines with labels below. */
  void across(Axis axis, String title) {
    for (Tick tick : axis.ticks()) {
      String x = percent(axis.at(tick.value()));
      page.leaf("line", "class", "grid", "x1", x, "x2", x, "y1", "0", "y2", "100%");
      page.element(
          "text",
          tick.label(),
          "class",
          tick.minor() ? "tick minor" : "tick",
          "x",
          x,
          "y",
          "100%",
          "dy",
          "17");
    }
    page.element("text", title, "class", "axis", "x", "100%", "y", "100%", "dy", "35").line();
  }

  /** Horizontal lines with labels at the left. */
  void up(Axis axis, String title) {
    for (Tick tick : axis.ticks()) {
      String y = percent(1 - axis.at(tick.value()));
      page.leaf("line", "class", "grid", "x1", "0", "x2", "100%", "y1", y, "y2", y);
      page.element("text", tick.label(), "class", "tick left", "x", "-8", "y", y, "dy", "4");
    }
    page.element("text", title, "class", "axis start", "x", "-48", "y", "0", "dy", "-14").line();
  }

  /** A line through points given in 0..1, the origin at the bottom left. */
  void path(String style, List<double[]> points, String hover) {
    StringBuilder path = new StringBuilder();
    for (double[] point : points) {
      path.append(path.isEmpty() ? 'M' : 'L')
          .append(String.format(Locale.ROOT, "%.1f %.1f", point[0] * BOX, BOX - point[1] * BOX));
    }
    page.open(
            "svg",
            "viewBox",
            "0 0 " + BOX + " " + BOX,
            "preserveAspectRatio",
            "none",
            "width",
            "100%",
            "height",
            "100%",
            "class",
            "lines")
        .open("path", "class", "line " + style, "d", path.toString())
        .element("title", hover)
        .close()
        .close()
        .line();
  }

  void close() {
    page.close().line();
  }

  /** A place or length along a side. */
  static String percent(double share) {
    return String.format(Locale.ROOT, "%.3f%%", share * 100);
  }
}
