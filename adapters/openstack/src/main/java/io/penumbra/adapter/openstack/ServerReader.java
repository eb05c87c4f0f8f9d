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
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.policy.PolicyResolver;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/** Reads Nova's description of a server. */
final class ServerReader {

  private static final String UNTOLD = "UNKNOWN";

  /** So many digits may a term have on a server of another project: ours can go beyond it. */
  private static final int TERM_DIGITS_MAX = 9;

  private final PolicyResolver policies;
  private final Optional<OpenStackSettings.Refresh> refresh;
  private final Supplier<String> project;

  /** Reads servers, and says nothing of how new their states can be. */
  ServerReader(PolicyResolver policies, Supplier<String> project) {
    this.policies = policies;
    this.project = project;
    refresh = Optional.empty();
  }

  /**
   * Reads servers.
   *
   * @param project in which shadows are made; only marks on its servers can be Penumbra's own
   */
  ServerReader(PolicyResolver policies, OpenStackSettings settings, Supplier<String> project) {
    this.policies = policies;
    this.project = project;
    refresh =
        Optional.of(settings.refresh())
            .filter(known -> settings.coldSource() == OpenStackSettings.ColdSource.SNAPSHOT);
  }

  /**
   * One server.
   *
   * @param groups server groups by server
   * @return empty when what is told can't be a server, as in a list that is broken, and of a server
   *     in a cell that does not answer: Nova tells that there is one, and not what it is
   */
  Optional<ServerRecord> read(JsonNode json, Map<String, List<GroupId>> groups) {
    String id = json.path("id").asText("");
    String status = json.path("status").asText("");
    if (id.isBlank() || status.isEmpty() || status.equals(UNTOLD)) {
      return Optional.empty();
    }
    SortedMap<String, String> metadata = metadata(json);
    SortedMap<String, String> tags = policyTags(json, metadata);
    String tenant = json.path("tenant_id").asText("");
    ProjectId owner = ProjectId.of(word(metadata.getOrDefault(Mark.PROJECT.key(), tenant), "none"));
    String ordered = json.path("flavor").path("original_name").asText("");
    FlavorId flavor = FlavorId.of(word(ordered, "unknown"));
    PolicyResolver.Resolution policy = policies.resolve(owner, flavor, tags);
    Vm vm =
        new Vm(
            VmId.of(metadata.getOrDefault(Mark.SHADOW_OF.key(), id)),
            owner,
            flavor,
            size(json.path("flavor")),
            tags,
            groups(metadata).orElse(groups.getOrDefault(id, List.of())),
            policy.effective());
    return Optional.of(
        new ServerRecord(
            id,
            metadata.getOrDefault(Mark.NAME.key(), json.path("name").asText("")),
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
            new ServerRecord.Papers(tenant, ordered, lock(json)),
            problems(policy, role(metadata)),
            textOrEmpty(json.path("fault").path("message"))));
  }

  /**
   * What is believed of a server's metadata. Whoever has a server may write on it whatever he
   * likes; what only Penumbra writes, it writes on servers of its own project.
   */
  private SortedMap<String, String> metadata(JsonNode json) {
    TreeMap<String, String> metadata = new TreeMap<>();
    json.path("metadata")
        .properties()
        .forEach(item -> metadata.put(item.getKey(), item.getValue().asText()));
    if (!json.path("tenant_id").asText("").equals(project.get())) {
      metadata.keySet().removeIf(Mark::isOnlyOnOurs);
      String term = metadata.getOrDefault(Mark.TERM.key(), "");
      if (term.length() > TERM_DIGITS_MAX) {
        metadata.remove(Mark.TERM.key());
      }
    }
    return metadata;
  }

  /** What could not be read, and what is asked for and can't be had. */
  private List<String> problems(PolicyResolver.Resolution resolved, Role role) {
    List<String> problems = new ArrayList<>(resolved.problems());
    ProtectionPolicy policy = resolved.effective().policy();
    refresh
        .map(known -> known.shortest(policy.mode()))
        .filter(shortest -> role == Role.PRIMARY && policy.mode() != ShadowMode.NONE)
        .filter(shortest -> shortest.compareTo(policy.rpo()) > 0)
        .ifPresent(shortest ->
            problems.add(
                "rpo is %d s, and states are cut every %d s at most (cloud.refreshSeconds%s)"
                    .formatted(
                        policy.rpo().toSeconds(),
                        shortest.toSeconds(),
                        policy.mode() == ShadowMode.WARM ? ", ten times that of a standby" : "")));
    return problems;
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

  /** Of a server that was a shadow those that its VM was in: Nova knows it in none. */
  private static Optional<List<GroupId>> groups(SortedMap<String, String> metadata) {
    return Optional.ofNullable(metadata.get(Mark.GROUPS.key()))
        .map(said ->
            Arrays.stream(said.split(",", -1))
                .filter(group -> !group.isBlank())
                .map(group -> GroupId.of(group.strip()))
                .toList());
  }

  private static Optional<String> lock(JsonNode json) {
    return json.path("locked").asBoolean(false)
        ? Optional.of(textOrEmpty(json.path("locked_reason")))
        : Optional.empty();
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
