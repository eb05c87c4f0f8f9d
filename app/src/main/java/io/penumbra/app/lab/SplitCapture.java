package io.penumbra.app.lab;

import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Every frame that two hosts say to clients, as tcpdump sees it on the wire before anybody else:
 * who answers a guest's clients, and that the host of a shadow says nothing while it is one.
 */
final class SplitCapture implements AutoCloseable {

  private static final Duration LISTENS_WITHIN = Duration.ofSeconds(60);

  private final Child before;
  private final Child after;
  private final Pattern answer;

  private SplitCapture(Child before, Child after, int port) {
    this.before = before;
    this.after = after;
    answer = Pattern.compile("IP [\\d.]+\\.%d > \\S+ tcp (\\d+)$".formatted(port));
  }

  /**
   * Listens from now on.
   *
   * @param before the interface through which the primary's host speaks to clients
   * @param after the one of its shadow's
   * @param port of the guest's service on both
   */
  static SplitCapture start(String before, String after, int port, Path directory)
      throws InterruptedException {
    Child first = tcpdump(before, directory);
    Child second = tcpdump(after, directory);
    SplitCapture capture = new SplitCapture(first, second, port);
    long end = System.nanoTime() + LISTENS_WITHIN.toNanos();
    for (Child each : List.of(first, second)) {
      // Not its last words: frames may follow at once.
      while (!each.hasSaid("listening on")) {
        if (!each.isAlive() || System.nanoTime() > end) {
          capture.close();
          throw new BadInputException(
              "tcpdump", "does not listen: " + each.lastWords(), "it needs root");
        }
        Thread.sleep(10);
      }
    }
    return capture;
  }

  private static Child tcpdump(String device, Path directory) {
    return Child.start(
        "tcpdump-%s-%d".formatted(device, System.nanoTime()),
        directory.resolve("captures"),
        Map.of(),
        List.of(
            "tcpdump",
            "-i",
            device,
            "-Q",
            "in",
            "-n",
            "-tt",
            "-q",
            "-l",
            "--immediate-mode",
            "-B",
            "16384"));
  }

  /**
   * Ends it.
   *
   * @param cut when the host was cut off
   * @param promoted when the control plane knew that the shadow had come to life
   * @param proof from which it knew that the old one can't serve
   */
  Seen seen(Instant cut, Instant promoted, String proof) {
    close();
    List<Frame> old = frames(before, cut);
    List<Frame> young = frames(after, cut);
    return new Seen(
        old.stream().filter(frame -> frame.at() > 0 && frame.answers()).count(),
        old.stream().filter(Frame::answers).mapToDouble(Frame::at).max(),
        young.stream().filter(Frame::answers).count(),
        young.stream().filter(Frame::answers).mapToDouble(Frame::at).min(),
        young.stream().mapToDouble(Frame::at).min(),
        Duration.between(cut, promoted).toNanos() / 1e6,
        proof);
  }

  /**
   * A frame.
   *
   * @param at milliseconds after the cut
   * @param answers whether it carries something that the guest's service says
   */
  private record Frame(double at, boolean answers) {}

  private List<Frame> frames(Child tcpdump, Instant cut) {
    List<Frame> frames = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(tcpdump.log())) {
        if (line.matches("\\d+\\.\\d+ .*")) {
          int end = line.indexOf(' ');
          long micros = Math.round(Double.parseDouble(line.substring(0, end)) * 1e6);
          long zero = cut.getEpochSecond() * 1_000_000 + cut.getNano() / 1_000;
          Matcher matcher = answer.matcher(line);
          frames.add(
              new Frame((micros - zero) / 1e3, matcher.find() && !matcher.group(1).equals("0")));
        }
      }
      return frames;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    before.close();
    after.close();
  }

  /**
   * What was on the wire. Times are milliseconds after the cut.
   *
   * @param oldAnswers of the guest on the host that was cut off, after the cut
   * @param oldLast when it said its last
   * @param newAnswers of the shadow
   * @param newFirst when it said its first
   * @param newFirstFrame when its host said anything at all to the clients' network
   * @param promoted when the control plane knew that it had come to life
   * @param proof from which it knew that the old one can't serve
   */
  record Seen(
      long oldAnswers,
      OptionalDouble oldLast,
      long newAnswers,
      OptionalDouble newFirst,
      OptionalDouble newFirstFrame,
      double promoted,
      String proof) {

    /** What must not be. */
    List<String> breaches() {
      List<String> breaches = new ArrayList<>();
      double last = oldLast.orElse(Double.NEGATIVE_INFINITY);
      if (newFirst.orElse(Double.POSITIVE_INFINITY) <= last) {
        breaches.add("two answered on the wire: " + told());
      } else if (newFirstFrame.orElse(Double.POSITIVE_INFINITY) <= last) {
        breaches.add("a shadow spoke on the wire: " + told());
      }
      return breaches;
    }

    String told() {
      return String.format(
          Locale.ROOT,
          "on the wire: the host that was cut off answered %,d times more, the last after %.0f ms;"
              + " the shadow's host said nothing until %.0f ms, and answered %,d times from %.0f ms on"
              + " (active: %.0f ms; %s)",
          oldAnswers,
          oldLast.orElse(Double.NaN),
          newFirstFrame.orElse(Double.NaN),
          newAnswers,
          newFirst.orElse(Double.NaN),
          promoted,
          proof);
    }
  }
}
