package io.penumbra.app.register;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.app.register.CloudSession.Credentials;
import io.penumbra.domain.BadInputException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Penumbra in Keystone: role, user, service and endpoint. */
final class Identity {

  static final String SERVICE_TYPE = "shadow";
  private static final String SERVICE_NAME = "penumbra";

  /** What is made here is described so; nothing else is changed or deleted. */
  private static final String SIGN = "penumbra serve";

  private static final List<String> INTERFACES = List.of("public", "internal", "admin");

  private final CloudSession admin;
  private final Credentials credentials;
  private final Registration asked;
  private final Ledger ledger;

  Identity(CloudSession admin, Credentials credentials, Registration asked, Ledger ledger) {
    this.admin = admin;
    this.credentials = credentials;
    this.asked = asked;
    this.ledger = ledger;
  }

  void register() {
    mayUseUser();
    project();
    role();
    user();
    assign();
    endpoints(service());
  }

  /** The project stays: Nova's own users stand in it, too. */
  void unregister() {
    find("services", SERVICE_NAME)
        .ifPresent(found ->
            remove(
                "/services/" + id(found), "service %s and its endpoints".formatted(SERVICE_NAME)));
    Optional<JsonNode> user = find("users", asked.userOrUsual());
    user.ifPresent(found -> removeIfOurs("users", "user " + asked.userOrUsual(), found));
    find("roles", asked.roleOrUsual())
        .ifPresent(found -> removeIfOurs("roles", "role " + asked.roleOrUsual(), found));
    Path password = Path.of(asked.passwordFile());
    if (SecretFile.exists(password) && user.filter(found -> !isOurs(found)).isEmpty()) {
      ledger.change(() -> SecretFile.delete(password), "file %s removed", password);
    }
  }

  private void removeIfOurs(String kind, String what, JsonNode found) {
    if (isOurs(found)) {
      remove("/%s/%s".formatted(kind, id(found)), what);
    } else {
      ledger.ok("%s was not made here and stays", what);
    }
  }

  private static boolean isOurs(JsonNode found) {
    return found.path("description").asText("").equals(SIGN);
  }

  private static String id(JsonNode found) {
    return found.path("id").asText();
  }

  /** Somebody else's password is not replaced. */
  private void mayUseUser() {
    Path file = Path.of(asked.passwordFile());
    if (find("users", asked.userOrUsual()).filter(found -> !isOurs(found)).isPresent()
        && !SecretFile.exists(file)) {
      throw new BadInputException(
          "user",
          "%s was there before, and its password is not in %s".formatted(asked.userOrUsual(), file),
          "put it there, or name a user that is to be made");
    }
  }

  private void remove(String path, String what) {
    ledger.change(() -> admin.delete("identity", path), "%s removed", what);
  }

  private void project() {
    String name = asked.projectOrUsual();
    ensure(
        "projects",
        name,
        Map.of("project", Map.of("name", name, "domain_id", credentials.projectDomain())));
  }

  private void role() {
    String name = asked.roleOrUsual();
    ensure("roles", name, Map.of("role", Map.of("name", name, "description", SIGN)));
  }

  private void user() {
    String name = asked.userOrUsual();
    Path file = Path.of(asked.passwordFile());
    Optional<String> user = find("users", name).map(Identity::id);
    if (user.isEmpty()) {
      ledger.change(
          () ->
              admin.post(
                  "identity",
                  "/users",
                  Map.of(
                      "user",
                      Map.of(
                          "name",
                          name,
                          "domain_id",
                          credentials.userDomain(),
                          "description",
                          SIGN,
                          "password",
                          SecretFile.readOrMake(file)))),
          "user %s, its password in %s",
          name,
          file);
    } else if (!SecretFile.exists(file)) {
      ledger.change(
          () ->
              admin.patch(
                  "identity",
                  "/users/" + user.get(),
                  Map.of("user", Map.of("password", SecretFile.readOrMake(file)))),
          "new password of user %s, in %s: there was none to be found",
          name,
          file);
    } else {
      ledger.ok("user %s, its password in %s", name, file);
    }
  }

