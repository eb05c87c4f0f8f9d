package io.penumbra.adapter.qemu.guest;

/**
 * A TCP port of the host that leads to one of the guest.
 *
 * @param address where the host listens, for example {@code 127.0.0.1}
 * @param hostPort 0 lets the system choose
 */
public record PortForward(String address, int hostPort, int guestPort) {

  public PortForward {
    if (!address.matches("\\d{1,3}(\\.\\d{1,3}){3}")) {
      throw new IllegalArgumentException(
          "address '%s'; expected IPv4 as in 127.0.0.1".formatted(address));
    }
    if (hostPort < 0 || hostPort > 65535 || guestPort < 1 || guestPort > 65535) {
      throw new IllegalArgumentException(
          "ports %d and %d; expected 0 to 65535 and 1 to 65535".formatted(hostPort, guestPort));
    }
  }

  /** On the loopback interface, at whatever port is free. */
  public static PortForward toGuest(int guestPort) {
    return new PortForward("127.0.0.1", 0, guestPort);
  }

  /** Whether one that is open does what this one asks for. */
  boolean isServedBy(PortForward open) {
    return open.guestPort == guestPort
        && open.address.equals(address)
        && (hostPort == 0 || hostPort == open.hostPort);
  }

  /** As QEMU's {@code hostfwd} wants it. */
  String rule() {
    return "tcp:%s:%d-:%d".formatted(address, hostPort, guestPort);
  }
}
