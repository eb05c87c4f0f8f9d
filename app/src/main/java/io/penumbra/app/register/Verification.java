package io.penumbra.app.register;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.app.register.CloudSession.Credentials;
import io.penumbra.app.register.CloudSession.Reply;
import io.penumbra.web.JsonClient;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Tries what was set up: the versions, Penumbra's user, and a placement that promises nothing. */
final class Verification {

  private static final Duration SOON = Duration.ofSeconds(10);

  /** Creating a server on a host that is named came with 2.74. */
  private static final int COMPUTE_MINOR_NEEDED = 74;

  private final CloudSession admin;
  private final Registration asked;
  private final Ledger ledger;

  Verification(CloudSession admin, Registration asked, Ledger ledger) {
    this.admin = admin;
    this.asked = asked;
    this.ledger = ledger;
  }

  /** Before anything is changed: whether this cloud is new enough. */
  void versions() {
    JsonNode compute = admin.get("compute", "/").path("version");
    String newest = compute.path("version").asText();
    if (minor(newest) >= COMPUTE_MINOR_NEEDED) {
      ledger.ok("Nova speaks up to %s; 2.%d is needed", newest, COMPUTE_MINOR_NEEDED);
    } else {
      ledger.problem("Nova speaks up to %s; 2.%d is needed", newest, COMPUTE_MINOR_NEEDED);
    }
    if (admin.has("placement")) {
      ledger.ok("Placement is in the catalogue");
    } else {
      ledger.problem("Placement is not in the catalogue");
    }
  }

  private static int minor(String version) {
    try {
      return Integer.parseInt(version.substring(version.indexOf('.') + 1));
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /** Whether Penumbra's user may do what serve does, and no more than that. */
  void rights(Credentials admins) {
    String password = SecretFile.read(Path.of(asked.passwordFile())).orElse("").strip();
    Optional<CloudSession> own =
        CloudSession.open(admins.as(asked.userOrUsual(), password, asked.projectOrUsual()));
    if (own.isEmpty()) {
      ledger.problem(
          "user %s can't log in with the password in %s; remove that file and register again",
          asked.userOrUsual(), asked.passwordFile());
      return;
    }
    try (CloudSession session = own.get()) {
      may(session, "compute", "/os-hypervisors/detail", true);
      may(session, "compute", "/os-services", true);
      may(session, "compute", "/servers/detail?all_tenants=1&limit=1", true);
      may(session, "compute", "/os-aggregates", true);
      may(session, "placement", "/resource_providers", true);
      if (session.has("dns")
          && asked.policies().flatMap(Registration.Policies::designate).isPresent()) {
        may(session, "dns", "/v2/zones?all_projects=true&limit=1", true);
      }
      if (asked.policies().flatMap(Registration.Policies::octavia).isPresent()) {
        sees(session, "load-balancer", "/v2.0/lbaas/pools", "pools", "/members");
      }
      if (asked.policies().flatMap(Registration.Policies::neutron).isPresent()) {
        sees(session, "network", "/v2.0/ports", "ports", "");
      }
      if (asked.policies().flatMap(Registration.Policies::cinder).isPresent()) {
        // by the name that most catalogs have, or by the one that they should have
        sees(session, "volumev3", "/volumes", "volumes", "");
        if (!admin.has("volumev3")) {
          sees(session, "block-storage", "/volumes", "volumes", "");
        }
      }
      may(session, "identity", "/users", false);
    }
  }

  /** Tries one that there is, not of our own if possible: a list would leave out what is hidden. */
  private void sees(CloudSession session, String service, String path, String list, String ofEach) {
    if (!admin.has(service)) {
      return;
    }
    Optional<String> other =
        admin
            .get(service, path + "?limit=100")
            .path(list)
            .valueStream()
            .filter(one -> !session.isOf(one.path("project_id").asText()))
            .map(one -> one.path("id").asText())
            .findFirst();
    if (other.isPresent()) {
      may(session, service, path + "/" + other.get() + ofEach, true);
    } else {
      ledger.ok("no other project has %s yet to try the rights in %s with", list, service);
    }
  }

  private void may(CloudSession session, String service, String path, boolean wanted) {
    Reply reply = session.call("GET", service, path, Optional.empty());
    if (reply.isGood() == wanted) {
      ledger.ok(
          "user %s %s %s of %s",
          asked.userOrUsual(), wanted ? "reads" : "does not get", path, service);
    } else if (wanted) {
      ledger.problem(
          "user %s is refused %s of %s with status %d; is the policy in place, and that API restarted?",
          asked.userOrUsual(), path, service, reply.status());
    } else {
      ledger.problem(
          "user %s gets %s of %s: role %s has more rights than it needs",
          asked.userOrUsual(), path, service, asked.roleOrUsual());
    }
  }

  /** Asks as nova-scheduler would, about every host, and has nothing promised. */
  void placement() throws InterruptedException {
    if (asked.scheduler().isEmpty()) {
      ledger.ok("no placement tried: nova-scheduler and its token are elsewhere");
      return;
    }
    List<String> hosts = new ArrayList<>();
    for (JsonNode service :
        admin.get("compute", "/os-services?binary=nova-compute").path("services")) {
      hosts.add(service.path("host").asText());
    }
    String token =
        SecretFile.read(Path.of(asked.scheduler().get().tokenFileOrUsual())).orElse("").strip();
    try (JsonClient serve =
        new JsonClient(URI.create(asked.url()), Optional.of(token), Optional.empty(), SOON)) {
      switch (serve.post("/v1/placements", question(hosts), JsonNode.class, SOON)) {
        case io.penumbra.web.Reply.Ok<JsonNode>(JsonNode scores) -> tell(scores, hosts);
        case io.penumbra.web.Reply.Refused<JsonNode> refused ->
            ledger.problem(
                "Penumbra refuses the question: %d %s", refused.status(), refused.detail());
        case io.penumbra.web.Reply.Unreachable<JsonNode> away ->
            ledger.problem(
                "%s; start penumbra serve, then register again: Nova decides alone until then",
                away.why());
        case io.penumbra.web.Reply.Unclear<JsonNode> unclear -> ledger.problem("%s", unclear.why());
      }
    }
  }

  private static Map<String, Object> question(List<String> hosts) {
    return Map.of(
        "request",
        "penumbra-register",
        "vm",
        "penumbra-register",
        "project",
        "penumbra-register",
        "flavor",
        "penumbra-register",
        "vcpus",
        1,
        "memoryMib",
        64,
        "diskGib",
        1,
        "extraSpecs",
        Map.of("penumbra:mode", "warm"),
        "hosts",
        hosts,
        "claim",
        false);
  }

  private void tell(JsonNode scores, List<String> hosts) {
    List<String> unknown = new ArrayList<>(hosts);
    scores.path("hosts").forEach(line -> unknown.remove(line.path("host").asText()));
    if (!unknown.isEmpty()) {
      ledger.problem(
          "Penumbra does not know %d of %d computes: %s", unknown.size(), hosts.size(), unknown);
    }
    if (scores.hasNonNull("primary")) {
      ledger.ok(
          "a server with penumbra:mode=warm would go to %s, its shadow to %s (%s)",
          scores.path("primary").asText(), scores.path("shadows"), scores.path("why").asText());
    } else {
      ledger.problem("no host for a server of 64 MiB: %s", scores.path("why").asText());
    }
  }
}
