package io.penumbra.adapter.openstack;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.Neutron;
import io.penumbra.adapter.openstack.api.Rest;
import io.penumbra.adapter.openstack.api.Session;
import io.penumbra.domain.HostId;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Gives the ports of a VM's old server to its new one: addresses stay what they were, and floating
 * ones come along. A shadow has none before, so it neither sends nor receives anything.
 *
 * <p>Not every port can follow. Nova plugs none of another project's into a server; and in a routed
 * network each rack has a segment and a subnet of its own, where a port's address is good in its
 * own only, as Neutron says then. So the new server gets a stand-in: another port of that network,
 * with an address that is good where it stands, and the old one stays what it was. Its floating
 * addresses lead to the stand-in from then on, whoever owns them.
 *
 * @see <a href="https://docs.openstack.org/neutron/latest/admin/config-routed-networks.html">Routed
 *     provider networks</a>
 */
final class Ports {

  private static final System.Logger LOG = System.getLogger(Ports.class.getName());

  /** What a stand-in has of the port that it stands in for. */
  private static final List<String> KEPT =
      List.of(
          "network_id",
          "security_groups",
          "admin_state_up",
          "port_security_enabled",
          "allowed_address_pairs",
          "binding:vnic_type");

  private final Session session;
  private final Rest rest;
  private final Neutron neutron;

  Ports(Session session, Rest rest) {
    this.session = session;
    this.rest = rest;
    neutron = new Neutron(rest);
  }

  /** Takes every port that others of the VM's servers have; the ports say whose they are. */
  void take(ServerRecord server, List<ServerRecord> others) throws InterruptedException, Refusal {
    if (!session.has("network")) {
      return;
    }
    List<JsonNode> theirs = new ArrayList<>();
    for (ServerRecord other : others) {
      theirs.addAll(portsOf(other));
    }
    TreeMap<String, List<JsonNode>> held = new TreeMap<>();
    for (JsonNode port : theirs) {
      held.computeIfAbsent(StandIn.first(port), key -> new ArrayList<>()).add(port);
    }
    for (JsonNode own : portsOf(server)) {
      held.remove(StandIn.first(own));
    }
    for (Map.Entry<String, List<JsonNode>> same : held.entrySet()) {
      if (!moved(same.getValue(), server)) {
        replace(same.getKey(), same.getValue().getLast(), server);
      }
    }
    // Those that were released, perhaps by an attempt that broke off, still say for whom.
    for (JsonNode port : neutron.ports("description", StandIn.waitingFor(server.id()))) {
      attach(port, server);
    }
    lead(theirs, server);
  }

  private static String project(ServerRecord server) {
    return server.papers().project();
  }

  private static String id(JsonNode port) {
    return port.path("id").asText();
  }

  /**
   * Has Nova look again which ports an old server has. It unbinds, when that is deleted, whatever
   * it remembers as a port that it has not made itself, also if another server has it by now.
   */
  void letGo(ServerRecord old, ServerRecord now) throws InterruptedException {
    if (!session.has("network")) {
      return;
    }
    ObjectNode body = Rest.object();
    ArrayNode events = body.putArray("events");
    for (JsonNode port : portsOf(now)) {
      events
          .addObject()
          .put("name", "network-changed")
          .put("server_uuid", old.id())
          .put("tag", id(port));
    }
    if (!events.isEmpty()) {
      rest.ask("compute", "compute 2.87", "POST", "/os-server-external-events", Optional.of(body));
    }
  }

  /** What was made for a server goes with it: Nova leaves alone what it has not made itself. */
  void discard(ServerRecord server) throws InterruptedException, Refusal {
    if (!session.has("network")) {
      return;
    }
    for (JsonNode port : portsOf(server)) {
      if (StandIn.is(port)) {
        Answer answer = neutron.delete(id(port));
        boolean absent = answer instanceof Answer.Refused no && no.isAbsent();
        if (!absent && !ServerWork.isOk(answer)) {
          throw Refusal.of("port " + id(port), answer);
        }
      }
    }
  }

  /** Floating addresses by which a server is found; Nova itself hears of them later. */
  List<String> floating(ServerRecord server) throws InterruptedException {
    List<String> found = new ArrayList<>();
    if (session.has("network")) {
      for (JsonNode port : portsOf(server)) {
        neutron
            .floating(id(port))
            .forEach(one -> found.add(one.path("floating_ip_address").asText()));
      }
    }
    return found;
  }

  private List<JsonNode> portsOf(ServerRecord server) throws InterruptedException {
    return neutron.ports("device_id", server.id());
  }

  private boolean moved(List<JsonNode> ports, ServerRecord server)
      throws InterruptedException, Refusal {
    for (JsonNode port : ports) {
      if (release(port, server)) {
        return true;
      }
    }
    return false;
  }

