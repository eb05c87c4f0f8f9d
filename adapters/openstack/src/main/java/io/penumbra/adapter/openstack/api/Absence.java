package io.penumbra.adapter.openstack.api;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * Whether it is the service itself that says 404. A proxy says so, too, while the service behind it
 * is started anew, and to take that for a server that is gone would be to forget its VM.
 */
final class Absence {

  private Absence() {}

  /**
   * Each service has its own way to say that there is no such thing.
   *
   * @param body missing if what came was no JSON
   */
  static boolean isToldBy(String type, JsonNode body) {
    return switch (type) {
      case "compute" -> isNova(body);
      case "network" -> body.path("NeutronError").isContainerNode() || isWebob(body);
      case "load-balancer" -> body.path("faultstring").isTextual() || is404(body, "description");
      case Rest.DNS -> is404(body, "type");
      case "image" -> isWebob(body);
      case "placement" -> body.path("errors").path(0).path("status").asInt() == 404;
      default -> isNova(body); // Cinder
    };
  }

  private static boolean is404(JsonNode body, String beside) {
    return body.path("code").asInt() == 404 && body.path(beside).isTextual();
  }

  private static boolean isNova(JsonNode body) {
    return body.path("itemNotFound").isObject();
  }

  /** WebOb's form for whoever accepts nothing but JSON: Glance leaves its answers to it. */
  private static boolean isWebob(JsonNode body) {
    return body.path("code").asText().startsWith("404 ") && body.path("title").isTextual();
  }
}
