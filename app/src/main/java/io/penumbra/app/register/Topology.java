package io.penumbra.app.register;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which hosts stand together: Nova's aggregates, which Nova mirrors into Placement, and traits.
 *
 * <p>What is made here has a sign: an aggregate {@code penumbra:made} in its metadata, a trait
 * another trait beside it. On an aggregate that was there before stands what was added to it, and
 * no more than that is taken back.
 */
final class Topology {

  private static final String MADE = "penumbra:made";
  private static final String ADDED_KEY = "penumbra:added-key.";
  private static final String ADDED_HOST = "penumbra:added-host.";
  private static final String CUSTOM = "CUSTOM_";
  private static final String MADE_TRAIT = "CUSTOM_PENUMBRA_MADE_";

  private final CloudSession admin;
  private final Registration asked;
  private final Ledger ledger;

  Topology(CloudSession admin, Registration asked, Ledger ledger) {
    this.admin = admin;
    this.asked = asked;
    this.ledger = ledger;
  }

  void register() {
    new TreeMap<>(asked.aggregates().orElse(Map.of())).forEach(this::aggregate);
    for (String trait : asked.traits().orElse(List.of())) {
      if (hasTrait(trait)) {
        ledger.ok("trait %s", trait);
      } else {
        ledger.change(
            () -> {
              admin.put("placement", "/traits/" + sign(trait), Map.of());
              admin.put("placement", "/traits/" + trait, Map.of());
            },
            "trait %s in Placement",
            trait);
      }
    }
  }

  void unregister() {
    new TreeMap<>(asked.aggregates().orElse(Map.of())).forEach((name, wanted) -> remove(name));
    for (String trait : asked.traits().orElse(List.of())) {
      boolean ours = hasTrait(sign(trait));
      if (ours) {
        ledger.change(
            () -> {
              admin.delete("placement", "/traits/" + trait);
              admin.delete("placement", "/traits/" + sign(trait));
            },
            "trait %s removed",
            trait);
      } else if (hasTrait(trait)) {
        ledger.ok("trait %s was not made here and stays", trait);
      }
    }
  }

  private static String sign(String trait) {
    return MADE_TRAIT + (trait.startsWith(CUSTOM) ? trait.substring(CUSTOM.length()) : trait);
  }

  private boolean hasTrait(String trait) {
    return admin.call("GET", "placement", "/traits/" + trait, Optional.empty()).isGood();
  }

  // --- aggregates

  private void aggregate(String name, Registration.Aggregate wanted) {
    if (find(name).isEmpty()) {
      ledger.change(
          () -> {
            JsonNode made =
                admin.post("compute", "/os-aggregates", Map.of("aggregate", Map.of("name", name)));
            say(id(made.path("aggregate")), Map.of(MADE, "true"));
          },
          "aggregate %s",
          name);
    }
    Optional<JsonNode> there = find(name);
    Map<String, String> lacking = new TreeMap<>(wanted.metadata());
    there.ifPresent(found -> lacking.entrySet().removeIf(entry -> says(found, entry)));
    if (there.filter(found -> isOthers(found, name, lacking)).isPresent()) {
      return;
    }
    if (!lacking.isEmpty()) {
      ledger.change(
          () -> say(id(there.orElseThrow()), withSigns(there.orElseThrow(), lacking)),
          "aggregate %s says %s",
          name,
          lacking);
    }
    List<String> members = there.map(Topology::hosts).orElse(List.of());
    List<String> missing = wanted.hosts().stream().filter(host -> !members.contains(host)).toList();
    for (String host : missing) {
      ledger.change(() -> add(there.orElseThrow(), host), "aggregate %s has host %s", name, host);
    }
    if (there.isPresent() && lacking.isEmpty() && missing.isEmpty()) {
      ledger.ok("aggregate %s: %s, hosts %s", name, new TreeMap<>(wanted.metadata()), members);
    }
  }

  private static boolean says(JsonNode aggregate, Map.Entry<String, String> entry) {
    return aggregate.path("metadata").path(entry.getKey()).asText().equals(entry.getValue());
  }

