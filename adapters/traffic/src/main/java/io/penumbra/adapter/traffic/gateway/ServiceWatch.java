package io.penumbra.adapter.traffic.gateway;

import io.penumbra.adapter.traffic.gateway.EventLoop.Timer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Finds out what a lost connection means. If the service takes another one, it lives and has closed
 * that one on purpose: so does the gateway. If not, its clients wait for a takeover.
 */
final class ServiceWatch implements Wire.Owner {

  /** A process that dies closes its sockets one by one: don't ask too soon. */
  private static final Duration FIRST = Duration.ofMillis(20);

  private static final Duration LATER = Duration.ofMillis(100);

  private final EventLoop loop;
  private final Forwarding forwarding;
  private Timer timer = Timer.NONE;
  private Optional<Wire> probe = Optional.empty();
  private boolean watching;
  private long since;
  private String why = "";

  ServiceWatch(EventLoop loop, Forwarding forwarding) {
    this.loop = loop;
    this.forwarding = forwarding;
  }

  void lost(String reason) {
    why = reason;
    if (!watching) {
      watching = true;
      since = System.nanoTime();
      timer = loop.after(FIRST, this::ask);
    }
  }

  void stop() {
    watching = false;
    timer.cancel();
    probe.ifPresent(Wire::close);
    probe = Optional.empty();
  }

  String state() {
    return watching ? "lost: " + why : "up";
  }

  private void ask() {
    try {
      probe.ifPresent(Wire::close);
      probe = Optional.of(Wire.connecting(loop, forwarding.backend(), this));
      timer = loop.after(LATER, this::ask);
      giveUpInTime();
    } catch (IOException e) {
      broken(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void connected(Wire wire) {
    if (!watching || probe.filter(wire::equals).isEmpty()) {
      return;
    }
    stop();
    for (Session session : lost()) {
      if (session.isUntold()) {
        session.connect(List.of());
        session.pump();
      } else {
        session.end("the service closed the connection");
      }
    }
  }

  @Override
  public void broken(Wire wire, String reason) {
    if (watching && probe.filter(wire::equals).isPresent()) {
      broken(reason);
    }
  }

  private void broken(String reason) {
    why = reason;
    timer.cancel();
    timer = loop.after(LATER, this::ask);
    giveUpInTime();
  }

  private void giveUpInTime() {
    if (System.nanoTime() - since > forwarding.settings().clientsWait().toNanos()) {
      stop();
      lost().forEach(session -> session.end("nobody took over: " + why));
    }
  }

  private List<Session> lost() {
    return forwarding.sessions().stream().filter(Session::isLost).toList();
  }

  @Override
  public void received(Wire wire) {}

  @Override
  public void drained(Wire wire) {}

  @Override
  public void ended(Wire wire) {}
}
