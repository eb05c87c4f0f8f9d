package io.penumbra.adapter.traffic;

import io.penumbra.adapter.traffic.dns.DnsRecord;
import io.penumbra.adapter.traffic.haproxy.Slot;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How clients find one VM.
 *
 * @param slots its servers, by the name of the load balancer
 * @param records its names, by the zone
 */
public record VmTraffic(Map<String, List<Slot>> slots, Map<String, List<DnsRecord>> records) {

  public VmTraffic {
    slots = Collections.unmodifiableMap(new TreeMap<>(slots));
    records = Collections.unmodifiableMap(new TreeMap<>(records));
  }

  public static VmTraffic none() {
    return new VmTraffic(Map.of(), Map.of());
  }
}
