package io.penumbra.app.serve;

import com.google.errorprone.annotations.FormatMethod;
import io.penumbra.scheduler.port.Alerts;
import java.io.PrintWriter;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;

/** One line per thing that an operator wants to know. */
final class Log {

  private final PrintWriter out;
  private final InstantSource clock;

  Log(PrintWriter out, InstantSource clock) {
    this.out = out;
    this.clock = clock;
  }

  @FormatMethod
  void say(String line, Object... values) {
    out.println(clock.instant().truncatedTo(ChronoUnit.MILLIS) + " " + line.formatted(values));
    out.flush();
  }

  void alert(Alerts.Alert alert) {
    say("ALERT %s %s: %s (%s)", alert.code(), alert.subject(), alert.message(), alert.advice());
  }

  void failed(String route, Throwable cause) {
    say("ERROR %s failed: %s", route, cause);
    cause.printStackTrace(out);
    out.flush();
  }
}
