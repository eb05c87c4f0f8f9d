package io.penumbra.sync.requestlog;

import io.penumbra.domain.Guard;

/** One client's connection to the gateway. */
public record ConnectionId(String value) {

  public ConnectionId {
    Guard.identifier("connection id", value);
  }

  @Override
  public String toString() {
    return value;
  }
}
