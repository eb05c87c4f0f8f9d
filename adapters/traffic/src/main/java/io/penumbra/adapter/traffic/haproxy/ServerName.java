package io.penumbra.adapter.traffic.haproxy;

import java.util.regex.Pattern;

/** One {@code server} line of HAProxy's configuration: its backend's name and its own. */
public record ServerName(String backend, String server) implements Comparable<ServerName> {

  /** What HAProxy allows in names; nothing in it can end a command and begin another. */
  private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9_.:-]{1,255}");

  public ServerName {
    check("backend", backend);
    check("server", server);
  }

  private static void check(String what, String name) {
    if (!ALLOWED.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "%s '%s' can't be a name in HAProxy; expected letters, digits and _ . : -"
              .formatted(what, name));
    }
  }

  @Override
  public int compareTo(ServerName other) {
    int backends = backend.compareTo(other.backend);
    return backends != 0 ? backends : server.compareTo(other.server);
  }

  @Override
  public String toString() {
    return backend + "/" + server;
  }
}
