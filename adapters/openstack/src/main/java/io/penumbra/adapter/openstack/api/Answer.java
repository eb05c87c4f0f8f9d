package io.penumbra.adapter.openstack.api;

import com.fasterxml.jackson.databind.JsonNode;

/** What a service answered. */
public sealed interface Answer {

  /**
   * It did what it was asked.
   *
   * @param body an empty object when there was none
   */
  record Ok(int status, JsonNode body) implements Answer {}

  /** It refuses, and nothing has changed. */
  record Refused(int status, String message) implements Answer {

    boolean isUnauthorized() {
      return status == 401;
    }

    /** There is no such thing, the service itself says. */
    public boolean isAbsent() {
      return status == 404;
    }

    /** Quota or room: 413 by old services, 403 by new ones that say so. */
    public boolean isOverLimit() {
      String said = message.toLowerCase(java.util.Locale.ROOT);
      return status == 413 || (status == 403 && (said.contains("quota") || said.contains("limit")));
    }
  }

  /** No answer, none that can be read, or a failure inside; nobody knows what came of it. */
  record Broken(String why) implements Answer {}

  /** The body, or an exception that says why there is none. */
  default JsonNode orThrow(String what) {
    return switch (this) {
      case Ok ok -> ok.body();
      case Refused refused ->
          throw new CloudUnavailableException(
              "%s: status %d, %s".formatted(what, refused.status(), refused.message()));
      case Broken broken -> throw new CloudUnavailableException(what + ": " + broken.why());
    };
  }
}
