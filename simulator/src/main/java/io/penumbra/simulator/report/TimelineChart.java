package io.penumbra.simulator.report;

import io.penumbra.simulator.report.Timeline.Kind;
import io.penumbra.simulator.report.Timeline.Mark;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Racks from top to bottom, time from left to right, everything that went wrong in between. */
final class TimelineChart {

  /** What was said stands above what happened, or a move hides the alarm that caused it. */
  private static final int LANE = 28;

  private static final int SAID = 7;
  private static final int HAPPENED = 19;
  private static final int LANES_MAX = 40;
  private static final int MARKS_MAX = 3_000;
  private static final Duration TOGETHER = Duration.ofMinutes(10);

  private final Timeline timeline;
  private final Markup page;
  private final Axis axis;

  private TimelineChart(Timeline timeline, Markup page) {
    this.timeline = timeline;
    this.page = page;
    this.axis = Axis.span(Duration.between(timeline.start(), timeline.end()));
  }

  static void draw(Timeline timeline, Markup page) {
    new TimelineChart(timeline, page).draw();
  }

  private void draw() {
    List<Integer> lanes = lanes();
    List<Mark> marks =
        merged(timeline.marks().stream().filter(mark -> lanes.contains(mark.lane())).toList());
    List<Mark> drawn = marks.subList(0, Math.min(marks.size(), MARKS_MAX));
    page.open("figure", "class", "wide")
        .open("figcaption")
        .element("h3", "What happened, and when")
        .element("p", subtitle(lanes.size(), drawn.size()))
        .close();
    legend();
    page.open("div", "class", "scroll", "tabindex", "0", "role", "group", "aria-label", "Timeline");
    Plot plot = Plot.open(page, "timeline", Math.max(1, lanes.size()) * LANE, label());
    plot.across(axis, unit() + " since the start");
    for (int i = 0; i < lanes.size(); i++) {
      lane(timeline.lanes().get(lanes.get(i)), i);
    }
    for (Kind kind : Kind.values()) {
      for (Mark mark : drawn) {
        if (mark.kind() == kind) {
          mark(mark, lanes.indexOf(mark.lane()) * LANE);
        }
      }
    }
    plot.close();
    page.close().close().line();
  }

  /** What happens to several VMs of a host at about the same time is one mark. */
  private static List<Mark> merged(List<Mark> marks) {
    Map<String, List<Mark>> groups = new LinkedHashMap<>();
    Map<String, Instant> latest = new HashMap<>();
    for (Mark mark : marks) {
      String same = mark.host() + " " + mark.kind();
      Instant begun = latest.get(same);
      if (begun == null || begun.plus(TOGETHER).isBefore(mark.from())) {
        begun = mark.from();
        latest.put(same, begun);
      }
      groups.computeIfAbsent(same + " " + begun, _ -> new ArrayList<>()).add(mark);
    }
    return groups.values().stream().map(TimelineChart::one).toList();
  }

  private static Mark one(List<Mark> together) {
    Mark first = together.getFirst();
    return together.size() == 1
        ? first
        : new Mark(
            first.lane(),
            first.host(),
            first.kind(),
            first.from(),
            together.stream().map(Mark::until).max(Comparator.naturalOrder()).orElseThrow(),
            first.text() + ", and " + (together.size() - 1) + " more");
  }

  /** All racks when they fit, else those with the most marks; in their own order. */
  private List<Integer> lanes() {
    int[] marks = new int[timeline.lanes().size()];
    timeline.marks().forEach(mark -> marks[mark.lane()]++);
    List<Integer> lanes = new ArrayList<>();
    for (int i = 0; i < marks.length; i++) {
      lanes.add(i);
    }
    return lanes.stream()
        .sorted(Comparator.comparingInt((Integer lane) -> -marks[lane]).thenComparing(lane -> lane))
        .limit(LANES_MAX)
        .sorted()
        .toList();
  }

  private String subtitle(int lanes, int marks) {
    String text = "Policy '%s'. Point at a mark to read it.".formatted(timeline.policy());
    long right = count(Kind.PREDICTED);
    long wrong = count(Kind.FALSE_ALARM);
    if (right + wrong > 0) {
      text +=
          " The risk model raised %s; %s came true."
              .formatted(Figures.counted(right + wrong, "alarm", "alarms"), Figures.count(right));
    }
    if (lanes < timeline.lanes().size()) {
      text += " The %d racks with the most marks of %d.".formatted(lanes, timeline.lanes().size());
    }
    if (marks == MARKS_MAX) {
      text += " The first %s marks.".formatted(Figures.count(marks));
    }
    return text;
  }

