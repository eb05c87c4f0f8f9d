package io.penumbra.adapter.traffic;

import java.net.InetAddress;
import java.util.Optional;

/**
 * Where a VM is reached when it is on a host.
 *
 * @param main for load balancers, and for names of its family
 * @param other of the other family, for names
 */
public record HostAddresses(InetAddress main, Optional<InetAddress> other) {

  public HostAddresses {
    if (other.isPresent() && other.get().getClass() == main.getClass()) {
      throw new IllegalArgumentException(
          "%s and %s are of one family; expected one IPv4 and one IPv6 address"
              .formatted(main.getHostAddress(), other.get().getHostAddress()));
    }
  }

  public static HostAddresses of(InetAddress main) {
    return new HostAddresses(main, Optional.empty());
  }

  /** The one of a family, when there is one. */
  Optional<InetAddress> of(Class<? extends InetAddress> family) {
    return family.isInstance(main) ? Optional.of(main) : other.filter(family::isInstance);
  }
}
