package io.penumbra.adapter.qemu.agent;

import io.penumbra.domain.fleet.Host;
import io.penumbra.scheduler.lease.LeaseTerms;
import io.penumbra.sync.frame.FrameKey;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/**
 * What one agent is told when it starts.
 *
 * @param host the host it stands on, as placement is to see it
 * @param directory where it keeps what it must remember, and its guests' files
 * @param address where others reach its API, for example {@code http://10.0.0.5:7070}
 * @param controllers addresses of the controllers, asked in this order
 * @param token the secret that agents and controller share
 * @param tls for calls to others; without it they go in the clear
 * @param dataAddresses where epochs come in, one per network path
 * @param stateKey seals epochs on the wire
 * @param lease how long a primary serves after it was renewed
 * @param heartbeat from one to the next
 * @param gatePatience how long a cut waits for a quiet moment of the service
 * @param scrubbing how guests' memory is read a second time
 * @param weightUnderPressure what guests weigh against everything else while work waits for the
 *     CPU; 100 is normal, 0 for no change
 */
public record AgentSettings(
    Host host,
    Path directory,
    String address,
    List<String> controllers,
    String token,
    Optional<SSLContext> tls,
    List<InetAddress> dataAddresses,
    Optional<FrameKey> stateKey,
    LeaseTerms lease,
    Duration heartbeat,
    Duration gatePatience,
    Scrubbing scrubbing,
    int weightUnderPressure) {

  public AgentSettings {
    controllers = List.copyOf(controllers);
    dataAddresses = List.copyOf(dataAddresses);
    if (weightUnderPressure < 0 || weightUnderPressure > 10_000) {
      throw new IllegalArgumentException(
          "weight under pressure %d; expected 0 to 10000".formatted(weightUnderPressure));
    }
    if (dataAddresses.isEmpty()) {
      throw new IllegalArgumentException("no data address; expected one or more");
    }
    if (!heartbeat.isPositive() || heartbeat.multipliedBy(4).compareTo(lease.lasts()) > 0) {
      throw new IllegalArgumentException(
          "heartbeat every %s, lease of %s; expected at least four heartbeats in a lease"
              .formatted(heartbeat, lease.lasts()));
    }
  }

  /** The secret stays out of logs. */
  @Override
  public String toString() {
    return "agent of %s at %s in %s".formatted(host.id(), address, directory);
  }
}
