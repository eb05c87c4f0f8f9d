package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;

/** What the ports that Penumbra makes say of themselves: for which port, and for which server. */
final class StandIn {

  private static final String INSTEAD_OF = "penumbra-instead-of-";
  private static final String WAITING_FOR = "penumbra:for=";
  private static final String HELD_BY = "penumbra:of=";

  private StandIn() {}

  static boolean is(JsonNode port) {
    return port.path("name").asText("").startsWith(INSTEAD_OF);
  }

  /** The port that this one stands in for, or that others stand in for. */
  static String first(JsonNode port) {
    return is(port)
        ? port.path("name").asText().substring(INSTEAD_OF.length())
        : port.path("id").asText();
  }

  static String nameFor(String first) {
    return INSTEAD_OF + first;
  }

  /** Description of a port, whoever has made it, that is about to be plugged into a server. */
  static String waitingFor(String server) {
    return WAITING_FOR + server;
  }

  /** Description of such a port from then on; it stays when Nova has unplugged it. */
  static String heldBy(String server) {
    return HELD_BY + server;
  }

  /** The server that a port was plugged into last, be it a stand-in or one that has moved there. */
  static Optional<String> holder(JsonNode port) {
    String said = port.path("description").asText("");
    return said.startsWith(HELD_BY)
        ? Optional.of(said.substring(HELD_BY.length()))
        : Optional.empty();
  }

  /** The server that a stand-in was made for. */
  static Optional<String> server(JsonNode port) {
    String said = port.path("description").asText("");
    for (String what : List.of(WAITING_FOR, HELD_BY)) {
      if (is(port) && said.startsWith(what)) {
        return Optional.of(said.substring(what.length()));
      }
    }
    return Optional.empty();
  }
}
