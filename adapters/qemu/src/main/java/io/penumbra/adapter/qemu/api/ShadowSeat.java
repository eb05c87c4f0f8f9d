package io.penumbra.adapter.qemu.api;

import java.util.List;

/**
 * Where a prepared shadow takes epochs in.
 *
 * @param addresses {@code host:port}, one per network path
 * @param link number that marks the link; another one is turned away
 * @param upToDate whether it is complete with a state of the term that was asked for
 */
public record ShadowSeat(List<String> addresses, long link, boolean upToDate) {
  public ShadowSeat {
    addresses = List.copyOf(addresses);
  }
}
