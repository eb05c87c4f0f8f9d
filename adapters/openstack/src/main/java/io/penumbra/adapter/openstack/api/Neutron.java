package io.penumbra.adapter.openstack.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * Ports and the floating addresses on them.
 *
 * @see <a href="https://docs.openstack.org/api-ref/network/v2/">Networking API v2.0</a>
 */
public final class Neutron {

  private static final String TYPE = "network";
  private static final String PORTS = "/v2.0/ports";
  private static final String FLOATING = "/v2.0/floatingips";

  private final Rest rest;

  public Neutron(Rest rest) {
    this.rest = rest;
  }

  /** Ports of which a field has this value. */
  public List<JsonNode> ports(String field, String value) throws InterruptedException {
    return rest.all(TYPE, "", PORTS + "?" + field + "=" + value, "ports");
  }

  public Answer create(JsonNode port) throws InterruptedException {
    return rest.ask(TYPE, "", "POST", PORTS, Optional.of(port));
  }

  public Answer change(String port, JsonNode change) throws InterruptedException {
    return rest.ask(TYPE, "", "PUT", PORTS + "/" + port, Optional.of(change));
  }

  public Answer delete(String port) throws InterruptedException {
    return rest.ask(TYPE, "", "DELETE", PORTS + "/" + port, Optional.empty());
  }

  /** Floating addresses that lead to a port; none where the cloud has no routers. */
  public List<JsonNode> floating(String port) throws InterruptedException {
    String path = FLOATING + "?port_id=" + port;
    boolean none = rest.get(TYPE, "", path) instanceof Answer.Refused no && no.isAbsent();
    return none ? List.of() : rest.all(TYPE, "", path, "floatingips");
  }

  /** Has a floating address lead to another port. */
  public Answer leadTo(String floating, String port) throws InterruptedException {
    ObjectNode body = Rest.object();
    body.putObject("floatingip").put("port_id", port);
    return rest.ask(TYPE, "", "PUT", FLOATING + "/" + floating, Optional.of(body));
  }
}
