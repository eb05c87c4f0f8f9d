package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import java.time.Instant;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Clients of one VM may be sent where it is not. Written down before that can come true, and until
 * both ways were seen to point to where it is. Mutable; owned by the loop.
 */
final class Redirect {

  /** Wherever clients may still be sent; no shadow may stand there. */
  final TreeSet<HostId> maybeAt = new TreeSet<>();

  /** Where the load balancer was last seen to point, and where the name. */
  Optional<HostId> loadBalancerAt = Optional.empty();

  Optional<HostId> dnsAt = Optional.empty();

  /** When to ask again. */
  Instant notBefore = Instant.MIN;
}