  /** Whether something else than is asked for stands there, and not by us. */
  private boolean isOthers(JsonNode found, String name, Map<String, String> lacking) {
    JsonNode metadata = found.path("metadata");
    boolean others = false;
    for (Map.Entry<String, String> entry : lacking.entrySet()) {
      boolean ours = isOurs(found) || metadata.has(ADDED_KEY + entry.getKey());
      if (metadata.has(entry.getKey()) && !ours) {
        others = true;
        ledger.problem(
            "aggregate %s was there before and says %s=%s; asked for is %s: change one of them",
            name, entry.getKey(), metadata.path(entry.getKey()).asText(), entry.getValue());
      }
    }
    return others;
  }

  private static boolean isOurs(JsonNode aggregate) {
    return aggregate.path("metadata").path(MADE).asText().equals("true");
  }

  private static Map<String, String> withSigns(JsonNode aggregate, Map<String, String> lacking) {
    TreeMap<String, String> said = new TreeMap<>(lacking);
    if (!isOurs(aggregate)) {
      lacking.keySet().forEach(key -> said.put(ADDED_KEY + key, "true"));
    }
    return said;
  }

  /** The sign first: without it nobody would know to take the host out again. */
  private void add(JsonNode aggregate, String host) {
    if (!isOurs(aggregate)) {
      say(id(aggregate), Map.of(ADDED_HOST + host, "true"));
    }
    act(id(aggregate), Map.of("add_host", Map.of("host", host)));
  }

  private void remove(String name) {
    Optional<JsonNode> there = find(name);
    if (there.isEmpty()) {
      return;
    }
    JsonNode aggregate = there.get();
    if (isOurs(aggregate)) {
      ledger.change(
          () -> {
            hosts(aggregate).forEach(host -> takeOut(aggregate, host));
            admin.delete("compute", "/os-aggregates/" + id(aggregate));
          },
          "aggregate %s removed",
          name);
      return;
    }
    List<String> added = added(aggregate, ADDED_HOST);
    List<String> keys = added(aggregate, ADDED_KEY);
    if (added.isEmpty() && keys.isEmpty()) {
      ledger.ok("aggregate %s was not made here and stays", name);
      return;
    }
    ledger.change(
        () -> {
          added.stream()
              .filter(hosts(aggregate)::contains)
              .forEach(host -> takeOut(aggregate, host));
          ObjectNode nothing = JsonNodeFactory.instance.objectNode(); // which removes a key
          added.forEach(host -> nothing.putNull(ADDED_HOST + host));
          keys.forEach(key -> nothing.putNull(ADDED_KEY + key));
          keys.forEach(key -> nothing.putNull(key));
          say(id(aggregate), nothing);
        },
        "aggregate %s, which was there before, loses again %s and hosts %s",
        name,
        keys,
        added);
  }

  private static List<String> added(JsonNode aggregate, String sign) {
    TreeSet<String> found = new TreeSet<>();
    aggregate
        .path("metadata")
        .fieldNames()
        .forEachRemaining(key -> {
          if (key.startsWith(sign)) {
            found.add(key.substring(sign.length()));
          }
        });
    return List.copyOf(found);
  }

  private void takeOut(JsonNode aggregate, String host) {
    act(id(aggregate), Map.of("remove_host", Map.of("host", host)));
  }

  private void say(String id, Object metadata) {
    act(id, Map.of("set_metadata", Map.of("metadata", metadata)));
  }

  private void act(String id, Object body) {
    admin.post("compute", "/os-aggregates/%s/action".formatted(id), body);
  }

  private static String id(JsonNode aggregate) {
    return aggregate.path("id").asText();
  }

  private Optional<JsonNode> find(String name) {
    for (JsonNode aggregate : admin.get("compute", "/os-aggregates").path("aggregates")) {
      if (aggregate.path("name").asText().equals(name)) {
        return Optional.of(aggregate);
      }
    }
    return Optional.empty();
  }

  private static List<String> hosts(JsonNode aggregate) {
    List<String> hosts = new ArrayList<>();
    aggregate.path("hosts").forEach(host -> hosts.add(host.asText()));
    return hosts;
  }
}
