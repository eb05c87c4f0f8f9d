package io.penumbra.app.sync;

import io.penumbra.domain.BadInputException;
import io.penumbra.sync.path.PathId;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** Reads {@code host:port,host:port}: one address for each network path. */
final class Addresses {

  private static final int PORT_MAX = 65_535;

  private Addresses() {}

  static List<InetSocketAddress> parse(String flag, String text) {
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (String address : text.split(",", -1)) {
      addresses.add(one(flag, address.strip()));
    }
    if (addresses.size() > PathId.PATHS_MAX) {
      throw new BadInputException(
          flag,
          "names %d addresses; expected %d at most".formatted(addresses.size(), PathId.PATHS_MAX),
          "");
    }
    return addresses;
  }

  private static InetSocketAddress one(String flag, String address) {
    int colon = address.lastIndexOf(':');
    String host = colon < 0 ? "" : address.substring(0, colon).replaceAll("^\\[|]$", "");
    String port = colon < 0 ? "" : address.substring(colon + 1);
    if (host.isEmpty() || !port.matches("\\d{1,5}") || Integer.parseInt(port) > PORT_MAX) {
      throw new BadInputException(
          flag,
          "'%s' is no address; expected host:port".formatted(address),
          "For example %s 10.0.0.2:7400,10.1.0.2:7400 for two paths.".formatted(flag));
    }
    return InetSocketAddress.createUnresolved(host, Integer.parseInt(port));
  }
}
