package io.penumbra.adapter.traffic.haproxy;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One server as HAProxy sees it: a line of {@code show servers state}, version 1 (HAProxy
 * Management Guide).
 *
 * @param down whether its health checks say that it is down
 * @param weight of its backend's sum, 0 to 256
 */
public record ServerState(
    ServerName name, String address, int port, Use use, boolean down, int weight) {

  /** What an operator wants a server to be used for. */
  enum Use {
    READY("ready"),
    /** No new connections. */
    DRAIN("drain"),
    /** No connections and no health checks. */
    MAINT("maint");

    private final String word;

    Use(String word) {
      this.word = word;
    }

    String word() {
      return word;
    }
  }

  private static final int FORCED_MAINT = 0x01;
  private static final int INHERITED_MAINT = 0x02;
  private static final int FORCED_DRAIN = 0x08;
  private static final int INHERITED_DRAIN = 0x10;
  private static final int RESOLUTION_MAINT = 0x20;

  private static final int FIELDS_MIN = 19;

  /** Every server in an answer; empty when the answer is something else. */
  static Optional<List<ServerState>> parse(String answer) {
    List<ServerState> servers = new ArrayList<>();
    boolean header = false;
    for (String line : answer.lines().toList()) {
      if (line.equals("1") || line.isBlank()) {
        continue;
      }
      if (line.startsWith("# be_id be_name srv_id srv_name srv_addr srv_op_state")) {
        header = true;
        continue;
      }
      Optional<ServerState> server = header ? parseLine(line) : Optional.empty();
      if (server.isEmpty()) {
        return Optional.empty();
      }
      servers.add(server.get());
    }
    return header ? Optional.of(servers) : Optional.empty();
  }

  private static Optional<ServerState> parseLine(String line) {
    String[] field = line.split(" ", -1);
    if (field.length < FIELDS_MIN) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new ServerState(
              new ServerName(field[1], field[3]),
              normal(field[4]),
              Integer.parseInt(field[18]),
              use(Integer.parseInt(field[6])),
              Integer.parseInt(field[5]) == 0,
              Integer.parseInt(field[7])));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** One spelling for each address: IPv6 has many. */
  private static String normal(String address) {
    try {
      return InetAddress.ofLiteral(address).getHostAddress();
    } catch (IllegalArgumentException e) {
      return address;
    }
  }

  private static Use use(int admin) {
    if ((admin & (FORCED_MAINT | INHERITED_MAINT | RESOLUTION_MAINT)) != 0) {
      return Use.MAINT;
    }
    return (admin & (FORCED_DRAIN | INHERITED_DRAIN)) != 0 ? Use.DRAIN : Use.READY;
  }
}
