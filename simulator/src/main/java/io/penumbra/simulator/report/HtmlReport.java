package io.penumbra.simulator.report;

import io.penumbra.simulator.report.ComparisonReport.DecisionStory;
import io.penumbra.simulator.report.ComparisonReport.Definition;
import io.penumbra.simulator.report.ComparisonReport.Partial;
import io.penumbra.simulator.report.ComparisonTable.Column;
import io.penumbra.simulator.report.ComparisonTable.Group;
import io.penumbra.simulator.report.PolicyResult.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A comparison as one page that needs nothing but itself: no script, no font, no address is
 * fetched. It is XML, so what is not well-formed is found by a test.
 */
public final class HtmlReport {

  private final ComparisonReport report;
  private final Markup page = new Markup();

  private HtmlReport(ComparisonReport report) {
    this.report = report;
  }

  /** The whole page. */
  public static String of(ComparisonReport report) {
    return "<!DOCTYPE html>\n" + new HtmlReport(report).page();
  }

  private String page() {
    page.open("html", "xmlns", "http://www.w3.org/1999/xhtml", "lang", "en").line();
    head();
    page.open("body").line();
    TimelineChart.symbols(page);
    page.open("main");
    header();
    if (!report.policies().isEmpty()) {
      section("How the policies compare", this::tables);
      section("In pictures", this::charts);
    }
    report.timeline().ifPresent(timeline -> TimelineChart.draw(timeline, page));
    report.failover().ifPresent(trace -> FailoverChart.draw(trace, page));
    if (!report.decisions().isEmpty()) {
      section("Decisions worth a look", this::decisions);
    }
    section("What was run", this::provenance);
    return page.close().close().close().line().finish();
  }

  private void head() {
    page.open("head")
        .leaf("meta", "charset", "UTF-8")
        .leaf("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
        .leaf("meta", "name", "color-scheme", "content", "light dark")
        .element("title", "Penumbra: " + report.scenario().name())
        .style(css())
        .close()
        .line();
  }

  private static String css() {
    try (InputStream in = HtmlReport.class.getResourceAsStream("report.css")) {
      if (in == null) {
        throw new IllegalStateException("report.css is not beside HtmlReport.class");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void header() {
    ScenarioSummary scenario = report.scenario();
    page.open("header")
        .element("p", "Penumbra", "class", "brand")
        .element("h1", title())
        .element(
            "p",
            "%s in %s on %s, %s, %s, %s%s."
                .formatted(
                    Figures.counted(scenario.hosts(), "host", "hosts"),
                    Figures.counted(scenario.racks(), "rack", "racks"),
                    Figures.counted(scenario.powerFeeds(), "power feed", "power feeds"),
                    Figures.span(scenario.length()),
                    Figures.counted(scenario.vms(), "VM", "VMs"),
                    Figures.counted(scenario.hostFailures(), "host failure", "host failures"),
                    scenario.commonCauseFailures() == 0
                        ? ""
                        : ", %s of them for a common cause"
                            .formatted(Figures.count(scenario.commonCauseFailures()))),
            "class",
            "lead");
    if (report.completion() instanceof Partial(String why)) {
      page.open("p", "class", "partial", "role", "status")
          .element("strong", "Partial. ")
          .text(why)
          .close();
    }
    List<String> takeaways = Takeaways.of(report);
    if (!takeaways.isEmpty()) {
      page.open("ul", "class", "takeaways");
      takeaways.forEach(takeaway -> page.element("li", takeaway));
      page.close();
    }
    page.close().line();
  }

  private String title() {
    int count = report.policies().size();
    return count == 0
        ? "No policy ran far enough to be compared"
        : count == 1
            ? "One policy, one data centre, one run of bad luck"
            : words(count) + " policies, one data centre, the same bad luck";
  }

  private static String words(int count) {
    List<String> words = List.of("Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine");
    return count - 2 < words.size() ? words.get(count - 2) : Integer.toString(count);
  }

  private void section(String title, Runnable content) {
    page.open("section").element("h2", title).line();
    content.run();
    page.close().line();
  }

  private void tables() {
    for (Group group : ComparisonTable.GROUPS) {
      page.open(
              "div",
              "class",
              "scroll",
              "tabindex",
              "0",
              "role",
              "group",
              "aria-label",
              group.title())
          .open("table")
          .element("caption", group.title())
          .open("thead")
          .open("tr")
          .element("th", "policy", "scope", "col", "class", "policy");
      for (Column column : group.columns()) {
        page.open("th", "scope", "col")
            .text(column.header())
            .leaf("br")
            .element("span", column.unit(), "class", "unit")
            .close();
      }
      page.close().close().open("tbody").line();
      for (PolicyResult policy : report.policies()) {
        row(group, policy);
      }
      page.close().close().close().line();
    }
    page.element(
        "p",
        "\u2605 the best of those that do not know the future. RTO and RPO are nearest-rank quantiles of what was measured.",
        "class",
        "note");
    ComparisonTable.misses(report).forEach(miss -> page.element("p", miss, "class", "note"));
  }

  private void row(Group group, PolicyResult policy) {
    page.open("tr", "class", policy.kind() == Kind.BOUND ? "bound-row" : "row")
        .open("th", "scope", "row", "class", "policy", "title", policy.description())
        .open("svg", "class", "key", "width", "12", "height", "12", "aria-hidden", "true")
        .leaf(
            "rect",
            "class",
            "swatch " + PolicyCharts.style(report, policy),
            "x",
            "1",
            "y",
            "1",
            "width",
            "10",
            "height",
            "10")
        .close()
        .text(policy.name())
        .close();
    for (Column column : group.columns()) {
      boolean best = ComparisonTable.isBest(report, column, policy);
      page.open("td", "class", best ? "best" : "plain");
      if (best) {
        page.element("span", "\u2605", "class", "star", "aria-label", "best");
      }
      page.text(column.cell().apply(policy).text()).close();
    }
    page.close().line();
  }

  private void charts() {
    page.open("div", "class", "charts");
    PolicyCharts charts = new PolicyCharts(report, page);
    charts.downtime();
    charts.price();
    charts.recoveryTime();
    charts.recoveryPoint();
    page.close().line();
  }

  private void decisions() {
    page.open("div", "class", "stories");
    for (DecisionStory story : report.decisions()) {
      page.open("article")
          .element("h3", story.title())
          .element("p", story.vm(), "class", "vm")
          .element("p", story.explanation(), "class", "explanation")
          .element("pre", story.command())
          .close()
          .line();
    }
    page.close();
  }

  private void provenance() {
    ScenarioSummary scenario = report.scenario();
    page.open("dl", "class", "facts");
    fact("Scenario", scenario.name());
    fact("Seed", Long.toString(report.seed()));
    fact("VMs", scenario.vmSource());
    fact("Failures", scenario.failureSource());
    fact("Risk", scenario.riskSource());
    page.close();
    page.element("p", "The same again, to the last digit:").element("pre", report.command());
    if (!report.policies().isEmpty()) {
      page.element("h3", "The policies").open("dl", "class", "facts");
      report.policies().forEach(policy -> fact(policy.name(), policy.description()));
      page.close();
    }
    if (!report.definitions().isEmpty()) {
      page.element("h3", "What the words mean").open("dl", "class", "facts");
      for (Definition definition : report.definitions()) {
        fact(definition.term(), definition.meaning());
      }
      page.close();
    }
  }

  private void fact(String term, String text) {
    page.element("dt", term).element("dd", text).line();
  }
}
