package io.penumbra.simulator.report;

import io.penumbra.simulator.report.PolicyResult.AllMemorySinceBoot;
import io.penumbra.simulator.report.PolicyResult.Kind;
import io.penumbra.simulator.report.PolicyResult.Recent;
import io.penumbra.simulator.report.Samples.Step;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The charts that set policies beside each other. */
final class PolicyCharts {

  private static final int STEPS = 240;
  private static final int ROW = 42;
  private static final int LABEL_HEIGHT = 17;

  private final ComparisonReport report;
  private final Markup page;

  PolicyCharts(ComparisonReport report, Markup page) {
    this.report = report;
    this.page = page;
  }

  /** The class that gives a policy its colour and dash, the same in every chart. */
  static String style(ComparisonReport report, PolicyResult policy) {
    return policy.kind() == Kind.BOUND
        ? "bound"
        : "s" + Math.floorMod(report.policies().indexOf(policy), 8);
  }

  /** Downtime per VM-year, one bar per policy. */
  void downtime() {
    List<PolicyResult> policies = report.policies();
    double[] values =
        policies.stream()
            .mapToDouble(PolicyResult::downtimeMinutesPerVmYear)
            .filter(v -> v > 0)
            .sorted()
            .toArray();
    if (values.length == 0) {
      figure("Downtime", "No VM was ever down.", () -> {});
      return;
    }
    // One decade of room at the left, so that the best has a bar too.
    Axis axis = Axis.decades(values[0] / 2, values[values.length - 1]);
    figure(
        "Downtime",
        "Minutes in a year of one VM. Logarithmic: one grid line is ten times the one before.",
        () -> {
          Plot plot = Plot.open(page, "bars", policies.size() * ROW, downtimeLabel());
          plot.across(axis, "minutes per VM-year");
          for (int i = 0; i < policies.size(); i++) {
            bar(policies.get(i), i * ROW, axis.at(policies.get(i).downtimeMinutesPerVmYear()));
          }
          plot.close();
        });
  }

  private void bar(PolicyResult policy, int top, double share) {
    String value = Figures.number(policy.downtimeMinutesPerVmYear());
    page.element("text", policy.name(), "class", "name", "x", "0", "y", Integer.toString(top + 13));
    page.open(
            "rect",
            "class",
            "bar " + style(report, policy),
            "x",
            "0",
            "y",
            Integer.toString(top + 18),
            "width",
            Plot.percent(Math.max(share, 0.003)),
            "height",
            "16")
        .element(
            "title", policy.name() + ": " + value + " minutes per VM-year. " + policy.description())
        .close();
    boolean inside = share > 0.75;
    page.element(
            "text",
            value,
            "class",
            inside ? "value inside" : "value",
            "x",
            Plot.percent(share),
            "y",
            Integer.toString(top + 31),
            "dx",
            inside ? "-6" : "6")
        .line();
  }

  private String downtimeLabel() {
    return report.policies().stream()
        .map(p -> p.name() + " " + Figures.number(p.downtimeMinutesPerVmYear()))
        .collect(Collectors.joining(", ", "Downtime in minutes per VM-year: ", ""));
  }

  /** How long interruptions lasted. */
  void recoveryTime() {
    curves(
        "How long VMs were away (RTO)",
        "Share of interruptions that were over after so much time.",
        "time until the VM serves again",
        policy -> Optional.of(policy.rto()));
  }

  /** How much state unplanned interruptions cost. */
  void recoveryPoint() {
    String blank =
        report.policies().stream()
            .filter(policy -> policy.stateLost() instanceof AllMemorySinceBoot)
            .map(policy -> "'" + policy.name() + "'")
            .collect(Collectors.joining(", "));
    curves(
        "How much state was lost (RPO)",
        "Share of unplanned interruptions that lost at most so much."
            + (blank.isEmpty() ? "" : " Not drawn: " + blank + " lose all memory since boot."),
        "age of the state that was recovered",
        policy ->
            policy.stateLost() instanceof Recent(Samples seconds)
                ? Optional.of(seconds)
                : Optional.empty());
  }

  private void curves(
      String title,
      String subtitle,
      String axisTitle,
      Function<PolicyResult, Optional<Samples>> samples) {
    List<PolicyResult> drawn =
        report.policies().stream()
            .filter(policy -> samples.apply(policy).filter(s -> !s.isEmpty()).isPresent())
            .toList();
    if (drawn.isEmpty()) {
      figure(title, "Nothing to draw: no policy had such an interruption.", () -> {});
      return;
    }
    double least =
        drawn.stream()
            .mapToDouble(policy -> samples.apply(policy).orElseThrow().quantile(0.01))
            .min()
            .orElseThrow();
    double most =
        drawn.stream()
            .mapToDouble(policy -> samples.apply(policy).orElseThrow().max())
            .max()
            .orElseThrow();
    Axis x = Axis.times(Math.max(least, 1e-3), most);
    Axis y = percentAxis();
    figure(
        title,
        subtitle,
        () -> {
          legend(drawn);
          Plot plot = Plot.open(page, "curves", 260, curveLabel(title, drawn, samples));
          plot.across(x, axisTitle);
          plot.up(y, "% of interruptions");
          for (PolicyResult policy : drawn) {
            Samples values = samples.apply(policy).orElseThrow();
            plot.path(style(report, policy), curve(values, x), hover(policy, values));
          }
          plot.close();
        });
  }

