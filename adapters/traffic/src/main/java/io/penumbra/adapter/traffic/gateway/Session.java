package io.penumbra.adapter.traffic.gateway;

import io.penumbra.adapter.traffic.gateway.EventLoop.Timer;
import io.penumbra.adapter.traffic.gateway.frame.Framer.Progress;
import io.penumbra.adapter.traffic.gateway.frame.Nature;
import io.penumbra.adapter.traffic.gateway.frame.Request;
import io.penumbra.adapter.traffic.gateway.frame.RequestReader;
import io.penumbra.sync.requestlog.ConnectionId;
import io.penumbra.sync.requestlog.Delivery;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One client, and its connection to the VM. It outlives the latter; and what it asked for outlives
 * the client, as long as the log may have to tell it again.
 */
final class Session implements Wire.Owner, BackendLink.User {

  private static final byte[] CONTINUE =
      "HTTP/1.1 100 Continue\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

  final ConnectionId id;
  final ConnectionState state = new ConnectionState();
  private final Forwarding forwarding;
  private final Wire client;
  private final RequestReader reader;

  private Optional<BackendLink> backend = Optional.empty();

  /** Told to a VM that died, by position; the replay tells it again. */
  private final Map<Long, Exchange> unanswered = new LinkedHashMap<>();

  /** Waited in a VM that died. */
  private Optional<Exchange> blocked = Optional.empty();

  private Optional<Request> parked = Optional.empty();
  private final ArrayDeque<HeldBytes> heldBytes = new ArrayDeque<>();
  private int scanned;
  private int held;
  private long lastPosition;
  private boolean opaque;
  private boolean inTransaction;

  /** Nothing may be forwarded until the request under way is answered. */
  private boolean alone;

  private boolean lost;

  /** Whether the VM was ever told anything by this client. */
  private boolean told;

  private boolean ending;
  private boolean ended;

  /** A connection to the VM broke with requests under way that nobody waits for. */
  private boolean owed;

  /** Runs while the VM owes something to a client that is gone, or sends no more. */
  private Optional<Timer> patience = Optional.empty();

  /** The gateway's own last word to the client, after all answers. */
  private Optional<byte[]> farewell = Optional.empty();

  Session(Forwarding forwarding, ConnectionId id, SocketChannel channel, boolean opaque)
      throws IOException {
    this.forwarding = forwarding;
    this.id = id;
    this.opaque = opaque;
    this.reader = forwarding.settings().protocol().requests();
    this.client = Wire.accepted(forwarding.loop(), channel, this);
  }

  // ---- the client's side

  @Override
  public boolean passTo(Wire from, ByteBuffer bytes) {
    if (!opaque || backend.isEmpty()) {
      return false;
    }
    Wire to = backend.get().wire();
    to.sendNow(bytes);
    if (to.crowded()) {
      client.wantRead(false);
    }
    return true;
  }

  @Override
  public void received(Wire from) {
    pump();
  }

  /** Forwards what may be forwarded. */
  void pump() {
    if (ended) {
      return;
    }
    if (opaque) {
      pumpOpaque();
      return;
    }
    while (mayForward()) {
      Optional<Request> next = parked.isPresent() ? parked : nextRequest();
      parked = Optional.empty();
      if (next.isEmpty()) {
        break;
      }
      if (!forward(next.get())) {
        parked = next;
        break;
      }
    }
    backend.ifPresent(BackendLink::flush);
    if (!ended) {
      boolean waits = parked.isPresent() || (!mayForward() && !client.in.isEmpty());
      client.wantRead(!waits && !client.crowded());
      if (waits && backend.isPresent()) {
        forwarding.waits(this);
      }
      finishIfDone();
    }
  }

  private void pumpOpaque() {
    if (backend.isPresent()) {
      BackendLink link = backend.get();
      if (!client.in.isEmpty()) {
        link.sendRaw(client.in.take(client.in.size()));
        link.flush();
      }
      client.wantRead(!link.wire().crowded());
    } else {
      client.wantRead(client.in.isEmpty());
    }
  }

  private boolean mayForward() {
    return !ending
        && !alone
        && !opaque
        && forwarding.flowing()
        && backend.isPresent()
        && backend.get().roomy();
  }

