package io.penumbra.adapter.openstack.api;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.domain.Resources;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Placement, of which OpenStack4j knows only the providers. */
public final class Placement {

  private static final String VERSION = "placement 1.36";
  private static final String TYPE = "placement";

  private final Rest rest;
  private final Map<String, Known> known = new ConcurrentHashMap<>();

  private record Known(long generation, List<String> traits) {}

  public Placement(Rest rest) {
    this.rest = rest;
  }

  /** Every resource provider. */
  public List<JsonNode> providers() throws InterruptedException {
    List<JsonNode> found = new ArrayList<>();
    rest.get(TYPE, VERSION, "/resource_providers")
        .orThrow("resource providers")
        .path("resource_providers")
        .forEach(found::add);
    return found;
  }

  /** A provider's traits; asked for again only when the provider has changed. */
  public List<String> traits(JsonNode provider) throws InterruptedException {
    String uuid = provider.path("uuid").asText();
    long generation = provider.path("generation").asLong();
    Known before = known.get(uuid);
    if (before != null && before.generation() == generation) {
      return before.traits();
    }
    List<String> traits = new ArrayList<>();
    rest.get(TYPE, VERSION, "/resource_providers/" + uuid + "/traits")
        .orThrow("traits of " + uuid)
        .path("traits")
        .forEach(trait -> traits.add(trait.asText()));
    List<String> kept = List.copyOf(traits);
    known.put(uuid, new Known(generation, kept));
    return kept;
  }

  /** What is allocated on a provider, by resource class. */
  public Answer usages(String uuid) throws InterruptedException {
    return rest.get(TYPE, VERSION, "/resource_providers/" + uuid + "/usages");
  }

  /** Whether a provider's tree could take this now: the allocation candidates within it. */
  public boolean hasRoom(String uuid, Resources size) throws InterruptedException {
    StringBuilder asked = new StringBuilder();
    if (size.vcpus() > 0) {
      asked.append("VCPU:").append(size.vcpus());
    }
    if (size.memoryMib() > 0) {
      asked.append(asked.isEmpty() ? "" : ",").append("MEMORY_MB:").append(size.memoryMib());
    }
    if (size.diskGib() > 0) {
      asked.append(asked.isEmpty() ? "" : ",").append("DISK_GB:").append(size.diskGib());
    }
    String path = "/allocation_candidates?limit=1&in_tree=" + uuid + "&resources=" + asked;
    return !rest.get(TYPE, VERSION, path)
        .orThrow("allocation candidates of " + uuid)
        .path("allocation_requests")
        .isEmpty();
  }
}
