package io.penumbra.app.register;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A file as oslo.config reads it, edited line by line: comments, order and everything that is not
 * touched stay as they are, and what is taken back leaves no trace.
 */
final class IniFile {

  /** Stands above every line that was not there before. */
  private static final String ADDED = "# added by penumbra register";

  private static final String WAS = "# penumbra register; was: ";

  private final List<String> lines;

  private IniFile(List<String> lines) {
    this.lines = lines;
  }

  static IniFile of(String text) {
    return new IniFile(new ArrayList<>(text.lines().toList()));
  }

  String text() {
    return lines.isEmpty() ? "" : String.join("\n", lines) + "\n";
  }

  /** Every value of a key, in order. */
  List<String> values(String section, String key) {
    return find(section, key).stream().map(at -> value(at, key)).toList();
  }

  /** The value that counts: the last one. */
  Optional<String> last(String section, String key) {
    List<String> values = values(section, key);
    return values.isEmpty() ? Optional.empty() : Optional.of(values.getLast());
  }

  /** One more value of a key that may be repeated. */
  void append(String section, String key, String value) {
    List<Integer> there = find(section, key);
    int at = there.isEmpty() ? endOf(section) : there.getLast() + length(there.getLast());
    lines.addAll(at, List.of(ADDED, key + " = " + value));
  }

  /** The one value of a key; what stood there before is kept in a comment. */
  void set(String section, String key, String value) {
    List<Integer> there = find(section, key);
    if (there.isEmpty()) {
      append(section, key, value);
      return;
    }
    int at = there.getLast();
    if (value(at, key).equals(value)) {
      return;
    }
    String before = lines.get(at);
    boolean marked = isMark(at - 1);
    replace(at, key + " = " + value);
    if (!marked) {
      lines.add(at, WAS + before);
    }
  }

  /** Changes an element of a list in place, without a mark: who takes it back removes it again. */
  void rewrite(String section, String key, String value) {
    replace(find(section, key).getLast(), key + " = " + value);
  }

  /** Takes back every line that was added, and every value that was set. */
  void restore(String section, String key) {
    List<Integer> there = find(section, key);
    for (int i = there.size() - 1; i >= 0; i--) {
      int at = there.get(i);
      if (at > 0 && lines.get(at - 1).equals(ADDED)) {
        remove(at, length(at));
        remove(at - 1, 1);
      } else if (at > 0 && lines.get(at - 1).startsWith(WAS)) {
        replace(at, lines.get(at - 1).substring(WAS.length()));
        remove(at - 1, 1);
      }
    }
    if (isEmptyAndOurs(section)) {
      int at = lines.indexOf("[" + section + "]");
      remove(at, 1);
      remove(at - 1, 1);
    }
  }

  /** Whether the last value of a key was added, so that it goes as a whole. */
  boolean isAdded(String section, String key) {
    List<Integer> there = find(section, key);
    return !there.isEmpty() && isAdded(there.getLast());
  }

  private boolean isAdded(int at) {
    return at > 0 && lines.get(at - 1).equals(ADDED);
  }

  private boolean isMark(int at) {
    return at >= 0 && (lines.get(at).equals(ADDED) || lines.get(at).startsWith(WAS));
  }

  private boolean isEmptyAndOurs(String section) {
    int at = lines.indexOf("[" + section + "]");
    return at > 0
        && lines.get(at - 1).equals(ADDED)
        && (at + 1 == lines.size() || isHeader(at + 1) || (isMark(at + 1) && isHeader(at + 2)));
  }

  private boolean isHeader(int at) {
    return at < lines.size() && lines.get(at).startsWith("[");
  }

  private void remove(int at, int count) {
    lines.subList(at, at + count).clear();
  }

  private void replace(int at, String line) {
    remove(at, length(at));
    lines.add(at, line);
  }

  /** Lines of the values of a key; a section may come more than once. */
  private List<Integer> find(String section, String key) {
    List<Integer> found = new ArrayList<>();
    String current = "";
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.startsWith("[") && line.contains("]")) {
        current = line.substring(1, line.indexOf(']'));
      } else if (current.equals(section) && keyOf(line).filter(key::equals).isPresent()) {
        found.add(i);
      }
    }
    return found;
  }

  private static Optional<String> keyOf(String line) {
    if (line.isEmpty()
        || Character.isWhitespace(line.charAt(0))
        || "#;".indexOf(line.charAt(0)) >= 0) {
      return Optional.empty();
    }
    int end = line.indexOf('=');
    return end < 0 ? Optional.empty() : Optional.of(line.substring(0, end).strip());
  }

  private String value(int at, String key) {
    StringBuilder value =
        new StringBuilder(lines.get(at).substring(lines.get(at).indexOf('=') + 1).strip());
    for (int i = at + 1; i < at + length(at); i++) {
      value.append(key.isEmpty() || value.isEmpty() ? "" : " ").append(lines.get(i).strip());
    }
    return value.toString();
  }

  /** A value goes on in the lines below that begin with a blank. */
  private int length(int at) {
    int end = at + 1;
    while (end < lines.size()
        && !lines.get(end).isBlank()
        && Character.isWhitespace(lines.get(end).charAt(0))) {
      end++;
    }
    return end - at;
  }

  /** Where a section ends, before the blank lines and comments that belong to the next. */
  private int endOf(String section) {
    int header = -1;
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).equals("[" + section + "]")) {
        header = i;
      }
    }
    if (header < 0) {
      lines.addAll(List.of(ADDED, "[" + section + "]"));
      return lines.size();
    }
    int end = header + 1;
    int last = end;
    while (end < lines.size() && !isHeader(end)) {
      if (keyOf(lines.get(end)).isPresent()) {
        last = end + length(end);
      }
      end++;
    }
    return last;
  }
}
