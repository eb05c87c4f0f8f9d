package io.penumbra.placement.spi;

/** What a host is looked at for. */
public enum Role {
  PRIMARY,
  SHADOW
}
