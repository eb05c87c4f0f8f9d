package io.penumbra.app.progress;

import java.io.Console;
import java.io.PrintWriter;
import java.time.InstantSource;
import java.util.Optional;

/** How far one task has come. Not for several threads at once. */
public interface Progress extends AutoCloseable {

  /** So much is done now; never less than before. */
  void at(long done);

  /** Stops showing it, wherever it is. */
  @Override
  void close();

  /** Starts tasks and shows them. */
  interface Shown {

    /**
     * A task begins.
     *
     * @param task what is done, for a reader: {@code Simulating 'warm'}
     * @param unit what is counted, in the plural: {@code hours}
     * @param most how much there is to do
     */
    Progress begin(String task, String unit, long most);
  }

  /** A bar when standard error is a terminal, else plain lines on {@code err}. */
  static Shown on(PrintWriter err) {
    return isTerminal()
        ? BarProgress::new
        : (task, unit, most) -> new LineProgress(task, unit, most, InstantSource.system(), err);
  }

  /** Whether somebody is watching. */
  static boolean isTerminal() {
    return Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
  }
}
