package io.penumbra.adapter.traffic.dns;

import io.penumbra.adapter.traffic.dns.DnsRecord.AddressType;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Optional;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/**
 * How one record should be.
 *
 * @param address empty: as it is
 * @param ttl empty: as it is
 */
record RecordWish(DnsRecord record, Optional<InetAddress> address, Optional<Duration> ttl) {

  Name name() {
    return DnsNames.absolute(record.name());
  }

  int type() {
    return record.type() == AddressType.A ? Type.A : Type.AAAA;
  }

  /**
   * The records that should be there, given those that are; empty when there is nothing to keep.
   */
  Optional<RecordSet> wanted(RecordSet is) {
    long seconds = ttl.map(Ttl::of).orElse(is.ttl().orElse(Ttl.of(record.ttlAtFirst())));
    if (address.isEmpty()) {
      return is.isEmpty() ? Optional.empty() : Optional.of(is.withTtl(seconds));
    }
    return Optional.of(RecordSet.of(recordFor(address.get(), seconds)));
  }

  private Record recordFor(InetAddress where, long seconds) {
    return record.type() == AddressType.A
        ? new ARecord(name(), DClass.IN, seconds, where)
        : new AAAARecord(name(), DClass.IN, seconds, where);
  }
}
