package io.penumbra.adapter.traffic.haproxy;

import io.penumbra.adapter.traffic.haproxy.ServerState.Use;
import io.penumbra.domain.HostId;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Where a VM appears in HAProxy's configuration, and what moving it means there. */
public sealed interface Slot {

  /** How its servers should be when the VM is on a host; empty when there is no server for it. */
  Optional<List<ServerWish>> wishes(HostId host, InetAddress address);

  /** One server line that is given the address of wherever the VM is. */
  record Readdressed(ServerName server, int port) implements Slot {
    public Readdressed {
      if (port < 1 || port > 65_535) {
        throw new IllegalArgumentException("port is %d; expected 1 to 65535".formatted(port));
      }
    }

    @Override
    public Optional<List<ServerWish>> wishes(HostId host, InetAddress address) {
      return Optional.of(List.of(ServerWish.at(server, address, port)));
    }
  }

  /**
   * A server line for each host where the VM may be, of which one is used. The one that comes into
   * use comes first, so that clients always have somewhere to go.
   */
  record Switched(Map<HostId, ServerName> servers) implements Slot {
    public Switched {
      servers = Collections.unmodifiableMap(new TreeMap<>(servers));
    }

    @Override
    public Optional<List<ServerWish>> wishes(HostId host, InetAddress address) {
      ServerName used = servers.get(host);
      if (used == null) {
        return Optional.empty();
      }
      List<ServerWish> wishes = new ArrayList<>();
      wishes.add(ServerWish.used(used, Use.READY));
      for (ServerName server : servers.values()) {
        if (!server.equals(used)) {
          wishes.add(ServerWish.used(server, Use.MAINT));
        }
      }
      return Optional.of(wishes);
    }
  }
}
