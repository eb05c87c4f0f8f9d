package io.penumbra.adapter.qemu.agent;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.PortForward;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How a VM's description says that libvirt runs its guest: by its domain, with what libvirt does
 * not know. The last two may be another on each host, in a further object that has {@code On} at
 * the end of its name, as for all guests.
 *
 * @param domain its name or UUID
 * @param address where the guest itself is reached, whatever host it is on
 * @param forwards lead ports of the host to the guest where a card's network is {@code user}
 * @param networks how a shadow's cards are connected, by the names that libvirt gives them ({@code
 *     hostnet0}): {@code bridge:NAME}, {@code tap:INTERFACE} or {@code user}
 */
record DomainGuest(
    String domain,
    Optional<String> address,
    List<PortForward> forwards,
    SortedMap<String, String> networks) {

  static final String DOMAIN = "domain";

  private static final List<String> KNOWN =
      List.of(DOMAIN, "address", "forwards", "forwardsOn", "networks", "networksOn");

  DomainGuest {
    forwards = List.copyOf(forwards);
    networks = new TreeMap<>(networks);
  }

  /** Whether that is a description of a domain. */
  static boolean is(JsonNode guest) {
    return guest.has(DOMAIN);
  }

  /** Reads one, as it is meant on a host. */
  static DomainGuest read(JsonNode guest, String host) throws HypervisorException {
    for (var field : guest.properties()) {
      if (!KNOWN.contains(field.getKey())) {
        throw new HypervisorException(
            "bad-spec", "guest: '%s'; expected %s".formatted(field.getKey(), KNOWN));
      }
    }
    try {
      List<PortForward> forwards = new ArrayList<>();
      for (JsonNode forward : here(guest, "forwards", host)) {
        forwards.add(QemuHypervisor.JSON.treeToValue(forward, PortForward.class));
      }
      SortedMap<String, String> networks = new TreeMap<>();
      for (var network : here(guest, "networks", host).properties()) {
        networks.put(network.getKey(), network.getValue().asText());
      }
      return new DomainGuest(
          guest.path(DOMAIN).asText(),
          Optional.ofNullable(guest.get("address")).map(JsonNode::asText),
          forwards,
          networks);
    } catch (JsonProcessingException e) {
      throw new HypervisorException("bad-spec", "guest: " + e.getOriginalMessage(), e);
    }
  }

  private static JsonNode here(JsonNode guest, String name, String host) {
    JsonNode own = guest.path(name + "On").path(host);
    return own.isMissingNode() ? guest.path(name) : own;
  }

  /** What its primary's agent has found, with what is said here. */
  GuestSpec onto(GuestSpec found) {
    return found
        .withForwards(forwards)
        .withCarried(found.carried().map(line -> line.connected(networks, address)));
  }
}
