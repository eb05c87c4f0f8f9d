package io.penumbra.app.register;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.penumbra.web.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** Keystone, Nova and Placement as far as registering needs them: lists of named things. */
final class StubCloud implements AutoCloseable {

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final HttpServer http;
  private final String url;
  private final TreeMap<String, List<ObjectNode>> things = new TreeMap<>();
  private final TreeSet<String> marks = new TreeSet<>();
  private String microversion = "2.93";
  private boolean policyInPlace = true;
  private boolean cellDown;
  private int ids;

  StubCloud() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.createContext("/", this::handle);
    http.start();
    url = "http://127.0.0.1:" + http.getAddress().getPort();
  }

  String url() {
    return url;
  }

  void speaksUpTo(String version) {
    microversion = version;
  }

  void forgetsThePolicy() {
    policyInPlace = false;
  }

  /** From now on Nova says of a host only that there is one. */
  void losesACell() {
    cellDown = true;
  }

  /** Something that an operator has made. */
  void has(String kind, String json) throws IOException {
    ObjectNode made = (ObjectNode) Json.MAPPER.readTree(json);
    things
        .computeIfAbsent(kind, any -> new ArrayList<>())
        .add(made.put("id", kind + "-of-old" + ids++));
  }

  void hasTrait(String name) {
    marks.add("/placement/traits/" + name);
  }

  /** What is there, whole. */
  String whole(String kind, String name) {
    return find(kind, name).map(ObjectNode::toString).orElse("");
  }

  /** Everything that is there, by kind and name. */
  List<String> contents() {
    List<String> all = new ArrayList<>(marks);
    things.forEach((kind, list) ->
        list.forEach(
            one -> all.add(kind + " " + one.path("name").asText(one.path("interface").asText()))));
    return all;
  }

  @Override
  public void close() {
    http.stop(0);
  }

  private synchronized void handle(HttpExchange call) throws IOException {
    byte[] asked = call.getRequestBody().readAllBytes();
    JsonNode body = asked.length == 0 ? NODES.objectNode() : Json.MAPPER.readTree(asked);
    String path = call.getRequestURI().getPath();
    String who = Optional.ofNullable(call.getRequestHeaders().getFirst("X-Auth-Token")).orElse("");
    Answer answer =
        namesAnother(call, path)
            ? new Answer(400, NODES.objectNode())
            : answer(call.getRequestMethod(), path, query(call), body, who);
    if (path.endsWith("/auth/tokens")) {
      call.getResponseHeaders()
          .add("X-Subject-Token", body.at("/auth/identity/password/user/name").asText());
    }
    byte[] said = answer.body().isMissingNode() ? new byte[0] : Json.write(answer.body());
    boolean silent = call.getRequestMethod().equals("HEAD") || answer.status() == 204;
    call.sendResponseHeaders(answer.status(), silent || said.length == 0 ? -1 : said.length);
    if (!silent && said.length > 0) {
      call.getResponseBody().write(said);
    }
    call.close();
  }

  private record Answer(int status, JsonNode body) {}

  /** Cinder takes no version of another service; others don't look. */
  private static boolean namesAnother(HttpExchange call, String path) {
    String version = call.getRequestHeaders().getFirst("OpenStack-API-Version");
    return path.startsWith("/volumev3/") && version != null && !version.startsWith("volume ");
  }

  private static SortedMap<String, String> query(HttpExchange call) {
    TreeMap<String, String> query = new TreeMap<>();
    String text = Optional.ofNullable(call.getRequestURI().getQuery()).orElse("");
    for (String pair : text.split("&", -1)) {
      int at = pair.indexOf('=');
      if (at > 0) {
        query.put(pair.substring(0, at), pair.substring(at + 1));
      }
    }
    return query;
  }

  private Answer answer(
      String method, String path, Map<String, String> query, JsonNode body, String who) {
    String[] words = path.substring(1).split("/", -1);
    return switch (words[0]) {
      case "v3" -> identity(method, words, query, body, who);
      case "compute" -> compute(method, words, query, body, who);
      case "network" -> others(words, "ports", who);
      case "load-balancer" -> others(words, "pools", who);
      case "volumev3" -> others(words, "volumes", who);
      default -> placement(method, path, who);
    };
  }

  private Answer identity(
      String method, String[] words, Map<String, String> query, JsonNode body, String who) {
    if (words[1].equals("auth")) {
      return login(body);
    }
    if (!who.equals("admin")) {
      return new Answer(403, NODES.objectNode());
    }
    if (words.length > 4) {
      String mark = String.join("/", words);
      if (method.equals("PUT")) {
        marks.add(mark);
      }
      return new Answer(marks.contains(mark) ? 204 : 404, NODES.missingNode());
    }
    return list(method, words[1], words.length > 2 ? words[2] : "", query, body);
  }

  private Answer login(JsonNode body) {
    ObjectNode reply = NODES.objectNode();
    ArrayNode catalog = reply.putObject("token").putArray("catalog");
    for (String type : List.of("compute", "placement", "network", "load-balancer", "volumev3")) {
      ObjectNode service = catalog.addObject().put("type", type);
      service
          .putArray("endpoints")
          .addObject()
          .put("region", "RegionOne")
          .put("interface", "public")
          .put("url", url() + "/" + type);
    }
    String user = body.at("/auth/identity/password/user/name").asText();
    String password = body.at("/auth/identity/password/user/password").asText();
    boolean known =
        user.equals("admin")
            || find("users", user)
                .filter(one -> one.path("password").asText().equals(password))
                .isPresent();
    return new Answer(known ? 201 : 401, reply);
  }

  private Answer list(
      String method, String kind, String id, Map<String, String> query, JsonNode body) {
    List<ObjectNode> list = things.computeIfAbsent(kind, any -> new ArrayList<>());
    JsonNode fields = body.path(kind.substring(0, kind.length() - 1));
    switch (method) {
      case "POST" -> {
        ObjectNode made = NODES.objectNode().put("id", kind + ids++);
        made.setAll((ObjectNode) fields);
        list.add(made);
        return new Answer(
            201, NODES.objectNode().set(kind.substring(0, kind.length() - 1), made.deepCopy()));
      }
      case "PATCH" ->
          list.stream()
              .filter(one -> one.path("id").asText().equals(id))
              .forEach(one -> one.setAll((ObjectNode) fields));
      case "DELETE" -> {
        list.removeIf(one -> one.path("id").asText().equals(id));
        things
            .getOrDefault("endpoints", List.of())
            .removeIf(one -> one.path("service_id").asText().equals(id));
        marks.removeIf(mark -> mark.contains(id));
        return new Answer(204, NODES.missingNode());
      }
      default -> {
        // listed below
      }
    }
    ArrayNode found = NODES.arrayNode();
    list.stream()
        .filter(one ->
            query.entrySet().stream()
                .allMatch(q -> one.path(q.getKey()).asText().equals(q.getValue())))
        .forEach(found::add);
    return new Answer(200, NODES.objectNode().set(kind, found));
  }

  private Answer compute(
      String method, String[] words, Map<String, String> query, JsonNode body, String who) {
    if (!who.equals("admin") && !policyInPlace) {
      return new Answer(403, NODES.objectNode());
    }
    String what = words.length > 1 ? words[1] : "";
    return switch (what) {
      case "" -> version();
      case "os-aggregates" -> aggregates(method, words, body);
      case "os-services" -> services();
      case "servers" -> method.equals("GET") ? servers(query) : act(words[2], body);
      default -> new Answer(200, NODES.objectNode());
    };
  }

  private Answer services() {
    ObjectNode reply = NODES.objectNode();
    ArrayNode services = reply.putArray("services");
    services.addObject().put("id", "s1").put("host", "hv-1").put("status", "enabled");
    if (cellDown) {
      services.addObject().put("host", "hv-2").put("status", "UNKNOWN");
    }
    return new Answer(200, reply);
  }

  /** Two on a page. */
  private Answer servers(Map<String, String> query) {
    List<ObjectNode> all =
        things.getOrDefault("servers", List.of()).stream()
            .filter(one ->
                query.containsKey("all_tenants") || one.path("tenant_id").asText().equals("admin"))
            .filter(one -> !query.containsKey("locked") || one.path("locked").asBoolean())
            .toList();
    List<String> ids = all.stream().map(one -> one.path("id").asText()).toList();
    int from = ids.indexOf(query.getOrDefault("marker", "")) + 1;
    int to = Math.min(from + 2, all.size());
    ObjectNode reply = NODES.objectNode();
    reply.putArray("servers").addAll(all.subList(from, to));
    if (to - from == 2) {
      reply.putArray("servers_links").addObject().put("rel", "next");
    }
    return new Answer(200, reply);
  }

  private Answer act(String id, JsonNode body) {
    ObjectNode server =
        things.getOrDefault("servers", List.of()).stream()
            .filter(any -> any.path("id").asText().equals(id))
            .findFirst()
            .orElseThrow();
    if (!body.has("unlock") || server.path("busy").asBoolean()) {
      return new Answer(409, NODES.objectNode().put("message", "it is busy"));
    }
    server.put("locked", false).putNull("locked_reason");
    return new Answer(202, NODES.missingNode());
  }

  /** One thing of another project, which nobody sees but an administrator and whom he has let. */
  private Answer others(String[] words, String list, String who) {
    if (words[words.length - 1].equals(list)) {
      ObjectNode reply = NODES.objectNode();
      reply.putArray(list).addObject().put("id", "theirs").put("project_id", "tenant");
      return new Answer(200, reply);
    }
    boolean seen = who.equals("admin") || policyInPlace;
    return new Answer(seen ? 200 : 404, NODES.objectNode());
  }

  private Answer version() {
    ObjectNode reply = NODES.objectNode();
    reply.putObject("version").put("version", microversion);
    return new Answer(200, reply);
  }

  private Answer aggregates(String method, String[] words, JsonNode body) {
    if (words.length < 4) {
      return list(method, "aggregates", words.length > 2 ? words[2] : "", new TreeMap<>(), body);
    }
    ObjectNode one =
        things.getOrDefault("aggregates", List.of()).stream()
            .filter(any -> any.path("id").asText().equals(words[2]))
            .findFirst()
            .orElseThrow();
    JsonNode metadata = body.at("/set_metadata/metadata");
    if (metadata.isObject()) {
      ObjectNode said = one.withObject("/metadata");
      metadata
          .properties()
          .forEach(entry -> {
            if (entry.getValue().isNull()) {
              said.remove(entry.getKey());
            } else {
              said.set(entry.getKey(), entry.getValue());
            }
          });
    }
    ArrayNode hosts = one.withArray("/hosts");
    if (body.has("add_host")) {
      hosts.add(body.at("/add_host/host").asText());
    }
    if (body.has("remove_host")) {
      String gone = body.at("/remove_host/host").asText();
      hosts.removeIf(host -> host.asText().equals(gone));
    }
    return new Answer(200, NODES.objectNode());
  }

  private Answer placement(String method, String path, String who) {
    if (!who.equals("admin") && !policyInPlace) {
      return new Answer(403, NODES.objectNode());
    }
    if (!path.contains("/traits/")) {
      return new Answer(200, NODES.objectNode());
    }
    boolean there =
        switch (method) {
          case "PUT" -> {
            marks.add(path);
            yield true;
          }
          case "DELETE" -> marks.remove(path);
          default -> marks.contains(path);
        };
    return new Answer(there ? 204 : 404, NODES.missingNode());
  }

  private Optional<ObjectNode> find(String kind, String name) {
    return things.getOrDefault(kind, List.of()).stream()
        .filter(one -> one.path("name").asText().equals(name))
        .findFirst();
  }
}
