package io.penumbra.simulator.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.simulator.report.ComparisonReport.Complete;
import io.penumbra.simulator.report.ComparisonReport.Partial;
import io.penumbra.simulator.report.PolicyResult.AllMemorySinceBoot;
import io.penumbra.simulator.report.PolicyResult.Kind;
import io.penumbra.simulator.report.PolicyResult.Recent;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

final class HtmlReportTest {

  @Test
  void theWholePageIsWellFormedAndShowsEveryPolicy() throws Exception {
    String html = HtmlReport.of(SampleReports.seven());
    // Kept for looking at: the figures are made up, the page is the real one.
    ReportFile.write(Path.of("target", "sample-report.html"), html);

    Document page = parse(html);

    NodeList names = page.getElementsByTagName("tbody").item(0).getChildNodes();
    assertThat(rows(names)).isEqualTo(7);
    assertThat(page.getElementsByTagName("figure").getLength()).isEqualTo(6);
  }

  @Test
  void fetchesNothingAndRunsNothing() {
    String html = HtmlReport.of(SampleReports.seven());

    assertThat(html)
        .doesNotContain("<script")
        .doesNotContain("<link")
        .doesNotContain("url(")
        .doesNotContain("@import")
        .doesNotContain("src=");
    assertThat(html.replace("http://www.w3.org/1999/xhtml", "")).doesNotContain("http");
  }

  @Test
  void everyDrawingSaysWhatItShows() throws Exception {
    NodeList drawings = parse(HtmlReport.of(SampleReports.seven())).getElementsByTagName("svg");

    for (int i = 0; i < drawings.getLength(); i++) {
      var attributes = drawings.item(i).getAttributes();
      boolean inner = drawings.item(i).getParentNode().getNodeName().equals("svg");
      assertThat(
              inner
                  || attributes.getNamedItem("aria-label") != null
                  || attributes.getNamedItem("aria-hidden") != null)
          .as("drawing %d has a label or is hidden", i)
          .isTrue();
    }
  }

  @Test
  void hostileNamesStayText() throws Exception {
    String hostile = "</td><script>alert('x')</script>&\"\u0000\ud800";
    ComparisonReport report =
        SampleReports.with(
            List.of(
                SampleReports.policy(hostile, Kind.PENUMBRA, 3, new AllMemorySinceBoot()),
                SampleReports.policy("b", Kind.BASELINE, 5, new AllMemorySinceBoot())),
            new Partial("interrupted in '" + hostile + "'"));

    String html = HtmlReport.of(report);

    assertThat(html).doesNotContain("<script").contains("&lt;script&gt;");
    assertThat(parse(html).getElementsByTagName("script").getLength()).isZero();
  }

  @Test
  void aPartialReportSaysSoAndWorksWithNothingInIt() throws Exception {
    String html = HtmlReport.of(SampleReports.with(List.of(), new Partial("stopped at once")));

    assertThat(html).contains("Partial. ").contains("stopped at once");
    parse(html);
  }

  @Test
  void aFleetWithoutMisfortuneCanBeShown() throws Exception {
    PolicyResult calm =
        new PolicyResult(
            "warm",
            "Nothing happened.",
            Kind.PENUMBRA,
            java.time.Duration.ofDays(1),
            java.time.Duration.ZERO,
            Samples.EMPTY,
            new Recent(Samples.EMPTY),
            new PolicyResult.Failovers(0, 0, Map.of()),
            0,
            0,
            0,
            1,
            0);

    String html = HtmlReport.of(SampleReports.with(List.of(calm), new Complete()));

    parse(html);
    assertThat(html).contains("No VM was ever down.");
  }

  @Test
  void markupRefusesToEndWithSomethingOpen() {
    Markup open = new Markup().open("p");

    assertThatThrownBy(open::finish).hasMessageContaining("[p]");
  }

  private static long rows(NodeList nodes) {
    long rows = 0;
    for (int i = 0; i < nodes.getLength(); i++) {
      rows += nodes.item(i).getNodeName().equals("tr") ? 1 : 0;
    }
    return rows;
  }

  private static Document parse(String html) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(html)));
  }
}
