package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.openstack.ServerRecord.Role;
import io.penumbra.domain.FlavorId;
import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.placement.policy.PolicyResolver;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Reads Nova's description of a server. */
final class ServerReader {

  private final PolicyResolver policies;

  ServerReader(PolicyResolver policies) {
    this.policies = policies;
  }

  /**
   * One server.
   *
   * @param groups server groups by server
   * @return empty when what is told can't be a server, as in a list that is broken
   */
  Optional<ServerRecord> read(JsonNode json, Map<String, List<GroupId>> groups) {
    String id = json.path("id").asText("");
    if (id.isBlank() || json.path("status").asText("").isEmpty()) {
      return Optional.empty();
    }
    TreeMap<String, String> metadata = new TreeMap<>();
    json.path("metadata")
        .properties()
        .forEach(item -> metadata.put(item.getKey(), item.getValue().asText()));
    SortedMap<String, String> tags = policyTags(json, metadata);
    ProjectId project = ProjectId.of(word(json.path("tenant_id").asText(""), "none"));
    FlavorId flavor =
        FlavorId.of(word(json.path("flavor").path("original_name").asText(""), "unknown"));
    PolicyResolver.Resolution policy = policies.resolve(project, flavor, tags);
    Vm vm =
        new Vm(
            VmId.of(metadata.getOrDefault(Mark.SHADOW_OF.key(), id)),
            project,
            flavor,
            size(json.path("flavor")),
            tags,
            groups.getOrDefault(id, List.of()),
            policy.effective());
    return Optional.of(
        new ServerRecord(
            id,
            vm,
            role(metadata),
            host(json, metadata),
            json.path("status").asText(),
            json.path("OS-EXT-STS:vm_state").asText(""),
            textOrEmpty(json.path("OS-EXT-STS:task_state")),
            json.path("OS-EXT-STS:power_state").asInt(0),
            instant(json.path("created").asText("")),
            textOrEmpty(json.path("image").path("id")),
            metadata,
            addresses(json.path("addresses")),
            policy.problems(),
            textOrEmpty(json.path("fault").path("message"))));
  }

  /** Flavor's extra specs, over them tags such as {@code penumbra:mode=warm}, then metadata. */
  private static SortedMap<String, String> policyTags(
      JsonNode json, SortedMap<String, String> metadata) {
    TreeMap<String, String> tags = new TreeMap<>();
    for (Map.Entry<String, JsonNode> spec : json.path("flavor").path("extra_specs").properties()) {
      put(tags, spec.getKey(), spec.getValue().asText());
    }
    for (JsonNode tag : json.path("tags")) {
      String[] parts = tag.asText().split("=", 2);
      if (parts.length == 2) {
        put(tags, parts[0], parts[1]);
      }
    }
    metadata.forEach((key, value) -> put(tags, key, value));
    return tags;
  }

  private static void put(SortedMap<String, String> tags, String key, String value) {
    if (key.startsWith(PolicyResolver.TAG_PREFIX) && !Mark.isOurs(key)) {
      tags.put(key, value);
    }
  }

  private static Role role(SortedMap<String, String> metadata) {
    String said = metadata.getOrDefault(Mark.ROLE.key(), "");
    if (said.equals("retired")) {
      return Role.RETIRED;
    }
    boolean shadow = metadata.containsKey(Mark.SHADOW_OF.key());
    return shadow && !said.equals("primary") ? Role.SHADOW : Role.PRIMARY;
  }

  private static Optional<HostId> host(JsonNode json, SortedMap<String, String> metadata) {
    String host = textOrEmpty(json.path("OS-EXT-SRV-ATTR:host"));
    boolean shadow = role(metadata) == Role.SHADOW;
    String meant = shadow ? metadata.getOrDefault(Mark.HOST.key(), "") : "";
    String found = host.isBlank() ? meant : host;
    return found.isBlank() ? Optional.empty() : Optional.of(HostId.of(found));
  }

  private static Resources size(JsonNode flavor) {
    return new Resources(
        Math.max(0, flavor.path("vcpus").asInt(0)),
        Math.max(0, flavor.path("ram").asLong(0)),
        Math.max(0, flavor.path("disk").asLong(0) + flavor.path("ephemeral").asLong(0)));
  }

  private static List<String> addresses(JsonNode networks) {
    List<String> found = new ArrayList<>();
    networks
        .properties()
        .forEach(network ->
            network.getValue().forEach(address -> found.add(address.path("addr").asText())));
    return found;
  }

  static Instant instant(String text) {
    try {
      return Instant.parse(text.endsWith("Z") ? text : text + "Z");
    } catch (DateTimeParseException e) {
      return Instant.EPOCH;
    }
  }

  private static String textOrEmpty(JsonNode json) {
    return json.isNull() ? "" : json.asText("");
  }

  /** Names with blanks can't be ids here. */
  static String word(String text, String otherwise) {
    String word = text.strip().replaceAll("[\\s\\p{Cntrl}]+", "_");
    return word.isEmpty() ? otherwise : word;
  }
}
