package io.penumbra.adapter.qemu.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/**
 * Something that happened in a QEMU, for example {@code STOP} or {@code MIGRATION}.
 *
 * @param at by QEMU's clock
 */
public record QmpEvent(String name, Instant at, JsonNode data) {

  static QmpEvent of(JsonNode message) {
    JsonNode at = message.path("timestamp");
    return new QmpEvent(
        message.path("event").asText(),
        Instant.ofEpochSecond(at.path("seconds").asLong(), at.path("microseconds").asLong() * 1000),
        message.path("data"));
  }
}
