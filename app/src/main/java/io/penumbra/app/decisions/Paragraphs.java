package io.penumbra.app.decisions;

import java.io.PrintWriter;

/** Prints sentences so that they fit a terminal; what runs over is indented. */
final class Paragraphs {

  static final int COLUMNS = 100;

  private Paragraphs() {}

  static void print(PrintWriter out, String text) {
    String rest = text;
    String indent = "";
    while (indent.length() + rest.length() > COLUMNS) {
      int cut = rest.lastIndexOf(' ', COLUMNS - indent.length());
      if (cut <= 0) {
        break;
      }
      out.println(indent + rest.substring(0, cut));
      rest = rest.substring(cut + 1);
      indent = "    ";
    }
    out.println(indent + rest);
  }
}
