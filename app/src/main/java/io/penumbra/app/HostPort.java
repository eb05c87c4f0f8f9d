package io.penumbra.app;

import io.penumbra.domain.BadInputException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * An address as a person writes it: {@code 10.0.0.2:7400}, {@code node1:7400}, {@code [::1]:7400}.
 *
 * @param where the flag or key that it was given for, for errors
 */
public record HostPort(String where, String host, int port) {

  private static final int PORT_MAX = 65_535;

  /**
   * Reads one.
   *
   * @param example what is proposed if it can't be read; may be empty
   */
  public static HostPort parse(String where, String text, String example) {
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "" : text.substring(0, colon).replaceAll("^\\[|]$", "");
    String port = text.substring(colon + 1);
    if (host.isEmpty() || !port.matches("\\d{1,5}") || Integer.parseInt(port) > PORT_MAX) {
      throw new BadInputException(
          where, "'%s' is no address; expected host:port".formatted(text), example);
    }
    return new HostPort(where, host, Integer.parseInt(port));
  }

  public static HostPort parse(String where, String text) {
    return parse(where, text, "");
  }

  /** To be resolved by whoever connects. */
  public InetSocketAddress unresolved() {
    return InetSocketAddress.createUnresolved(host, port);
  }

  /** Resolved now. */
  public InetSocketAddress resolved() {
    return new InetSocketAddress(host, port);
  }

  /** Names may not resolve when there is trouble, so none is taken. */
  public InetSocketAddress numeric() {
    return new InetSocketAddress(numeric(where, host), port);
  }

  /** An IP address without a port. */
  public static InetAddress numeric(String where, String text) {
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException e) {
      throw new BadInputException(
          where,
          "is '%s'; expected an IP address".formatted(text),
          "names may not resolve when there is trouble",
          e);
    }
  }
}
