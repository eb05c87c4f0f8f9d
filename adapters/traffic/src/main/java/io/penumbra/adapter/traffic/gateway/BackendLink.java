package io.penumbra.adapter.traffic.gateway;

import io.penumbra.adapter.traffic.gateway.frame.Framer.Progress;
import io.penumbra.adapter.traffic.gateway.frame.Request;
import io.penumbra.adapter.traffic.gateway.frame.ResponseFramer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;

/** A connection to the VM, and the requests it has not answered yet, in their order. */
final class BackendLink implements Wire.Owner {

  /** Whoever uses a link. */
  interface User {

    /** An answer is whole. Returns false if it can't be taken now; then {@link #retry} later. */
    boolean answered(BackendLink link, Exchange exchange);

    /** Bytes that answer nothing. */
    void news(BackendLink link, byte[] bytes);

    /** The connection is made. */
    default void connected(BackendLink link) {}

    /** There is room for more requests. */
    void roomy(BackendLink link);

    /** The connection is at its end, or broken; what is unanswered stays so. */
    void lost(BackendLink link, String why);

    /** The bytes that come from now on are to be passed on as they are. */
    boolean passes(ByteBuffer bytes);
  }

  private static final int EXCHANGES_MAX = 4_096;

  private final User user;
  private final ResponseFramer framer;
  private final Wire wire;
  private final long bodyMax;
  private final ArrayDeque<Exchange> exchanges = new ArrayDeque<>();
  private final ByteQueue news = new ByteQueue();
  private boolean fresh = true;
  private boolean stuck;
  private boolean gone;
  private boolean lastAnswered;

  BackendLink(EventLoop loop, InetSocketAddress to, Protocol protocol, long bodyMax, User user)
      throws IOException {
    this.user = user;
    this.bodyMax = bodyMax;
    this.framer = protocol.responses();
    this.wire = Wire.connecting(loop, to, this);
  }

  /** Sends a request; {@link #flush} lets it leave. */
  void send(Exchange exchange) {
    exchanges.add(exchange);
    wire.send(exchange.request.bytes());
  }

  /** Tells a new connection what the VM has to know of it; the answers are dropped. */
  void introduce(Session session, List<Request> preamble) {
    for (Request request : preamble) {
      send(new Exchange(session, request, Exchange.Role.OWN, false, Optional.empty()));
    }
  }

  void sendRaw(byte[] bytes) {
    wire.send(bytes);
  }

  Wire wire() {
    return wire;
  }

  void flush() {
    wire.flush();
  }

  boolean roomy() {
    return !gone && exchanges.size() < EXCHANGES_MAX && !wire.crowded();
  }

  boolean idle() {
    return exchanges.isEmpty();
  }

  List<Exchange> unanswered() {
    return List.copyOf(exchanges);
  }

  /** Whether an answer is here for which the gateway itself has no room yet. */
  boolean answerWaits() {
    return stuck;
  }

  /** Whether the other side has said that it closes now. */
  boolean farewell() {
    return lastAnswered;
  }

  void wantRead(boolean wants) {
    wire.wantRead(wants && !stuck);
  }

  void close() {
    gone = true;
    wire.close();
  }

  @Override
  public boolean passTo(Wire from, ByteBuffer bytes) {
    return user.passes(bytes);
  }

  @Override
  public void connected(Wire from) {
    user.connected(this);
  }

  @Override
  public void received(Wire from) {
    ByteQueue in = wire.in;
    while (!stuck && !gone && !in.isEmpty()) {
      if (user.passes(ByteBuffer.wrap(in.array(), in.head(), in.size()))) {
        in.clear();
        break;
      }
      if (fresh && !exchanges.isEmpty()) {
        framer.answering(exchanges.element().request);
      }
      fresh = false;
      int end = framer.feed(in.array(), in.head(), in.tail());
      take(in, end - in.head());
      if (framer.progress() == Progress.BROKEN) {
        lose("the service's answer is no valid message: " + framer.complaint());
      } else if (framer.progress() == Progress.WHOLE) {
        whole();
      }
    }
    if (!gone) {
      user.roomy(this);
    }
  }

  private boolean isNews() {
    return exchanges.isEmpty() || framer.unasked();
  }

  private void take(ByteQueue in, int count) {
    if (isNews()) {
      news.append(in.array(), in.head(), count);
    } else {
      Exchange exchange = exchanges.element();
      Optional<ByteBuffer> now = exchange.part(in.array(), in.head(), count, framer.distinctive());
      if (now.isEmpty()) {
        exchange.session.end("the new back end's answer goes on differently");
      } else if (exchange.role == Exchange.Role.CLIENT) {
        exchange.session.deliver(now.get());
      }
      if (exchange.bodySize() > bodyMax) {
        lose("an answer of more than %d bytes can't be held".formatted(bodyMax));
      }
    }
    in.skip(count);
  }

  private void whole() {
    if (isNews()) {
      byte[] bytes = news.take(news.size());
      next();
      user.news(this, bytes);
      return;
    }
    lastAnswered |= framer.last();
    if (user.answered(this, exchanges.element())) {
      answerTaken();
    } else {
      stuck = true;
      wire.wantRead(false);
    }
  }

  private void answerTaken() {
    exchanges.remove();
    next();
  }

  private void next() {
    framer.reset();
    fresh = true;
  }

  boolean switched() {
    return framer.switched();
  }

  /** Offers the answer again for which there was no room. */
  void retry() {
    if (stuck && !gone && user.answered(this, exchanges.element())) {
      stuck = false;
      answerTaken();
      wire.wantRead(true);
      received(wire);
    }
  }

  @Override
  public void drained(Wire from) {
    user.roomy(this);
  }

  @Override
  public void ended(Wire from) {
    if (!exchanges.isEmpty() && framer.endsWithConnection() && !stuck) {
      lastAnswered = true;
      if (user.answered(this, exchanges.element())) {
        answerTaken();
      }
    }
    lose("the service closed the connection");
  }

  @Override
  public void broken(Wire from, String why) {
    lose(why);
  }

  private void lose(String why) {
    if (!gone) {
      close();
      user.lost(this, why);
    }
  }
}
