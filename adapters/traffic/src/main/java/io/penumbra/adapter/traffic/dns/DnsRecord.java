package io.penumbra.adapter.traffic.dns;

import java.time.Duration;

/**
 * A name that means one VM.
 *
 * @param name from the root: {@code redis.apps.example.org}
 * @param type whether it is the VM's IPv4 or its IPv6 address
 * @param ttlAtFirst when the record does not exist yet
 */
public record DnsRecord(String name, AddressType type, Duration ttlAtFirst) {

  /** The two kinds of address records. */
  public enum AddressType {
    A,
    AAAA
  }

  public DnsRecord {
    DnsNames.absolute(name);
    Ttl.of(ttlAtFirst);
  }
}
