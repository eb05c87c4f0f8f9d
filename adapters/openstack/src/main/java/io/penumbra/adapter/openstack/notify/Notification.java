package io.penumbra.adapter.openstack.notify;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Optional;

/**
 * What a notification is about. What it says of that is not used: it may be old, repeated or
 * overtaken, so the thing itself is looked at instead.
 */
public sealed interface Notification {

  /** A server was created, deleted, moved, switched, changed. */
  record OfServer(String id, String type) implements Notification {}

  /** A compute service was enabled, disabled, forced down. */
  record OfService(String host) implements Notification {}

  ObjectMapper JSON = new JsonMapper();

  /**
   * Reads an AMQP body: an envelope of oslo.messaging with JSON in a text in it, or without one.
   *
   * @return empty for what is about something else, or can't be read
   */
  static Optional<Notification> read(byte[] body) {
    try {
      JsonNode json = JSON.readTree(body);
      JsonNode inner = json.path("oslo.message");
      JsonNode message = inner.isTextual() ? JSON.readTree(inner.asText()) : json;
      return of(
          message.path("event_type").asText(""), message.path("payload").path("nova_object.data"));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    } catch (java.io.IOException e) {
      return Optional.empty();
    }
  }

  private static Optional<Notification> of(String type, JsonNode payload) {
    if (type.startsWith("instance.")) {
      String id = payload.path("uuid").asText("");
      return id.isEmpty() ? Optional.empty() : Optional.of(new OfServer(id, type));
    }
    if (type.startsWith("service.")) {
      return Optional.of(new OfService(payload.path("host").asText("")));
    }
    return Optional.empty();
  }
}