  private void assign() {
    Optional<String> project = find("projects", asked.projectOrUsual()).map(Identity::id);
    Optional<String> user = find("users", asked.userOrUsual()).map(Identity::id);
    Optional<String> role = find("roles", asked.roleOrUsual()).map(Identity::id);
    if (project.isPresent() && user.isPresent() && role.isPresent()) {
      String path =
          "/projects/%s/users/%s/roles/%s".formatted(project.get(), user.get(), role.get());
      if (admin.call("HEAD", "identity", path, Optional.empty()).isGood()) {
        ledger.ok(
            "user %s has role %s in %s",
            asked.userOrUsual(), asked.roleOrUsual(), asked.projectOrUsual());
        return;
      }
      ledger.change(
          () -> put(path),
          "user %s gets role %s in %s",
          asked.userOrUsual(),
          asked.roleOrUsual(),
          asked.projectOrUsual());
      return;
    }
    ledger.change(
        () -> {},
        "user %s gets role %s in %s",
        asked.userOrUsual(),
        asked.roleOrUsual(),
        asked.projectOrUsual());
  }

  private void put(String path) {
    if (!admin.call("PUT", "identity", path, Optional.empty()).isGood()) {
      ledger.problem("the role could not be given: PUT %s", path);
    }
  }

  private Optional<String> service() {
    ensure(
        "services",
        SERVICE_NAME,
        Map.of(
            "service",
            Map.of(
                "name", SERVICE_NAME,
                "type", SERVICE_TYPE,
                "description", "Shadows of servers on other hardware")));
    return find("services", SERVICE_NAME).map(Identity::id);
  }

  private void endpoints(Optional<String> service) {
    for (String kind : INTERFACES) {
      Optional<JsonNode> there =
          service.flatMap(id ->
              first("/endpoints?interface=%s&service_id=%s".formatted(kind, id), "endpoints"));
      if (there.filter(found -> found.path("url").asText().equals(asked.url())).isPresent()) {
        ledger.ok("%s endpoint %s", kind, asked.url());
      } else if (there.isPresent()) {
        ledger.change(
            () ->
                admin.patch(
                    "identity",
                    "/endpoints/" + there.get().path("id").asText(),
                    Map.of("endpoint", Map.of("url", asked.url()))),
            "%s endpoint becomes %s, was %s",
            kind,
            asked.url(),
            there.get().path("url").asText());
      } else {
        ledger.change(
            () ->
                admin.post(
                    "identity",
                    "/endpoints",
                    Map.of(
                        "endpoint",
                        Map.of(
                            "service_id", service.orElse(""),
                            "interface", kind,
                            "region_id", credentials.region(),
                            "url", asked.url()))),
            "%s endpoint %s",
            kind,
            asked.url());
      }
    }
  }

  private void ensure(String kind, String name, Object body) {
    String one = kind.substring(0, kind.length() - 1);
    if (find(kind, name).isPresent()) {
      ledger.ok("%s %s", one, name);
    } else {
      ledger.change(() -> admin.post("identity", "/" + kind, body), "%s %s", one, name);
    }
  }

  /** Names of users and projects are their own only within a domain. */
  private Optional<JsonNode> find(String kind, String name) {
    String domain =
        switch (kind) {
          case "users" -> "&domain_id=" + encoded(credentials.userDomain());
          case "projects" -> "&domain_id=" + encoded(credentials.projectDomain());
          case "services" -> "&type=" + SERVICE_TYPE;
          default -> "";
        };
    return first("/%s?name=%s%s".formatted(kind, encoded(name), domain), kind);
  }

  private static String encoded(String word) {
    return URLEncoder.encode(word, StandardCharsets.UTF_8);
  }

  private Optional<JsonNode> first(String path, String kind) {
    JsonNode list = admin.get("identity", path).path(kind);
    return list.isEmpty() ? Optional.empty() : Optional.of(list.get(0));
  }
}