  private Optional<Request> nextRequest() {
    ByteQueue in = client.in;
    while (scanned < in.size()) {
      int end = reader.feed(in.array(), in.head() + scanned, in.tail());
      scanned = end - in.head();
      if (reader.progress() == Progress.BROKEN) {
        refuse(reader.complaint());
        return Optional.empty();
      }
      if (reader.progress() == Progress.WHOLE) {
        boolean nothing = reader.nothing();
        byte[] bytes = in.take(scanned);
        Optional<Request> request = nothing ? Optional.empty() : Optional.of(reader.read(bytes));
        reader.reset();
        scanned = 0;
        if (request.isPresent()) {
          return request;
        }
      }
    }
    if (reader.wantsEncouragement()) {
      client.send(CONTINUE);
      client.flush();
    }
    if (scanned > forwarding.settings().bounds().bytesMax()) {
      refuse("the request is larger than the gateway's log");
    }
    return Optional.empty();
  }

  private boolean forward(Request request) {
    return switch (request.nature()) {
      case OPAQUE -> becomeOpaque(request);
      case BLOCKING -> inTransaction ? forwardLogged(request) : forwardAside(request);
      case UPGRADE, LAST -> forwardAside(request);
      case ONCE, REPEATABLE, CONNECTION, OPEN_TRANSACTION, CLOSE_TRANSACTION, WATCH, RESET ->
          forwardLogged(request);
    };
  }

  /** Once nothing is under way, this connection is a stream of bytes. */
  private boolean becomeOpaque(Request request) {
    BackendLink link = backend.orElseThrow();
    if (!link.idle()) {
      return false;
    }
    opaque = true;
    forwarding.becameOpaque();
    link.sendRaw(request.bytes());
    pumpOpaque();
    return true;
  }

  /** Not in the log; alone on its connection until it is answered. */
  private boolean forwardAside(Request request) {
    alone = true;
    send(new Exchange(this, request, Exchange.Role.CLIENT, false, Optional.empty()));
    return true;
  }

  private boolean forwardLogged(Request request) {
    Forwarding.Entry entry = forwarding.admit(this, request);
    return switch (entry) {
      case Forwarding.Entry.Logged(Delivery delivery) -> {
        lastPosition = delivery.position();
        send(exchange(request, Optional.of(delivery)));
        yield true;
      }
      case Forwarding.Entry.Unlogged() -> {
        send(exchange(request, Optional.empty()));
        yield true;
      }
      case Forwarding.Entry.NotNow() -> false;
      case Forwarding.Entry.Never(String why) -> {
        refuse(why);
        yield true;
      }
    };
  }

  private Exchange exchange(Request request, Optional<Delivery> delivery) {
    boolean queued = inTransaction && request.nature() != Nature.CLOSE_TRANSACTION;
    switch (request.nature()) {
      case OPEN_TRANSACTION -> inTransaction = true;
      case CLOSE_TRANSACTION, RESET -> inTransaction = false;
      case ONCE, REPEATABLE, CONNECTION, WATCH, BLOCKING, UPGRADE, OPAQUE, LAST -> {}
    }
    return new Exchange(this, request, Exchange.Role.CLIENT, queued, delivery);
  }

  private void send(Exchange exchange) {
    told = true;
    forwarding.told(exchange);
    backend.orElseThrow().send(exchange);
  }

  private void refuse(String why) {
    forwarding.refused(why);
    ending = true;
    farewell = Optional.of(reader.refusal(why));
    finishIfDone();
  }

  @Override
  public void drained(Wire from) {
    backend.ifPresent(link -> link.wantRead(true));
    pump();
  }

  /** The client sends no more; it may still listen. */
  @Override
  public void ended(Wire from) {
    if (opaque && backend.isPresent()) {
      backend.get().wire().finishOutput();
    } else {
      pump();
    }
  }

  @Override
  public void broken(Wire from, String why) {
    if (opaque || backend.isEmpty() || backend.get().idle() || alone) {
      end("");
    } else {
      // The VM is at it: let it finish, so that the log knows.
      ending = true;
      beImpatient();
    }
  }

  private void finishIfDone() {
    boolean noMore = ending || (client.ended() && parked.isEmpty() && !unfinishedInput());
    boolean settled =
        held == 0
            && heldBytes.isEmpty()
            && unanswered.isEmpty()
            && backend.map(BackendLink::idle).orElse(true);
    if (!noMore || !settled || forwarding.takingOver()) {
      if (noMore && !settled) {
        beImpatient();
      }
      return;
    }
    ending = true;
    farewell.ifPresent(client::send);
    farewell = Optional.empty();
    client.flush();
    if (client.closed() || !client.hasOut()) {
      end("");
    }
  }

  /** A VM that says nothing for long to a client that may not listen is not waited for. */
  private void beImpatient() {
    if (patience.isEmpty() && owedByLivingVm()) {
      patience =
          Optional.of(forwarding.loop().after(forwarding.settings().goneMax(), this::losePatience));
    }
  }

