package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.Rest;
import io.penumbra.adapter.openstack.api.Session;
import java.util.List;
import java.util.Optional;

/**
 * Gives the ports of a VM's old server to its new one: addresses stay what they were, and floating
 * ones come along. A shadow has none before, so it neither sends nor receives anything.
 */
final class Ports {

  private final Session session;
  private final Rest rest;

  Ports(Session session, Rest rest) {
    this.session = session;
    this.rest = rest;
  }

  /** Takes every port that others of the VM's servers have; the ports say whose they are. */
  void take(ServerRecord server, List<ServerRecord> others) throws InterruptedException, Refusal {
    if (!session.has("network")) {
      return;
    }
    for (ServerRecord other : others) {
      for (JsonNode port : portsOf(other.id())) {
        release(port, server);
      }
    }
    // Those that were released, perhaps by an attempt that broke off, still say for whom.
    for (JsonNode port : list("/v2.0/ports?description=" + waitingFor(server))) {
      attach(port, server);
    }
  }

  private static String waitingFor(ServerRecord server) {
    return "penumbra:for=" + server.id();
  }

  private List<JsonNode> portsOf(String server) throws InterruptedException {
    return list("/v2.0/ports?device_id=" + server);
  }

  private List<JsonNode> list(String path) throws InterruptedException {
    return rest.all("network", "", path, "ports");
  }

  private void release(JsonNode port, ServerRecord server) throws InterruptedException, Refusal {
    ObjectNode body = Rest.object();
    ObjectNode change = body.putObject("port");
    change.put("device_id", "");
    change.put("device_owner", "");
    change.put("binding:host_id", "");
    change.put("description", waitingFor(server));
    change(port, body);
  }

  private void attach(JsonNode port, ServerRecord server) throws InterruptedException, Refusal {
    String holder = port.path("device_id").asText("");
    String id = port.path("id").asText();
    if (!holder.isEmpty() && !holder.equals(server.id())) {
      return; // somebody has taken it since
    }
    if (holder.isEmpty()) {
      ObjectNode order = Rest.object();
      order.putObject("interfaceAttachment").put("port_id", id);
      Answer answer =
          rest.ask(
              "compute",
              "compute 2.87",
              "POST",
              "/servers/" + server.id() + "/os-interface",
              Optional.of(order));
      if (!ServerWork.isOk(answer)) {
        throw Refusal.of("attaching port " + id, answer);
      }
    }
    ObjectNode body = Rest.object();
    body.putObject("port").put("description", "");
    change(port, body);
  }

  private void change(JsonNode port, ObjectNode body) throws InterruptedException, Refusal {
    String id = port.path("id").asText();
    Answer answer = rest.ask("network", "", "PUT", "/v2.0/ports/" + id, Optional.of(body));
    if (!ServerWork.isOk(answer)) {
      throw Refusal.of("port " + id, answer);
    }
  }
}
