package io.penumbra.web;

import io.penumbra.domain.BadInputException;
import java.util.Map;
import java.util.Optional;

/** One call as a handler sees it. */
public final class Call {

  private final String what;
  private final Map<String, String> path;
  private final Map<String, String> query;
  private final String principal;
  private final byte[] body;

  Call(
      String what,
      Map<String, String> path,
      Map<String, String> query,
      String principal,
      byte[] body) {
    this.what = what;
    this.path = path;
    this.query = query;
    this.principal = principal;
    this.body = body;
  }

  /** What stood in the path where its template has {@code {name}}. */
  public String path(String name) {
    String value = path.get(name);
    if (value == null) {
      throw new IllegalArgumentException("the route %s has no {%s}".formatted(what, name));
    }
    return value;
  }

  /** A parameter after the question mark. */
  public Optional<String> query(String name) {
    return Optional.ofNullable(query.get(name));
  }

  /** A whole number after the question mark, within bounds. */
  public long query(String name, long otherwise, long least, long most) {
    Optional<String> text = query(name);
    if (text.isEmpty()) {
      return otherwise;
    }
    try {
      long value = Long.parseLong(text.get());
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      // said below, like a number that is out of bounds
    }
    throw new BadInputException(
        "parameter " + name, "is '%s'; expected %d to %d".formatted(text.get(), least, most), "");
  }

  /** The body as a value; what doesn't fit is answered with 400 and says where. */
  public <T> T body(Class<T> type) {
    return Json.read("body", body, type);
  }

  /** The body as it came. */
  public byte[] bytes() {
    return body.clone();
  }

  /** Who calls, as its token says. */
  public String principal() {
    return principal;
  }
}