  private String unit() {
    return Axis.inHours(Duration.between(timeline.start(), timeline.end())) ? "hours" : "days";
  }

  private String label() {
    StringBuilder text = new StringBuilder("Timeline of racks:");
    for (Kind kind : Kind.values()) {
      text.append(' ')
          .append(Figures.count(count(kind)))
          .append(' ')
          .append(words(kind))
          .append(';');
    }
    return text.toString();
  }

  private long count(Kind kind) {
    return timeline.marks().stream().filter(mark -> mark.kind() == kind).count();
  }

  private void lane(String name, int row) {
    String middle = Integer.toString(row * LANE + HAPPENED);
    page.leaf("line", "class", "lane", "x1", "0", "x2", "100%", "y1", middle, "y2", middle);
    page.element("text", name, "class", "tick left", "x", "-10", "y", middle, "dy", "4").line();
  }

  private void mark(Mark mark, int top) {
    double from = axis.at(since(mark.from()));
    double until = axis.at(since(mark.until()));
    String hover = mark.host() + ": " + mark.text();
    if (mark.kind() == Kind.DOWN) {
      page.open(
              "rect",
              "class",
              "down",
              "x",
              Plot.percent(from),
              "y",
              Integer.toString(top + HAPPENED - 6),
              "width",
              Plot.percent(Math.max(0.000_5, until - from)),
              "height",
              "12")
          .element("title", hover)
          .close()
          .line();
    } else {
      page.open(
              "use",
              "href",
              "#" + symbol(mark.kind()),
              "x",
              Plot.percent(from),
              "y",
              Integer.toString(top + height(mark.kind())))
          .element("title", hover)
          .close()
          .line();
    }
  }

  private static int height(Kind kind) {
    return switch (kind) {
      case PREDICTED, FALSE_ALARM -> SAID;
      case DOWN, FAILOVER, MIGRATED -> HAPPENED;
    };
  }

  private double since(Instant at) {
    return Figures.toSeconds(Duration.between(timeline.start(), at));
  }

  private void legend() {
    page.open("ul", "class", "legend");
    for (Kind kind : Kind.values()) {
      if (timeline.marks().stream().noneMatch(mark -> mark.kind() == kind)) {
        continue;
      }
      page.open("li")
          .open("svg", "class", "key", "width", "22", "height", "14", "aria-hidden", "true");
      if (kind == Kind.DOWN) {
        page.leaf("rect", "class", "down", "x", "2", "y", "2", "width", "18", "height", "10");
      } else {
        page.leaf("use", "href", "#" + symbol(kind), "x", "11", "y", "7");
      }
      page.close().text(words(kind)).close();
    }
    page.close().line();
  }

  /** The shapes, once per page: each kind has its own, so colour is never needed. */
  static void symbols(Markup page) {
    page.open("svg", "width", "0", "height", "0", "class", "symbols", "aria-hidden", "true")
        .open("defs")
        .leaf("path", "id", "m-predicted", "class", "m-predicted", "d", "M0 -6L6 5L-6 5Z")
        .leaf("path", "id", "m-alarm", "class", "m-alarm", "d", "M0 -5L5 4L-5 4Z")
        .leaf("circle", "id", "m-failover", "class", "m-failover", "r", "5")
        .leaf("path", "id", "m-migrated", "class", "m-migrated", "d", "M-5 -5L6 0L-5 5L-2 0Z")
        .close()
        .close()
        .line();
  }

  private static String symbol(Kind kind) {
    return switch (kind) {
      case DOWN -> "m-down";
      case PREDICTED -> "m-predicted";
      case FALSE_ALARM -> "m-alarm";
      case FAILOVER -> "m-failover";
      case MIGRATED -> "m-migrated";
    };
  }

  private static String words(Kind kind) {
    return switch (kind) {
      case DOWN -> "host down until repaired";
      case PREDICTED -> "failure predicted";
      case FALSE_ALARM -> "false alarm";
      case FAILOVER -> "VMs failed over";
      case MIGRATED -> "VMs moved while it lived";
    };
  }
}