  /** Whether it can follow; if it can't, nothing has changed. */
  private boolean release(JsonNode port, ServerRecord server) throws InterruptedException, Refusal {
    String owner = port.path("project_id").asText(port.path("tenant_id").asText(""));
    if (!owner.isEmpty() && !owner.equals(project(server))) {
      return false;
    }
    ObjectNode body = Rest.object();
    ObjectNode change = body.putObject("port");
    change.put("device_id", "");
    change.put("device_owner", "");
    change.put("binding:host_id", server.host().map(HostId::value).orElse(""));
    change.put("description", StandIn.waitingFor(server.id()));
    if (!port.path("dns_name").asText("").isEmpty()) {
      change.put("dns_name", ""); // the old server's; Nova wants none, or the new one's
    }
    Answer answer = neutron.change(id(port), body);
    if (answer instanceof Answer.Refused no && no.status() == 409) {
      return false;
    }
    if (!ServerWork.isOk(answer)) {
      throw Refusal.of("port " + id(port), answer);
    }
    return true;
  }

  /** Another port of the same network; one that an attempt before has made is it already. */
  private void replace(String first, JsonNode port, ServerRecord server)
      throws InterruptedException, Refusal {
    for (JsonNode made : neutron.ports("name", StandIn.nameFor(first))) {
      if (made.path("description").asText().equals(StandIn.waitingFor(server.id()))) {
        return;
      }
    }
    ObjectNode body = Rest.object();
    ObjectNode other = body.putObject("port");
    other.put("name", StandIn.nameFor(first));
    other.put("project_id", project(server));
    other.put("description", StandIn.waitingFor(server.id()));
    other.put("binding:host_id", server.host().map(HostId::value).orElse(""));
    for (String kept : KEPT) {
      if (port.hasNonNull(kept)) {
        other.set(kept, port.get(kept));
      }
    }
    Answer answer = neutron.create(body);
    if (!ServerWork.isOk(answer)) {
      throw Refusal.of("a port instead of " + id(port), answer);
    }
  }

  private void attach(JsonNode port, ServerRecord server) throws InterruptedException, Refusal {
    String holder = port.path("device_id").asText("");
    if (!holder.isEmpty() && !holder.equals(server.id())) {
      return; // somebody has taken it since
    }
    if (holder.isEmpty()) {
      renew(port, server);
      ObjectNode order = Rest.object();
      order.putObject("interfaceAttachment").put("port_id", id(port));
      Answer answer =
          rest.ask(
              "compute",
              "compute 2.87",
              "POST",
              "/servers/" + server.id() + "/os-interface",
              Optional.of(order));
      if (!ServerWork.isOk(answer)) {
        throw Refusal.of("attaching port " + id(port), answer);
      }
    }
    ObjectNode body = Rest.object();
    body.putObject("port").put("description", StandIn.heldBy(server.id()));
    Answer answer = neutron.change(id(port), body);
    if (!ServerWork.isOk(answer)) {
      throw Refusal.of("port " + id(port), answer);
    }
  }

  /**
   * Gives a port another MAC. Nova keeps the pair of MAC and port of every server until that is
   * deleted ({@code virtual_interfaces}), and plugs in no port whose pair another server has; what
   * it says is 500, with the port at the new server in Neutron's eyes and not in its own. Neutron
   * lets a MAC be changed while the port is bound nowhere.
   */
  private void renew(JsonNode port, ServerRecord server) throws InterruptedException, Refusal {
    byte[] seed =
        "%s %s %d".formatted(server.id(), id(port), server.number(Mark.TERM)).getBytes(UTF_8);
    String hash = UUID.nameUUIDFromBytes(seed).toString();
    String mac =
        "fa:16:3e:%s:%s:%s"
            .formatted(hash.substring(0, 2), hash.substring(2, 4), hash.substring(4, 6));
    for (Map.Entry<String, String> field :
        List.of(Map.entry("binding:host_id", ""), Map.entry("mac_address", mac))) {
      ObjectNode body = Rest.object();
      body.putObject("port").put(field.getKey(), field.getValue());
      Answer answer = neutron.change(id(port), body);
      if (answer instanceof Answer.Broken) {
        throw Refusal.of("port " + id(port), answer);
      }
    }
  }

  /**
   * Floating addresses of ports that stayed lead to what stands in for those. One that can't, as
   * where no router is on the way, holds nobody up: its VM runs and has other addresses.
   */
  private void lead(List<JsonNode> theirs, ServerRecord server)
      throws InterruptedException, Refusal {
    TreeMap<String, String> own = new TreeMap<>();
    portsOf(server).forEach(port -> own.put(StandIn.first(port), id(port)));
    for (JsonNode port : theirs) {
      String now = own.getOrDefault(StandIn.first(port), id(port));
      if (now.equals(id(port))) {
        continue;
      }
      for (JsonNode floating : neutron.floating(id(port))) {
        Answer answer = neutron.leadTo(floating.path("id").asText(), now);
        if (answer instanceof Answer.Refused no) {
          LOG.log(
              Level.WARNING,
              "floating address {0} does not follow {1}: status {2}, {3}",
              floating.path("floating_ip_address").asText(),
              server.vmId(),
              no.status(),
              no.message());
        } else if (!ServerWork.isOk(answer)) {
          throw Refusal.of("floating address " + floating.path("id").asText(), answer);
        }
      }
    }
  }
}
