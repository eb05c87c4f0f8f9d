package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.adapter.openstack.api.Nova;
import io.penumbra.adapter.openstack.api.Placement;
import io.penumbra.adapter.openstack.api.Session;
import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.Location;
import io.penumbra.scheduler.port.Cloud.HostReport;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.openstack4j.model.compute.HostAggregate;

/**
 * Reads hosts: from Nova who they are and how large, from aggregates where they stand, from
 * Placement what they can do.
 *
 * <p>Aggregates say where: their zone, and in their metadata {@code penumbra:rack}, {@code
 * penumbra:power-feed}, {@code penumbra:chassis}, {@code penumbra:vendor}, {@code
 * penumbra:firmware}, {@code penumbra:commissioned}. What nobody says of a host is its own: a host
 * whose rack is unknown shares its rack with nobody, and so is no reason to refuse a pair.
 */
final class Inventory {

  private static final String PREFIX = "penumbra:";

  private final Session session;
  private final Nova nova;
  private final Placement placement;
  private volatile Map<HostId, String> providers = Map.of();

  Inventory(Session session, Nova nova, Placement placement) {
    this.session = session;
    this.nova = nova;
    this.placement = placement;
  }

  Map<HostId, ServiceRecord> services() throws InterruptedException {
    TreeMap<HostId, ServiceRecord> found = new TreeMap<>();
    for (JsonNode json : nova.services()) {
      ServiceRecord service = ServiceRecord.of(json);
      found.put(service.host(), service);
    }
    return found;
  }

  /** The resource provider of a host, if it has exactly one node. */
  Optional<String> provider(HostId host) {
    return Optional.ofNullable(providers.get(host));
  }

  /** Hosts that have both a service and a node; others can't take servers. */
  List<HostReport> hosts(Map<HostId, ServiceRecord> services) throws InterruptedException {
    Map<String, Map<String, String>> places = places();
    Map<String, JsonNode> providersByName = new HashMap<>();
    placement.providers().forEach(json -> providersByName.put(json.path("name").asText(), json));
    TreeMap<HostId, List<JsonNode>> nodes = new TreeMap<>();
    for (JsonNode node : nova.hypervisors()) {
      HostId host = HostId.of(ServerReader.word(node.path("service").path("host").asText(), "?"));
      nodes.computeIfAbsent(host, id -> new ArrayList<>()).add(node);
    }
    Map<HostId, String> found = new HashMap<>();
    List<HostReport> reports = new ArrayList<>();
    for (Map.Entry<HostId, List<JsonNode>> entry : nodes.entrySet()) {
      ServiceRecord service = services.get(entry.getKey());
      Resources capacity = capacity(entry.getValue());
      if (service == null || capacity.vcpus() == 0 || capacity.memoryMib() == 0) {
        continue;
      }
      List<String> traits = new ArrayList<>();
      for (JsonNode node : entry.getValue()) {
        JsonNode provider = providersByName.get(node.path("hypervisor_hostname").asText());
        if (provider != null) {
          traits.addAll(placement.traits(provider));
          found.put(entry.getKey(), provider.path("uuid").asText());
        }
      }
      if (entry.getValue().size() > 1) {
        found.remove(entry.getKey());
      }
      Map<String, String> place = places.getOrDefault(entry.getKey().value(), Map.of());
      reports.add(
          new HostReport(
              host(entry.getKey(), service, place, capacity, entry.getValue().getFirst(), traits),
              service.condition()));
    }
    providers = Map.copyOf(found);
    return reports;
  }

  private static Resources capacity(List<JsonNode> nodes) {
    Resources sum = Resources.NONE;
    for (JsonNode node : nodes) {
      sum =
          sum.plus(
              new Resources(
                  Math.max(0, node.path("vcpus").asInt(0)),
                  Math.max(0, node.path("memory_mb").asLong(0)),
                  Math.max(0, node.path("local_gb").asLong(0))));
    }
    return sum;
  }

  private static Host host(
      HostId id,
      ServiceRecord service,
      Map<String, String> place,
      Resources capacity,
      JsonNode node,
      List<String> traits) {
    String own = id.value();
    JsonNode cpu = node.path("cpu_info");
    return new Host(
        id,
        new Location(
            service.zone(),
            named(place, "power-feed", own),
            named(place, "rack", own),
            named(place, "chassis", own)),
        new HardwareProfile(
            named(place, "vendor", "unknown"),
            ServerReader.word(cpu.path("model").asText(""), "unknown"),
            named(place, "firmware", "unknown"),
            ServerReader.word(node.path("hypervisor_type").asText(""), "unknown")
                + "-"
                + node.path("hypervisor_version").asText("0"),
            traits),
        capacity,
        ServerReader.instant(named(place, "commissioned", "")));
  }

  private static String named(Map<String, String> place, String name, String otherwise) {
    return ServerReader.word(place.getOrDefault(PREFIX + name, ""), otherwise);
  }

  /** What aggregates say of each host; of two that say different things, the first by name. */
  private Map<String, Map<String, String>> places() {
    Map<String, Map<String, String>> places = new HashMap<>();
    List<? extends HostAggregate> aggregates = new ArrayList<>(aggregates());
    aggregates.stream()
        .sorted((one, other) -> one.getName().compareTo(other.getName()))
        .forEach(aggregate ->
            aggregate
                .getHosts()
                .forEach(host ->
                    aggregate
                        .getMetadata()
                        .forEach((key, value) ->
                            places
                                .computeIfAbsent(host, name -> new HashMap<>())
                                .putIfAbsent(key, value))));
    return places;
  }

  private List<? extends HostAggregate> aggregates() {
    try {
      return session.client().compute().hostAggregates().list();
    } catch (CloudUnavailableException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new CloudUnavailableException("aggregates: " + e.getClass().getSimpleName());
    }
  }

  /** Server groups, by server. */
  Map<String, List<GroupId>> groups() throws InterruptedException {
    Map<String, List<GroupId>> groups = new HashMap<>();
    for (JsonNode group : nova.serverGroups()) {
      GroupId id = GroupId.of(group.path("id").asText());
      for (JsonNode member : group.path("members")) {
        groups.computeIfAbsent(member.asText(), server -> new ArrayList<>()).add(id);
      }
    }
    return groups;
  }

  static boolean isFresh(ServiceRecord service, Instant now, OpenStackSettings settings) {
    return service.silentFor(now).compareTo(settings.reportInterval().multipliedBy(3)) < 0;
  }
}
