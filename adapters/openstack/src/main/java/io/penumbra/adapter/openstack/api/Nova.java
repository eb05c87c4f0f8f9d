package io.penumbra.adapter.openstack.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What OpenStack4j lacks of Nova: microversions, and with them services by UUID (2.53), flavors
 * inside servers (2.47), creation on a named host (2.74), unshelving onto one (2.91).
 */
public final class Nova {

  /** The newest in which hypervisors still tell their size. */
  private static final String VERSION = "compute 2.87";

  private static final String COMPUTE = "compute";

  private final Rest rest;
  private final Map<String, String> flavorIds = new ConcurrentHashMap<>();

  public Nova(Rest rest) {
    this.rest = rest;
  }

  /** Every server of every project. */
  public List<JsonNode> servers() throws InterruptedException {
    return rest.patiently(COMPUTE, VERSION, "/servers/detail?all_tenants=1&limit=1000", "servers");
  }

  /** Those that have changed since then, and those that are gone since then (status DELETED). */
  public List<JsonNode> changed(Instant since) throws InterruptedException {
    String path =
        "/servers/detail?all_tenants=1&limit=1000&changes-since="
            + URLEncoder.encode(since.toString(), StandardCharsets.UTF_8);
    return rest.patiently(COMPUTE, VERSION, path, "servers");
  }

  /** Servers whose name matches exactly. */
  public List<JsonNode> named(String name) throws InterruptedException {
    String pattern = URLEncoder.encode("^" + name + "$", StandardCharsets.UTF_8);
    return rest.patiently(
        COMPUTE, VERSION, "/servers/detail?all_tenants=1&name=" + pattern, "servers");
  }

  public Answer server(String id) throws InterruptedException {
    return rest.get(COMPUTE, VERSION, "/servers/" + id);
  }

  /** Services of compute hosts, with their last reports. */
  public List<JsonNode> services() throws InterruptedException {
    return rest.patiently(COMPUTE, VERSION, "/os-services?binary=nova-compute", "services");
  }

  public List<JsonNode> hypervisors() throws InterruptedException {
    return rest.patiently(COMPUTE, VERSION, "/os-hypervisors/detail?limit=500", "hypervisors");
  }

  public List<JsonNode> serverGroups() throws InterruptedException {
    return rest.patiently(
        COMPUTE, VERSION, "/os-server-groups?all_projects=true&limit=1000", "server_groups");
  }

  public Answer create(ObjectNode body) throws InterruptedException {
    return rest.ask(COMPUTE, VERSION, "POST", "/servers", Optional.of(body));
  }

  public Answer delete(String id) throws InterruptedException {
    return rest.ask(COMPUTE, VERSION, "DELETE", "/servers/" + id, Optional.empty());
  }

  /** An action without arguments, such as {@code os-stop}. */
  public Answer action(String id, String action) throws InterruptedException {
    ObjectNode body = Rest.object();
    body.putNull(action);
    return act(id, body);
  }

  public Answer act(String id, ObjectNode body) throws InterruptedException {
    return rest.ask(COMPUTE, VERSION, "POST", "/servers/" + id + "/action", Optional.of(body));
  }

  /** From now on its owner can't do anything with it, if it is not we. */
  public Answer lock(String id, String reason) throws InterruptedException {
    ObjectNode body = Rest.object();
    body.putObject("lock").put("locked_reason", reason);
    return act(id, body);
  }

  /** Sets these items of a server's metadata, and leaves the others. */
  public Answer mark(String id, Map<String, String> metadata) throws InterruptedException {
    ObjectNode body = Rest.object();
    ObjectNode items = body.putObject("metadata");
    new TreeMap<>(metadata).forEach(items::put);
    return rest.ask(COMPUTE, VERSION, "POST", "/servers/" + id + "/metadata", Optional.of(body));
  }

  public Answer unmark(String id, String key) throws InterruptedException {
    return rest.ask(
        COMPUTE, VERSION, "DELETE", "/servers/" + id + "/metadata/" + key, Optional.empty());
  }

  /** Volumes that a server has, with the names of their devices. */
  public List<JsonNode> volumes(String server) throws InterruptedException {
    return rest.all(COMPUTE, VERSION, attachments(server), "volumeAttachments");
  }

  private static String attachments(String server) {
    return "/servers/" + server + "/os-volume_attachments";
  }

  /** From now on a volume stays when its server is deleted. */
  public Answer keepVolume(String server, String volume) throws InterruptedException {
    ObjectNode body = Rest.object();
    body.putObject("volumeAttachment").put("volumeId", volume).put("delete_on_termination", false);
    String path = attachments(server) + "/" + volume;
    return rest.ask(COMPUTE, VERSION, "PUT", path, Optional.of(body));
  }

  /** Changes a compute service: status, disabled_reason, forced_down. */
  public Answer setService(String uuid, ObjectNode change) throws InterruptedException {
    return rest.ask(COMPUTE, VERSION, "PUT", "/os-services/" + uuid, Optional.of(change));
  }

  /** Servers show the name of their flavor; creating one takes its id. */
  public Optional<String> flavorId(String name) throws InterruptedException {
    if (!flavorIds.containsKey(name)) {
      for (JsonNode flavor :
          rest.all(COMPUTE, VERSION, "/flavors/detail?is_public=None&limit=1000", "flavors")) {
        flavorIds.put(flavor.path("name").asText(), flavor.path("id").asText());
      }
    }
    return Optional.ofNullable(flavorIds.get(name));
  }

  /** Another flavor may have this name by now. */
  public void forgetFlavor(String name) {
    flavorIds.remove(name);
  }

  /** The state of an image in Glance, such as {@code active}. */
  public Answer image(String id) throws InterruptedException {
    return rest.get("image", "", "/v2/images/" + id);
  }

  /** Images that have a property of this value. */
  public List<JsonNode> images(String property, String value) throws InterruptedException {
    String filter =
        URLEncoder.encode(property, StandardCharsets.UTF_8)
            + "="
            + URLEncoder.encode(value, StandardCharsets.UTF_8);
    return rest.all("image", "", "/v2/images?limit=100&" + filter, "images");
  }

  public Answer deleteImage(String id) throws InterruptedException {
    return rest.ask("image", "", "DELETE", "/v2/images/" + id, Optional.empty());
  }
}
