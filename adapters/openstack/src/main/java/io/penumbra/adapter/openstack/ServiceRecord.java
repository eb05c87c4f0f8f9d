package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.domain.HostId;
import io.penumbra.domain.fleet.HostCondition;
import java.time.Duration;
import java.time.Instant;

/**
 * The nova-compute of one host, as Nova's books have it.
 *
 * @param up whether Nova takes it to be up, by the age of its last report
 * @param lastReport when it last wrote that it lives
 */
record ServiceRecord(
    String uuid,
    HostId host,
    String zone,
    boolean enabled,
    String reason,
    boolean up,
    boolean forcedDown,
    Instant lastReport) {

  static final String OUR_REASON = "penumbra:";

  static ServiceRecord of(JsonNode json) {
    return new ServiceRecord(
        json.path("id").asText(),
        HostId.of(ServerReader.word(json.path("host").asText(""), "unknown")),
        ServerReader.word(json.path("zone").asText(""), "nova"),
        json.path("status").asText().equals("enabled"),
        json.path("disabled_reason").isNull() ? "" : json.path("disabled_reason").asText(""),
        json.path("state").asText().equals("up"),
        json.path("forced_down").asBoolean(false),
        ServerReader.instant(json.path("updated_at").asText("")));
  }

  /** Whether Nova tells only that there is such a service: the cell it is in does not answer. */
  boolean isHidden() {
    return uuid.isEmpty();
  }

  boolean disabledByUs() {
    return !enabled && reason.startsWith(OUR_REASON);
  }

  HostCondition condition() {
    if (forcedDown || !up) {
      return HostCondition.DOWN;
    }
    if (enabled) {
      return HostCondition.UP;
    }
    return disabledByUs() ? HostCondition.QUARANTINED : HostCondition.MAINTENANCE;
  }

  Duration silentFor(Instant now) {
    Duration age = Duration.between(lastReport, now);
    return age.isNegative() ? Duration.ZERO : age;
  }
}
