package io.penumbra.adapter.qemu.api;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.domain.Vm;
import java.time.Duration;
import java.util.Optional;

/**
 * A VM as an agent needs to know it: what its cloud says of it, and how its guest is started.
 *
 * @param vm size, tags and protection policy
 * @param service how to ask whether it serves; without one, a running guest is taken to serve
 * @param guest how the hypervisor starts it: memory, disks, ports; only the hypervisor reads it
 * @param identity what the primary's hypervisor says it is, so that a shadow can be held against
 *     it; its agent fills it in
 */
public record VmSpec(
    Vm vm, Optional<ServiceCheck> service, JsonNode guest, Optional<JsonNode> identity) {

  /** A VM as whoever wants it describes it. */
  public VmSpec(Vm vm, Optional<ServiceCheck> service, JsonNode guest) {
    this(vm, service, guest, Optional.empty());
  }

  /** The same with another guest and another way to ask its service. */
  public VmSpec withGuest(JsonNode other, ServiceCheck check) {
    return new VmSpec(vm, Optional.of(check), other, identity);
  }

  /** The same with what its hypervisor says it is. */
  public VmSpec withIdentity(Optional<JsonNode> said) {
    return new VmSpec(vm, service, guest, said);
  }

  /** The same guest described anew: its owner wants another protection. */
  public VmSpec withVm(Vm changed) {
    return new VmSpec(changed, service, guest, identity);
  }

  /**
   * How to ask a service on a forwarded port whether it answers.
   *
   * @param port name of the guest's port
   * @param kind what is said to it
   * @param path for {@code HTTP}: what is got; a status below 500 is an answer
   * @param timeout how long one attempt may take
   */
  public record ServiceCheck(String port, Kind kind, String path, Duration timeout) {

    /** What is said to the service. */
    public enum Kind {
      /** Nothing; that somebody accepts and keeps the connection is enough. */
      TCP,
      /** Redis' PING; anything that is said back is an answer. */
      RESP,
      /** A GET. */
      HTTP
    }

    public ServiceCheck {
      if (!timeout.isPositive()) {
        throw new IllegalArgumentException(
            "service check with a timeout of %s; expected more than nothing".formatted(timeout));
      }
    }
  }
}
