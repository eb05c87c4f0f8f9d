package io.penumbra.adapter.traffic.dns;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * One zone and who answers for it.
 *
 * @param name {@code apps.example.org}
 * @param primary takes the updates
 * @param secondaries the other authoritative servers, which are asked too before a change counts
 * @param key signs updates and the questions to the primary
 * @param patience for one question and its answer
 * @param visibleWithin how long the last server may take to show a change
 */
public record DnsZone(
    String name,
    InetSocketAddress primary,
    List<InetSocketAddress> secondaries,
    Optional<TsigKey> key,
    Duration patience,
    Duration visibleWithin) {

  public DnsZone {
    if (!patience.isPositive() || !visibleWithin.isPositive()) {
      throw new IllegalArgumentException(
          "zone %s: patience %s, visibleWithin %s; expected more than nothing"
              .formatted(name, patience, visibleWithin));
    }
    DnsNames.absolute(name);
    secondaries = List.copyOf(secondaries);
  }
}
