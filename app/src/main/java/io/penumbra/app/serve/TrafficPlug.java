package io.penumbra.app.serve;

import io.penumbra.adapter.traffic.HostAddresses;
import io.penumbra.adapter.traffic.SteeringRouter;
import io.penumbra.adapter.traffic.TrafficDirectory;
import io.penumbra.adapter.traffic.VmTraffic;
import io.penumbra.adapter.traffic.dns.DnsRecord;
import io.penumbra.adapter.traffic.dns.DnsZone;
import io.penumbra.adapter.traffic.dns.TsigKey;
import io.penumbra.adapter.traffic.dns.ZoneEditor;
import io.penumbra.adapter.traffic.haproxy.Haproxy;
import io.penumbra.adapter.traffic.haproxy.ServerName;
import io.penumbra.adapter.traffic.haproxy.Slot;
import io.penumbra.app.HostPort;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.scheduler.port.EventSink;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Load balancers and name servers as the configuration names them. */
final class TrafficPlug implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(2);
  private static final Duration VISIBLE_WITHIN = Duration.ofSeconds(10);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(5);
  private static final Duration TTL = Duration.ofSeconds(30);

  private final SteeringRouter router;

  private TrafficPlug(SteeringRouter router) {
    this.router = router;
  }

  static TrafficPlug of(CloudConfig.Agents agents, EventSink sink) {
    CloudConfig.Traffic traffic =
        agents
            .traffic()
            .orElseGet(() -> new CloudConfig.Traffic(Optional.empty(), Optional.empty(), Map.of()));
    Map<VmId, VmTraffic> vms = new TreeMap<>();
    new TreeMap<>(traffic.vms()).forEach((vm, place) -> vms.put(VmId.of(vm), traffic(place)));
    Map<HostId, HostAddresses> hosts = new TreeMap<>();
    new TreeMap<>(agents.hosts().orElse(Map.of()))
        .forEach((host, known) ->
            known
                .address()
                .ifPresent(at ->
                    hosts.put(
                        HostId.of(host),
                        HostAddresses.of(HostPort.numeric("cloud.hosts." + host, at)))));
    return new TrafficPlug(
        new SteeringRouter(
            balancers(traffic),
            zones(traffic),
            new Directory(vms, hosts),
            LOOK_EVERY,
            InstantSource.system(),
            sink));
  }

  private record Directory(Map<VmId, VmTraffic> vms, Map<HostId, HostAddresses> hosts)
      implements TrafficDirectory {
    @Override
    public VmTraffic of(VmId vm) {
      return vms.getOrDefault(vm, VmTraffic.none());
    }

    @Override
    public Optional<HostAddresses> addresses(VmId vm, HostId host) {
      return Optional.ofNullable(hosts.get(host));
    }
  }

  private static List<Haproxy> balancers(CloudConfig.Traffic traffic) {
    List<Haproxy> balancers = new ArrayList<>();
    new TreeMap<>(traffic.haproxy().orElse(Map.of()))
        .forEach((name, known) ->
            balancers.add(
                new Haproxy(
                    new Haproxy.Settings(
                        name,
                        UnixDomainSocketAddress.of(known.socket()),
                        PATIENCE,
                        known.stateFile().map(Path::of)))));
    return balancers;
  }

  private static List<ZoneEditor> zones(CloudConfig.Traffic traffic) {
    List<ZoneEditor> zones = new ArrayList<>();
    new TreeMap<>(traffic.dns().orElse(Map.of()))
        .forEach((name, known) ->
            zones.add(
                new ZoneEditor(
                    new DnsZone(
                        name,
                        HostPort.parse("cloud.traffic.dns." + name, known.server()).numeric(),
                        known.secondaries().orElse(List.of()).stream()
                            .map(other ->
                                HostPort.parse("cloud.traffic.dns." + name, other).numeric())
                            .toList(),
                        known.key().map(file -> TsigKey.read(Path.of(file))),
                        PATIENCE,
                        VISIBLE_WITHIN))));
    return zones;
  }

  private static VmTraffic traffic(CloudConfig.VmPlace place) {
    Map<String, List<Slot>> slots = new TreeMap<>();
    for (CloudConfig.SlotPlace slot : place.slots().orElse(List.of())) {
      slots
          .computeIfAbsent(slot.haproxy(), name -> new ArrayList<>())
          .add(new Slot.Readdressed(new ServerName(slot.backend(), slot.server()), slot.port()));
    }
    Map<String, List<DnsRecord>> records = new TreeMap<>();
    for (CloudConfig.RecordPlace record : place.records().orElse(List.of())) {
      records
          .computeIfAbsent(record.zone(), name -> new ArrayList<>())
          .add(new DnsRecord(record.name(), DnsRecord.AddressType.A, record.ttl().orElse(TTL)));
    }
    return new VmTraffic(slots, records);
  }

  SteeringRouter router() {
    return router;
  }

  @Override
  public void close() {
    router.close();
  }
}
