package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.openstack.ServerRecord.Role;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.Neutron;
import io.penumbra.adapter.openstack.api.Rest;
import io.penumbra.adapter.openstack.api.Session;
import io.penumbra.domain.HostId;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Optional;

/**
 * Removes stand-ins whose server is gone. Nova only unplugs a port that it has not made itself, so
 * one stays when the owner of a promoted server deletes that, and nobody else knows what it was
 * for.
 *
 * <p>And gives ports back: with a VM's old server Nova unbinds every port that it remembers there
 * and has not made itself, also if the VM's new server has it by now.
 */
final class StandInSweep implements Sweeper.Sweep {

  private static final System.Logger LOG = System.getLogger(StandInSweep.class.getName());

  private static final Duration SETTLES = Duration.ofSeconds(2);

  private final Session session;
  private final Neutron neutron;
  private final Lookout lookout;

  StandInSweep(Session session, Rest rest, Lookout lookout) {
    this.session = session;
    neutron = new Neutron(rest);
    this.lookout = lookout;
  }

  /** They are all of our own project, which is that of the servers they are made for. */
  @Override
  public boolean sweep() throws InterruptedException {
    Optional<String> project = session.project();
    if (!session.has("network") || project.isEmpty()) {
      return true;
    }
    for (JsonNode port : neutron.ports("project_id", project.get())) {
      if (isFree(port)) {
        Optional<String> server = StandIn.server(port);
        if (server.isPresent() && lookout.look(server.get()).isEmpty()) {
          remove(port, server.get());
        } else if (hasLost(port)) {
          Thread.sleep(SETTLES); // who unplugs it on purpose has Nova forget it a moment later
          giveBack(port);
        }
      }
    }
    return true;
  }

  private static boolean isFree(JsonNode port) {
    return port.path("device_id").asText("").isEmpty();
  }

  private void remove(JsonNode port, String server) throws InterruptedException {
    Answer answer = neutron.delete(port.path("id").asText());
    LOG.log(
        Level.INFO,
        "port {0} was made for server {1}, which is gone: {2}",
        port.path("id").asText(),
        server,
        ServerWork.isOk(answer) ? "deleted" : answer.toString());
  }

  /** Whether Nova believes that a server has it still. */
  private boolean hasLost(JsonNode port) throws InterruptedException {
    Optional<String> holder = StandIn.holder(port);
    Optional<ServerRecord> server =
        holder.isPresent() ? lookout.look(holder.get()) : Optional.empty();
    return server.filter(there -> there.role() == Role.PRIMARY && has(there, port)).isPresent();
  }

  private static boolean has(ServerRecord server, JsonNode port) {
    for (JsonNode address : port.path("fixed_ips")) {
      if (server.addresses().contains(address.path("ip_address").asText())) {
        return true;
      }
    }
    return false;
  }

  private void giveBack(JsonNode seen) throws InterruptedException {
    String id = seen.path("id").asText();
    for (JsonNode port : neutron.ports("id", id)) {
      if (isFree(port) && hasLost(port)) {
        String server = StandIn.holder(port).orElseThrow();
        Optional<HostId> host = lookout.look(server).flatMap(ServerRecord::host);
        ObjectNode body = Rest.object();
        ObjectNode change = body.putObject("port");
        change.put("device_id", server);
        change.put("device_owner", "compute:nova");
        change.put("binding:host_id", host.map(HostId::value).orElse(""));
        Answer answer = neutron.change(id, body);
        LOG.log(
            Level.WARNING,
            "port {0} was unbound with an old server, and server {1} has it: {2}",
            id,
            server,
            ServerWork.isOk(answer) ? "given back" : answer.toString());
      }
    }
  }
}