  /** Answers held for their epoch are here already; what a dead VM owes, its successor is told. */
  private boolean owedByLivingVm() {
    return backend.map(link -> !link.idle()).orElse(false);
  }

  private void losePatience() {
    patience = Optional.empty();
    if (ended || !owedByLivingVm()) {
      return;
    }
    BackendLink link = backend.orElseThrow();
    if (link.answerWaits() || !forwarding.reachable()) {
      beImpatient();
      return;
    }
    int left = link.unanswered().size();
    forwarding.leftInDoubt(left);
    end(
        "%d requests of a client that is gone were not answered within %s; in doubt"
            .formatted(left, forwarding.settings().goneMax()));
  }

  /** An answer, or a part of one, has come. */
  private void signOfLife() {
    patience.ifPresent(Timer::cancel);
    patience = Optional.empty();
  }

  /** Whole requests may wait in the buffer of a client that has said its last word. */
  private boolean unfinishedInput() {
    return !client.in.isEmpty() && !mayForward();
  }

  // ---- the VM's side

  void connect(List<Request> preamble) {
    lost = false;
    try {
      BackendLink link = forwarding.link(this);
      backend = Optional.of(link);
      link.introduce(this, preamble);
      blocked.ifPresent(exchange -> {
        exchange.again(Optional.empty());
        forwarding.told(exchange);
        link.send(exchange);
      });
      blocked = Optional.empty();
      link.flush();
    } catch (IOException e) {
      waitForService(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public boolean passes(ByteBuffer bytes) {
    if (!opaque) {
      return false;
    }
    if (forwarding.holdsStreams()) {
      byte[] copy = new byte[bytes.remaining()];
      bytes.get(copy);
      hold(copy);
    } else {
      client.sendNow(bytes);
      if (client.crowded()) {
        backend.ifPresent(link -> link.wantRead(false));
      }
    }
    return true;
  }

  private void hold(byte[] bytes) {
    heldBytes.add(new HeldBytes(forwarding.openEpoch(), bytes));
    if (!forwarding.holdBytes(this, bytes.length)) {
      backend.ifPresent(link -> link.wantRead(false));
    }
  }

  /** Lets go what belongs to this epoch of the log or an older one. */
  void releaseBytes(long epoch) {
    while (!heldBytes.isEmpty() && heldBytes.element().epoch <= epoch) {
      HeldBytes next = heldBytes.remove();
      forwarding.holdBytes(this, -next.bytes.length);
      client.send(next.bytes);
    }
    client.flush();
    backend.ifPresent(link -> link.wantRead(!client.crowded()));
    finishIfDone();
  }

  @Override
  public void news(BackendLink link, byte[] bytes) {
    if (forwarding.holdsStreams()) {
      hold(bytes);
    } else {
      client.send(bytes);
      client.flush();
    }
  }

  /** Gives the client a part of an answer. */
  void deliver(ByteBuffer bytes) {
    signOfLife();
    if (!client.closed()) {
      client.send(bytes);
    }
  }

  void deliverHeld(ByteBuffer bytes) {
    held--;
    deliver(bytes);
  }

  void flush() {
    client.flush();
    if (client.crowded()) {
      backend.ifPresent(link -> link.wantRead(false));
    }
    finishIfDone();
  }

  @Override
  public boolean answered(BackendLink link, Exchange exchange) {
    return forwarding.answered(link, exchange);
  }

  /** An exchange is over: its answer was given, held, or dropped. */
  void over(Exchange exchange, boolean isHeld) {
    if (isHeld) {
      held++;
    }
    alone = false;
    signOfLife();
    long oldest = forwarding.oldestCut();
    if (exchange.role == Exchange.Role.CLIENT) {
      if (exchange.queued) {
        state.queued(exchange.request, exchange.position(), oldest);
      } else {
        state.answered(exchange.request, exchange.position(), exchange.refused(), oldest);
      }
    }
  }

  void switchedProtocol() {
    opaque = true;
    forwarding.becameOpaque();
  }

  void servedAt(long position) {
    lastPosition = position;
  }

  @Override
  public void roomy(BackendLink link) {
    flush();
    pump();
  }

  @Override
  public void lost(BackendLink link, String why) {
    if (ended) {
      return;
    }
    backend = Optional.empty();
    if (link.farewell() || ending || opaque) {
      owed |= !link.idle();
      forwarding.forget(link.unanswered());
      endAfterOutput(why);
    } else {
      keepUnanswered(link);
      if (ending) {
        owed |= !unanswered.isEmpty();
        forwarding.forget(List.copyOf(unanswered.values()));
        unanswered.clear();
        endAfterOutput(why);
      } else {
        waitForService(why);
      }
    }
  }

  private void endAfterOutput(String why) {
    ending = true;
    client.flush();
    finishIfDone();
    if (!ended && held == 0 && heldBytes.isEmpty() && !client.hasOut()) {
      end(why);
    }
  }

  private void keepUnanswered(BackendLink link) {
    for (Exchange exchange : link.unanswered()) {
      keep(exchange);
    }
  }

  /** Keeps an exchange that a lost connection leaves behind, for the next one. */
  void keep(Exchange exchange) {
    if (exchange.role != Exchange.Role.CLIENT) {
      return;
    }
    if (ended) {
      forwarding.forget(List.of(exchange));
    } else if (exchange.delivery.isPresent()) {
      unanswered.put(exchange.position(), exchange);
    } else if (exchange.request.nature() == Nature.BLOCKING) {
      blocked = Optional.of(exchange);
      forwarding.forget(List.of(exchange));
    } else {
      // Nobody knows whether it was done, and nobody will tell it again.
      forwarding.forget(List.of(exchange));
      ending = true;
    }
  }

  private void waitForService(String why) {
    backend = Optional.empty();
    lost = true;
    client.wantRead(client.in.isEmpty());
    forwarding.serviceLost(why);
  }

  /** Before a takeover: leaves the old VM. */
  void leaveBackend() {
    backend.ifPresent(link -> {
      link.close();
      keepUnanswered(link);
    });
    backend = Optional.empty();
    lost = false;
  }

  // ---- for takeovers

  boolean isLost() {
    return lost;
  }

  boolean isUntold() {
    return !told;
  }

  boolean isOpaque() {
    return opaque;
  }

  boolean isEnding() {
    return ending;
  }

  boolean isEnded() {
    return ended;
  }

  boolean hasBackend() {
    return backend.isPresent();
  }

  boolean hasUnanswered() {
    return !unanswered.isEmpty();
  }

  /** Whether the log still expects something of this connection. */
  boolean owes() {
    return owed
        || held > 0
        || !unanswered.isEmpty()
        || backend.map(link -> !link.idle()).orElse(false);
  }

  boolean holdsBytes() {
    return !heldBytes.isEmpty();
  }

  /** Whether it is not known yet how the VM sees this connection. */
  boolean hasStateUnderWay() {
    return unanswered.values().stream()
        .anyMatch(exchange ->
            exchange.queued
                || switch (exchange.request.nature()) {
                  case ONCE, REPEATABLE -> false;
                  case CONNECTION,
                      OPEN_TRANSACTION,
                      CLOSE_TRANSACTION,
                      WATCH,
                      RESET,
                      BLOCKING,
                      UPGRADE,
                      OPAQUE,
                      LAST ->
                      true;
                });
  }

  long lastPosition() {
    return lastPosition;
  }

  /** The exchange that a told-again request belongs to: the client's own, or one to be dropped. */
  Exchange toldAgain(Delivery delivery, byte[] request) {
    Exchange waiting = unanswered.remove(delivery.position());
    if (waiting != null && !ended) {
      waiting.again(Optional.of(delivery));
      return waiting;
    }
    return new Exchange(
        this, reader.read(request), Exchange.Role.AGAIN, false, Optional.of(delivery));
  }

  boolean holdsAnswers() {
    return held > 0 || !heldBytes.isEmpty();
  }

  /** Forgets responses that were held by a log which a takeover has rewound. */
  void heldAgain(int count) {
    held = count;
  }

  /** Closes everything; the log forgets nothing by it. */
  void end(String why) {
    if (ended) {
      return;
    }
    ended = true;
    signOfLife();
    client.flush();
    client.close();
    backend.ifPresent(link -> {
      forwarding.forget(link.unanswered());
      link.close();
    });
    forwarding.forget(List.copyOf(unanswered.values()));
    for (HeldBytes bytes : heldBytes) {
      forwarding.holdBytes(this, -bytes.bytes.length);
    }
    heldBytes.clear();
    forwarding.ended(this, why);
  }

  /** Output of a stream that waits for its epoch. */
  private static final class HeldBytes {

    private final long epoch;
    private final byte[] bytes;

    HeldBytes(long epoch, byte[] bytes) {
      this.epoch = epoch;
      this.bytes = bytes;
    }
  }
}
