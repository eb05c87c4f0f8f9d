package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.openstack.api.Session;
import io.penumbra.domain.VmId;
import java.util.Arrays;
import java.util.Optional;

/**
 * Whose recordsets and pools are turned for whose VMs: those of the project of its owner. Ids are
 * no secrets, and Penumbra may change everybody's.
 *
 * <p>One of our own project may be everybody's, such as a zone that the operator keeps for all;
 * that a VM says its id proves nothing, nor does it that its address stands there, for a tenant may
 * give his server any address in a network of his own. So whoever keeps it says himself for whose
 * VMs it is: {@code penumbra:project=ID} in its description.
 */
final class Ownership {

  private final Session session;
  private final Books books;

  Ownership(Session session, Books books) {
    this.session = session;
    this.books = books;
  }

  /** Whether something, as its service describes it, is of the project of a VM's owner. */
  boolean isOf(VmId vm, JsonNode thing) {
    String project = thing.path("project_id").asText("");
    return !project.isEmpty() && Optional.of(project).equals(owner(vm));
  }

  private Optional<String> owner(VmId vm) {
    return books.primary(vm).map(server -> server.vm().project().value());
  }

  /** Refuses what may not be changed for that VM. */
  void check(VmId vm, Mark mark, String id, JsonNode thing) throws Refusal {
    boolean ours = Optional.of(thing.path("project_id").asText("")).equals(session.project());
    if (!isOf(vm, thing) && !(ours && names(thing, owner(vm)))) {
      throw Refusal.failed(
          OpenStackTraffic.BAD_METADATA,
          "%s has %s, which is not of this server's project %s"
              .formatted(mark.key(), id, owner(vm).orElse("")));
    }
  }

  private static boolean names(JsonNode thing, Optional<String> owner) {
    String[] said = thing.path("description").asText("").split("[\\s,;]+", -1);
    return owner.isPresent()
        && Arrays.asList(said).contains("%s=%s".formatted(Mark.PROJECT.key(), owner.get()));
  }
}
