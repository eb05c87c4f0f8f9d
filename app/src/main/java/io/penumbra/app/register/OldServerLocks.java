package io.penumbra.app.register;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.penumbra.adapter.openstack.OpenStackCloud;
import io.penumbra.domain.BadInputException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** Locks that serve has put on old servers: without it nobody would take them off again. */
final class OldServerLocks {

  private static final String LOCKED = "/servers/detail?all_tenants=1&locked=true&limit=1000";

  private final CloudSession admin;
  private final Ledger ledger;

  OldServerLocks(CloudSession admin, Ledger ledger) {
    this.admin = admin;
    this.ledger = ledger;
  }

  void unregister() {
    for (JsonNode server : locked()) {
      if (reason(server).startsWith(OpenStackCloud.LOCK_REASON)) {
        unlock(server.path("id").asText(), reason(server));
      }
    }
    int hidden = hidden();
    if (hidden > 0) {
      ledger.problem(
          "Nova hides the servers of %d hosts, whose cells do not answer: unregister again when they do",
          hidden);
    }
  }

  /** Nova may refuse it, as of a server that is being built anew; the others are unlocked. */
  private void unlock(String id, String reason) {
    try {
      ledger.change(
          () ->
              admin.post(
                  "compute",
                  "/servers/%s/action".formatted(id),
                  JsonNodeFactory.instance.objectNode().putNull("unlock")),
          "server %s unlocked (%s)",
          id,
          reason);
    } catch (BadInputException | UncheckedIOException e) {
      ledger.problem("server %s stays locked: %s", id, String.valueOf(e.getMessage()));
    }
  }

  private static String reason(JsonNode server) {
    return server.path("locked_reason").asText("");
  }

  /** Of every project; Nova gives a page at a time. */
  private List<JsonNode> locked() {
    List<JsonNode> found = new ArrayList<>();
    String path = LOCKED;
    while (true) {
      JsonNode page = admin.get("compute", path);
      page.path("servers").forEach(found::add);
      if (page.path("servers").isEmpty() || page.path("servers_links").isEmpty()) {
        return found;
      }
      path = LOCKED + "&marker=" + found.getLast().path("id").asText();
    }
  }

  /** Hosts of which Nova says only that there is one: its list leaves their servers out. */
  private int hidden() {
    int hidden = 0;
    for (JsonNode service :
        admin.get("compute", "/os-services?binary=nova-compute").path("services")) {
      if (service.path("id").asText("").isEmpty()) {
        hidden++;
      }
    }
    return hidden;
  }
}
