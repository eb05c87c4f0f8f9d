package io.penumbra.app.register;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.penumbra.domain.BadInputException;
import io.penumbra.web.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Calls a cloud's APIs as one user, with the addresses of Keystone's catalogue. */
final class CloudSession implements AutoCloseable {

  private static final Duration WITHIN = Duration.ofSeconds(60);
  private static final String COMPUTE_VERSION = "2.74";
  private static final String PLACEMENT_VERSION = "1.19";

  private final HttpClient http;
  private final String token;
  private final SortedMap<String, String> endpoints;
  private final String keystone;
  private final String project;

  private CloudSession(
      HttpClient http,
      String token,
      SortedMap<String, String> endpoints,
      String keystone,
      String project) {
    this.http = http;
    this.token = token;
    this.endpoints = endpoints;
    this.keystone = keystone;
    this.project = project;
  }

  /**
   * Who acts.
   *
   * @param authUrl Keystone's, with /v3
   */
  record Credentials(
      String authUrl,
      String user,
      String password,
      String project,
      String userDomain,
      String projectDomain,
      String region) {

    /** As the variables say that every OpenStack tool reads. */
    static Credentials of(Map<String, String> environment) {
      return new Credentials(
          needed(environment, "OS_AUTH_URL"),
          needed(environment, "OS_USERNAME"),
          needed(environment, "OS_PASSWORD"),
          needed(environment, "OS_PROJECT_NAME"),
          environment.getOrDefault("OS_USER_DOMAIN_ID", "default"),
          environment.getOrDefault("OS_PROJECT_DOMAIN_ID", "default"),
          environment.getOrDefault("OS_REGION_NAME", "RegionOne"));
    }

    private static String needed(Map<String, String> environment, String name) {
      return Optional.ofNullable(environment.get(name))
          .filter(value -> !value.isBlank())
          .orElseThrow(
              () -> new BadInputException(name, "is not set", "as an administrator:  . openrc"));
    }

    /** Somebody else, in the same cloud. */
    Credentials as(String otherUser, String otherPassword, String otherProject) {
      return new Credentials(
          authUrl, otherUser, otherPassword, otherProject, userDomain, projectDomain, region);
    }

    String base() {
      return authUrl.endsWith("/") ? authUrl.substring(0, authUrl.length() - 1) : authUrl;
    }
  }

  /** What came back. */
  record Reply(int status, JsonNode body, Optional<String> token) {
    boolean isGood() {
      return status / 100 == 2;
    }
  }

  /** Logs in; empty when Keystone says no to this user. */
  static Optional<CloudSession> open(Credentials who) {
    HttpClient http =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(WITHIN).build();
    Object body =
        Map.of(
            "auth",
            Map.of(
                "identity",
                Map.of(
                    "methods",
                    List.of("password"),
                    "password",
                    Map.of(
                        "user",
                        Map.of(
                            "name", who.user(),
                            "domain", Map.of("id", who.userDomain()),
                            "password", who.password()))),
                "scope",
                Map.of(
                    "project",
                    Map.of("name", who.project(), "domain", Map.of("id", who.projectDomain())))));
    Reply reply = send(http, "POST", who.base() + "/auth/tokens", Optional.of(body), Map.of());
    if (reply.status() == 401) {
      http.shutdownNow();
      return Optional.empty();
    }
    String token =
        reply.token().orElseThrow(() -> strange("POST", who.base() + "/auth/tokens", reply));
    TreeMap<String, String> endpoints = new TreeMap<>();
    for (JsonNode service : reply.body().path("token").path("catalog")) {
      for (JsonNode endpoint : service.path("endpoints")) {
        if (endpoint.path("region").asText().equals(who.region())
            && endpoint.path("interface").asText().equals("public")) {
          endpoints.put(service.path("type").asText(), endpoint.path("url").asText());
        }
      }
    }
    String project = reply.body().path("token").path("project").path("id").asText();
    return Optional.of(new CloudSession(http, token, endpoints, who.base(), project));
  }

  /** Whether it acts in the project of this id. */
  boolean isOf(String id) {
    return project.equals(id);
  }

  /** Whether the catalogue has a service of this type. */
  boolean has(String service) {
    return endpoints.containsKey(service);
  }

  /** Calls, and leaves it to the caller what the status means. */
  Reply call(String method, String service, String path, Optional<Object> body) {
    TreeMap<String, String> headers = new TreeMap<>();
    headers.put("X-Auth-Token", token);
    // Cinder refuses whoever names a version of another service.
    version(service).ifPresent(version -> headers.put("OpenStack-API-Version", version));
    return send(http, method, address(service) + path, body, headers);
  }

  private static Optional<String> version(String service) {
    return switch (service) {
      case "compute" -> Optional.of("compute " + COMPUTE_VERSION);
      case "placement" -> Optional.of("placement " + PLACEMENT_VERSION);
      default -> Optional.empty();
    };
  }

  /** Reads, and fails with the API's own words when it can't. */
  JsonNode get(String service, String path) {
    return good("GET", service, path, call("GET", service, path, Optional.empty()));
  }

  JsonNode post(String service, String path, Object body) {
    return good("POST", service, path, call("POST", service, path, Optional.of(body)));
  }

  JsonNode patch(String service, String path, Object body) {
    return good("PATCH", service, path, call("PATCH", service, path, Optional.of(body)));
  }

  void put(String service, String path, Object body) {
    good("PUT", service, path, call("PUT", service, path, Optional.of(body)));
  }

  /** Deletes; what is gone already is as good. */
  void delete(String service, String path) {
    Reply reply = call("DELETE", service, path, Optional.empty());
    if (reply.status() != 404) {
      good("DELETE", service, path, reply);
    }
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  private String address(String service) {
    if (service.equals("identity")) {
      return keystone;
    }
    return Optional.ofNullable(endpoints.get(service))
        .map(url -> url.endsWith("/") ? url.substring(0, url.length() - 1) : url)
        .orElseThrow(() ->
            new BadInputException(
                "catalogue", "has no public endpoint of a %s service".formatted(service), ""));
  }

  private JsonNode good(String method, String service, String path, Reply reply) {
    if (!reply.isGood()) {
      throw strange(method, address(service) + path, reply);
    }
    return reply.body();
  }

  private static BadInputException strange(String method, String url, Reply reply) {
    String said = reply.body().isMissingNode() ? "" : ": " + reply.body();
    return new BadInputException(
        method + " " + url,
        "status %d%s".formatted(reply.status(), said.substring(0, Math.min(300, said.length()))),
        reply.status() == 403 ? "register as an administrator:  . openrc" : "");
  }

  private static Reply send(
      HttpClient http,
      String method,
      String url,
      Optional<Object> body,
      Map<String, String> headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url))
            .timeout(WITHIN)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json")
            .method(
                method,
                body.map(value -> HttpRequest.BodyPublishers.ofByteArray(Json.write(value)))
                    .orElseGet(HttpRequest.BodyPublishers::noBody));
    headers.forEach(request::header);
    try {
      HttpResponse<byte[]> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
      return new Reply(
          response.statusCode(),
          tree(response.body()),
          response.headers().firstValue("X-Subject-Token"));
    } catch (IOException e) {
      String said = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      throw new UncheckedIOException("%s %s gets no answer: %s".formatted(method, url, said), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BadInputException(url, "was interrupted", "", e);
    }
  }

  private static JsonNode tree(byte[] body) {
    try {
      return body.length == 0 ? MissingNode.getInstance() : Json.MAPPER.readTree(body);
    } catch (IOException e) {
      return MissingNode.getInstance();
    }
  }
}
