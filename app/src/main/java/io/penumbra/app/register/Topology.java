package io.penumbra.app.register;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Which hosts stand together: Nova's aggregates, which Nova mirrors into Placement, and traits. */
final class Topology {

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
            () -> admin.put("placement", "/traits/" + trait, Map.of()),
            "trait %s in Placement",
            trait);
      }
    }
  }

  void unregister() {
    new TreeMap<>(asked.aggregates().orElse(Map.of())).forEach((name, wanted) -> remove(name));
    for (String trait : asked.traits().orElse(List.of())) {
      if (hasTrait(trait)) {
        ledger.change(
            () -> admin.delete("placement", "/traits/" + trait), "trait %s removed", trait);
      }
    }
  }

  private boolean hasTrait(String trait) {
    return admin.call("GET", "placement", "/traits/" + trait, Optional.empty()).isGood();
  }

  private void aggregate(String name, Registration.Aggregate wanted) {
    if (find(name).isEmpty()) {
      ledger.change(
          () -> admin.post("compute", "/os-aggregates", Map.of("aggregate", Map.of("name", name))),
          "aggregate %s",
          name);
    }
    Optional<JsonNode> there = find(name);
    Map<String, String> lacking = new TreeMap<>(wanted.metadata());
    there.ifPresent(found ->
        lacking
            .entrySet()
            .removeIf(entry ->
                found.path("metadata").path(entry.getKey()).asText().equals(entry.getValue())));
    if (!lacking.isEmpty()) {
      act(
          there,
          Map.of("set_metadata", Map.of("metadata", lacking)),
          "aggregate %s says %s".formatted(name, lacking));
    }
    List<String> members = there.map(Topology::hosts).orElse(List.of());
    List<String> missing = wanted.hosts().stream().filter(host -> !members.contains(host)).toList();
    for (String host : missing) {
      act(
          there,
          Map.of("add_host", Map.of("host", host)),
          "aggregate %s has host %s".formatted(name, host));
    }
    if (there.isPresent() && lacking.isEmpty() && missing.isEmpty()) {
      ledger.ok("aggregate %s: %s, hosts %s", name, new TreeMap<>(wanted.metadata()), members);
    }
  }

  private void act(Optional<JsonNode> aggregate, Object body, String what) {
    ledger.change(
        () ->
            admin.post(
                "compute",
                "/os-aggregates/%s/action".formatted(aggregate.orElseThrow().path("id").asText()),
                body),
        "%s",
        what);
  }

  private void remove(String name) {
    Optional<JsonNode> there = find(name);
    if (there.isPresent()) {
      String path = "/os-aggregates/" + there.get().path("id").asText();
      ledger.change(
          () -> {
            for (String host : hosts(there.get())) {
              admin.post("compute", path + "/action", Map.of("remove_host", Map.of("host", host)));
            }
            admin.delete("compute", path);
          },
          "aggregate %s removed",
          name);
    }
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
