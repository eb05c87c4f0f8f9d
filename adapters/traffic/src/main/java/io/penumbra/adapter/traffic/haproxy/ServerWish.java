package io.penumbra.adapter.traffic.haproxy;

import io.penumbra.adapter.traffic.haproxy.ServerState.Use;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How one server should be. What is empty stays as it is.
 *
 * @param cut ends the connections that were made before the change, once it has been made: the
 *     instance at their other end is gone
 */
public record ServerWish(
    ServerName name,
    Optional<String> address,
    Optional<Integer> port,
    Optional<Use> use,
    Optional<Integer> weight,
    boolean cut) {

  static ServerWish at(ServerName name, InetAddress address, int port) {
    return new ServerWish(
        name,
        Optional.of(address.getHostAddress()),
        Optional.of(port),
        Optional.of(Use.READY),
        Optional.empty(),
        true);
  }

  static ServerWish used(ServerName name, Use use) {
    return new ServerWish(
        name, Optional.empty(), Optional.empty(), Optional.of(use), Optional.empty(), true);
  }

  /** The wish that puts everything back. */
  static ServerWish asIt(ServerState was) {
    return new ServerWish(
        was.name(),
        Optional.of(was.address()),
        Optional.of(was.port()),
        Optional.of(was.use()),
        Optional.of(was.weight()),
        false);
  }

  boolean isMetBy(ServerState state) {
    return stands(state)
        && use.map(state.use()::equals).orElse(true)
        && weight.map(w -> w == state.weight()).orElse(true);
  }

  private boolean stands(ServerState state) {
    return address.map(state.address()::equals).orElse(true)
        && port.map(p -> p == state.port()).orElse(true);
  }

  /** What takes a server from how it is to how it should be, in an order that harms least. */
  List<String> commands(ServerState is) {
    List<String> commands = new ArrayList<>();
    boolean moves = !stands(is);
    if (moves) {
      commands.add(
          "set server %s addr %s port %d"
              .formatted(name, address.orElse(is.address()), port.orElse(is.port())));
    }
    weight
        .filter(wanted -> wanted != is.weight())
        .ifPresent(wanted -> commands.add("set server %s weight %d".formatted(name, wanted)));
    use.filter(wanted -> wanted != is.use())
        .ifPresent(wanted -> commands.add("set server %s state %s".formatted(name, wanted.word())));
    if (moves && is.down() && use.equals(Optional.of(Use.READY))) {
      // Its checks saw the old instance die. They would need seconds to believe in the new one.
      commands.add("set server %s health up".formatted(name));
    }
    if (cut && (moves || (use.isPresent() && use.get() == Use.MAINT && is.use() != Use.MAINT))) {
      commands.add("shutdown sessions server %s".formatted(name));
    }
    return commands;
  }
}