  private static Axis percentAxis() {
    return new Axis(
        0,
        1,
        false,
        List.of(
            new Axis.Tick(0, "0"),
            new Axis.Tick(0.25, "25"),
            new Axis.Tick(0.5, "50"),
            new Axis.Tick(0.75, "75"),
            new Axis.Tick(1, "100")));
  }

  private static List<double[]> curve(Samples samples, Axis x) {
    List<double[]> points = new ArrayList<>();
    double before = 0;
    for (Step step : samples.steps(STEPS)) {
      points.add(new double[] {x.at(step.value()), before});
      points.add(new double[] {x.at(step.value()), step.share()});
      before = step.share();
    }
    points.add(new double[] {1, 1});
    return points;
  }

  private static String hover(PolicyResult policy, Samples samples) {
    return "%s: %s, half at most %s, 99 %% at most %s"
        .formatted(
            policy.name(),
            Figures.counted(samples.count(), "interruption", "interruptions"),
            Figures.seconds(samples.quantile(0.5)),
            Figures.seconds(samples.quantile(0.99)));
  }

  private static String curveLabel(
      String title, List<PolicyResult> drawn, Function<PolicyResult, Optional<Samples>> samples) {
    return drawn.stream()
        .map(policy -> hover(policy, samples.apply(policy).orElseThrow()))
        .collect(Collectors.joining(". ", title + ". ", "."));
  }

  /** What protection costs against what it brings. */
  void price() {
    List<PolicyResult> policies =
        report.policies().stream().filter(p -> p.downtimeMinutesPerVmYear() > 0).toList();
    if (policies.isEmpty()) {
      return;
    }
    Axis y =
        Axis.decades(
            policies.stream()
                .mapToDouble(PolicyResult::downtimeMinutesPerVmYear)
                .min()
                .orElseThrow(),
            policies.stream()
                .mapToDouble(PolicyResult::downtimeMinutesPerVmYear)
                .max()
                .orElseThrow());
    Axis x =
        Axis.linear(
            Math.max(
                1,
                policies.stream()
                    .mapToDouble(p -> p.extraCapacityShare() * 100)
                    .max()
                    .orElseThrow()),
            5);
    figure(
        "What it costs",
        "Capacity promised to shadows against downtime; down and left is better.",
        () -> {
          Plot plot = Plot.open(page, "scatter", 290, priceLabel(policies));
          plot.across(x, "extra capacity, % of what primaries have");
          plot.up(y, "downtime, min/VM-year");
          points(policies, x, y, 290);
          plot.close();
        });
  }

  private void points(List<PolicyResult> policies, Axis x, Axis y, int height) {
    List<PolicyResult> fromTop =
        policies.stream()
            .sorted(Comparator.comparingDouble(PolicyResult::downtimeMinutesPerVmYear).reversed())
            .toList();
    double[] free = {0, 0};
    for (PolicyResult policy : fromTop) {
      double px = x.at(policy.extraCapacityShare() * 100);
      double top = (1 - y.at(policy.downtimeMinutesPerVmYear())) * height;
      int side = px > 0.55 ? 1 : 0;
      double label = Math.max(top + 4, free[side]);
      free[side] = label + LABEL_HEIGHT;
      String at = Plot.percent(px);
      page.open(
              "circle",
              "class",
              "point " + style(report, policy),
              "cx",
              at,
              "cy",
              Plot.percent(top / height),
              "r",
              "6")
          .element(
              "title",
              "%s: %s %% more capacity, %s minutes per VM-year"
                  .formatted(
                      policy.name(),
                      Figures.percent(policy.extraCapacityShare()),
                      Figures.number(policy.downtimeMinutesPerVmYear())))
          .close();
      page.element(
              "text",
              policy.name(),
              "class",
              side == 1 ? "name end" : "name",
              "x",
              at,
              "y",
              Plot.percent(label / height),
              "dx",
              side == 1 ? "-11" : "11")
          .line();
    }
  }

  private static String priceLabel(List<PolicyResult> policies) {
    return policies.stream()
        .map(p ->
            "%s %s %% and %s minutes"
                .formatted(
                    p.name(),
                    Figures.percent(p.extraCapacityShare()),
                    Figures.number(p.downtimeMinutesPerVmYear())))
        .collect(Collectors.joining(", ", "Extra capacity and downtime per VM-year: ", ""));
  }

  private void legend(List<PolicyResult> policies) {
    page.open("ul", "class", "legend");
    for (PolicyResult policy : policies) {
      page.open("li")
          .open("svg", "class", "key", "width", "26", "height", "10", "aria-hidden", "true")
          .leaf(
              "line",
              "class",
              "line " + style(report, policy),
              "x1",
              "0",
              "x2",
              "26",
              "y1",
              "5",
              "y2",
              "5")
          .close()
          .text(policy.name())
          .close();
    }
    page.close().line();
  }

  private void figure(String title, String subtitle, Runnable content) {
    page.open("figure")
        .open("figcaption")
        .element("h3", title)
        .element("p", subtitle)
        .close()
        .line();
    content.run();
    page.close().line();
  }
}
