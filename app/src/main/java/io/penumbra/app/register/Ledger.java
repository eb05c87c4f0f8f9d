package io.penumbra.app.register;

import com.google.errorprone.annotations.FormatMethod;
import java.io.PrintWriter;

/** Tells one line for each thing that has to be there, and does it or only says so. */
final class Ledger {

  private final PrintWriter out;
  private final boolean act;
  private int changes;
  private int problems;

  /**
   * A ledger.
   *
   * @param act false: say what would be done, and do nothing
   */
  Ledger(PrintWriter out, boolean act) {
    this.out = out;
    this.act = act;
  }

  boolean acts() {
    return act;
  }

  int changes() {
    return changes;
  }

  int problems() {
    return problems;
  }

  /** It is as it has to be. */
  @FormatMethod
  void ok(String format, Object... words) {
    line("ok", format.formatted(words));
  }

  /** Somebody has to look at it. */
  @FormatMethod
  void problem(String format, Object... words) {
    problems++;
    line("WRONG", format.formatted(words));
  }

  /** A change: made, or what would be. */
  @FormatMethod
  void change(Runnable change, String format, Object... words) {
    if (act) {
      change.run();
    }
    changes++;
    line(act ? "done" : "to do", format.formatted(words));
  }

  /** Something to be read as it is. */
  void text(String text) {
    text.lines().forEach(line -> out.println("        | " + line));
    out.flush();
  }

  private void line(String how, String text) {
    out.printf("%-7s %s%n", how, text);
    out.flush();
  }
}
