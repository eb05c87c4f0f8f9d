package io.penumbra.adapter.traffic.dns;

import org.xbill.DNS.Name;
import org.xbill.DNS.TextParseException;

/** Names as they are written in configuration, always from the root. */
final class DnsNames {

  private DnsNames() {}

  static Name absolute(String name) {
    try {
      return Name.fromString(name, Name.root);
    } catch (TextParseException e) {
      throw new IllegalArgumentException("'%s' is no name: %s".formatted(name, e.getMessage()));
    }
  }
}
