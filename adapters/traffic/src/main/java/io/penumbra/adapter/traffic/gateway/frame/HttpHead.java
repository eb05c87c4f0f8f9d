package io.penumbra.adapter.traffic.gateway.frame;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The lines before the body of an HTTP/1 message. */
final class HttpHead {

  private final String start;
  private final List<String> names = new ArrayList<>();
  private final List<String> values = new ArrayList<>();
  private String complaint = "";

  /** Reads a head that ends with an empty line. */
  HttpHead(byte[] bytes, int length) {
    String[] lines = new String(bytes, 0, length, ISO_8859_1).split("\r\n", -1);
    int first = 0;
    while (first < lines.length - 1 && lines[first].isEmpty()) {
      first++;
    }
    this.start = lines[first];
    for (int i = first + 1; i < lines.length && !lines[i].isEmpty(); i++) {
      int colon = lines[i].indexOf(':');
      // A folded line or a name with a blank reads differently to different servers: refuse.
      if (colon < 1 || lines[i].substring(0, colon).chars().anyMatch(c -> c <= ' ')) {
        complaint = "a header line without a name";
        continue;
      }
      names.add(lines[i].substring(0, colon).toLowerCase(Locale.ROOT));
      values.add(lines[i].substring(colon + 1).strip());
    }
  }

  String start() {
    return start;
  }

  String complaint() {
    return complaint;
  }

  boolean has(String name) {
    return names.contains(name);
  }

  /** The elements of all lines of this name, in lower case. */
  List<String> list(String name) {
    List<String> list = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      if (names.get(i).equals(name)) {
        for (String element : values.get(i).split(",", -1)) {
          list.add(element.strip().toLowerCase(Locale.ROOT));
        }
      }
    }
    return list;
  }
}
