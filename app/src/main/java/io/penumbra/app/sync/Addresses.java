package io.penumbra.app.sync;

import io.penumbra.app.HostPort;
import io.penumbra.domain.BadInputException;
import io.penumbra.sync.path.PathId;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** Reads {@code host:port,host:port}: one address for each network path. */
final class Addresses {

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
    String example = "For example %s 10.0.0.2:7400,10.1.0.2:7400 for two paths.".formatted(flag);
    return HostPort.parse(flag, address, example).unresolved();
  }
}
