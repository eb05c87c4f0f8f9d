package io.penumbra.adapter.qemu.agent;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.qemu.guest.GuestIdentity;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import java.util.Optional;

/**
 * What a primary's agent says that its guest is, so that a shadow can be held against it.
 *
 * @param guest what it is made of, where its VM's description does not say that
 */
record Identity(GuestIdentity identity, Optional<GuestSpec> guest) {

  private static final String GUEST = "guest";

  static JsonNode of(GuestIdentity identity, QemuGuest guest) {
    ObjectNode said = QemuHypervisor.JSON.valueToTree(identity);
    if (guest.isBorrowed() || guest.spec().carried().isPresent()) {
      said.set(GUEST, QemuHypervisor.JSON.valueToTree(guest.spec()));
    }
    return said;
  }

  static Identity read(JsonNode said) throws HypervisorException {
    if (!said.isObject()) {
      throw new HypervisorException("bad-spec", "nothing says what the primary is");
    }
    try {
      ObjectNode identity = said.deepCopy();
      JsonNode guest = identity.remove(GUEST);
      return new Identity(
          QemuHypervisor.JSON.treeToValue(identity, GuestIdentity.class),
          guest == null
              ? Optional.empty()
              : Optional.of(QemuHypervisor.JSON.treeToValue(guest, GuestSpec.class)));
    } catch (JsonProcessingException e) {
      throw new HypervisorException("bad-spec", "identity: " + e.getOriginalMessage(), e);
    }
  }
}
