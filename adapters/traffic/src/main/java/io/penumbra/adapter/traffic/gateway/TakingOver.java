package io.penumbra.adapter.traffic.gateway;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.penumbra.adapter.traffic.gateway.EventLoop.Timer;
import io.penumbra.adapter.traffic.gateway.frame.Nature;
import io.penumbra.adapter.traffic.gateway.frame.Request;
import io.penumbra.sync.requestlog.ConnectionId;
import io.penumbra.sync.requestlog.CutPoint;
import io.penumbra.sync.requestlog.Delivery;
import io.penumbra.sync.requestlog.Replay;
import io.penumbra.sync.requestlog.RequestLog;
import io.penumbra.sync.requestlog.Takeover;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/**
 * Leads the clients to another back end: tells it what the epoch lacks, in order, once, and then
 * lets them on. On one connection and without waiting, where the protocol keeps order by itself and
 * all clients look alike to the service; else on a connection for each client, one request at a
 * time.
 */
final class TakingOver implements BackendLink.User {

  private static final Duration RETRY = Duration.ofMillis(20);
  private static final Duration CONNECT_MAX = Duration.ofSeconds(10);
  private static final byte[] CLEAR =
      "*4\r\n$6\r\nCLIENT\r\n$4\r\nKILL\r\n$4\r\nTYPE\r\n$6\r\nnormal\r\n".getBytes(US_ASCII);

  private final Forwarding forwarding;
  private final RequestLog log;
  private final Forwarding.Mark mark;
  private final CutPoint cut;
  private final CompletableFuture<TakeoverOutcome> outcome;
  private final long began = System.nanoTime();
  private final Tally tally;
  private final long differedBefore;

  /** By client, those that have told the new back end something; or one for all. */
  private final Map<ConnectionId, BackendLink> links = new LinkedHashMap<>();

  private Optional<BackendLink> shared = Optional.empty();
  private Optional<BackendLink> scout = Optional.empty();
  private Timer retry = Timer.NONE;
  private boolean cleared = true;

  /** Connections of the restored state that wait for data must be gone before any is written. */
  private boolean clearing;

  private boolean posted;
  private boolean running;
  private boolean over;
  private long replayed;
  private long delivered;
  private int inDoubt;

  /** In doubt, and not told again so far. */
  private final Set<Long> doubtful = new TreeSet<>();

  private int closed;

  TakingOver(
      Forwarding forwarding,
      RequestLog log,
      Forwarding.Mark mark,
      CompletableFuture<TakeoverOutcome> outcome) {
    this.outcome = outcome;
    this.forwarding = forwarding;
    this.log = log;
    this.mark = mark;
    this.cut = mark.point();
    this.tally = forwarding.tally();
    this.differedBefore = tally.differed;
  }

  /** Leaves the old back end, rewinds the log, and begins to tell. */
  void begin() {
    forwarding.sessions().forEach(Session::leaveBackend);
    switch (log.takeOver(mark.logEpoch())) {
      case Takeover.Ready ready -> rewound(ready);
      case Takeover.TooOld(long epoch, long oldest) ->
          fail("epoch %d is older than the oldest in the log, %d".formatted(epoch, oldest));
      case Takeover.NeverCut(long epoch, long newest) ->
          fail("epoch %d was never cut; the newest is %d".formatted(epoch, newest));
    }
  }

  private void rewound(Takeover.Ready ready) {
    inDoubt = ready.inDoubt().size();
    forwarding.release(ready.released(), mark.logEpoch());
    tally.forgetHeld();
    forwarding.sessions().forEach(session -> session.heldAgain(0));
    doubtful.addAll(ready.inDoubt());
    for (ConnectionId id : ready.givenUp()) {
      forwarding.session(id).filter(session -> !session.isEnded()).ifPresent(this::close);
    }
    forwarding.sessions().stream().filter(this::breaks).forEach(this::close);
    connect();
  }

  /** Whether what the VM knew of a connection can't be told to another. */
  private boolean breaks(Session session) {
    return session.isOpaque()
        || session.isEnding()
        || ConnectionState.watching(session.state.at(cut));
  }

  private void close(Session session) {
    session.end("could not be carried over a takeover");
    closed++;
    tally.closedByTakeover++;
  }

  /** The first connection shows whether the new back end is there. */
  private void connect() {
    try {
      scout = Optional.of(forwarding.link(this));
    } catch (IOException e) {
      later(String.valueOf(e.getMessage()));
    }
  }

  private void later(String why) {
    scout = Optional.empty();
    if (System.nanoTime() - began > CONNECT_MAX.toNanos()) {
      fail(why);
    } else {
      retry = forwarding.loop().after(RETRY, this::connect);
    }
  }

  @Override
  public void connected(BackendLink link) {
    if (over || running || scout.filter(link::equals).isEmpty()) {
      return;
    }
    running = true;
    List<Session> concerned = concerned();
    Optional<List<Request>> alike = alike(concerned);
    if (alike.isPresent()) {
      shared = scout;
    }
    introduce(link, concerned, alike);
    tell();
  }

  private void introduce(BackendLink link, List<Session> concerned, Optional<List<Request>> alike) {
    List<Session> any = concerned.isEmpty() ? forwarding.sessions() : concerned;
    if (any.isEmpty()) {
      return;
    }
    link.introduce(any.getFirst(), alike.orElse(any.getFirst().state.at(cut)));
    if (mark.clientsBlocked() && forwarding.settings().protocol() == Protocol.RESP) {
      clearing = true;
      link.introduce(any.getFirst(), List.of(new Request(CLEAR, Nature.REPEATABLE, "CLIENT KILL")));
    }
    link.flush();
  }

  /** Clients with requests that the epoch may lack. */
  private List<Session> concerned() {
    List<Session> concerned = new ArrayList<>(forwarding.ghosts());
    concerned.addAll(forwarding.sessions());
    long first = cut.quiet() ? cut.position() + 1 : cut.inDoubt().getFirst();
    concerned.removeIf(session -> session.lastPosition() < first);
    return concerned;
  }

  /** The state of all their connections, if it is the same and stays it. */
  private Optional<List<Request>> alike(List<Session> concerned) {
    if (forwarding.settings().protocol() != Protocol.RESP) {
      return Optional.empty();
    }
    List<Request> first = concerned.isEmpty() ? List.of() : concerned.getFirst().state.at(cut);
    boolean alike =
        concerned.stream()
            .allMatch(session ->
                !session.state.changedAfter(cut)
                    && !session.hasStateUnderWay()
                    && bytes(session.state.at(cut)).equals(bytes(first)));
    boolean plain = first.stream().allMatch(request -> request.nature() == Nature.CONNECTION);
    return alike && plain ? Optional.of(first) : Optional.empty();
  }

  private static List<ByteBuffer> bytes(List<Request> requests) {
    return requests.stream().map(request -> ByteBuffer.wrap(request.bytes())).toList();
  }

  /** An answer came. */
  void goOn() {
    if (running && !over && !posted) {
      posted = true;
      forwarding.loop().post(this::tell);
    }
  }

  private void tell() {
    posted = false;
    if (over || clearing) {
      return;
    }
    try {
      boolean more = true;
      while (more && shared.map(BackendLink::roomy).orElse(true)) {
        more = tellNext();
      }
      shared.ifPresent(BackendLink::flush);
    } catch (IOException e) {
      fail(String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      // A takeover that fails is asked for again; one that nobody ends keeps all clients waiting.
      fail("defect: " + e);
      throw e;
    }
  }

  private boolean tellNext() throws IOException {
    Replay next = shared.isPresent() ? log.nextReplayAhead() : log.nextReplay();
    return switch (next) {
      case Replay.Tell(Delivery delivery, ByteBuffer request) -> {
        tell(delivery, request);
        yield true;
      }
      case Replay.Waiting(_) -> false;
      case Replay.Done() -> {
        if (shared.map(BackendLink::idle).orElse(true)) {
          done();
        }
        yield false;
      }
    };
  }

  private void tell(Delivery delivery, ByteBuffer request) throws IOException {
    byte[] bytes = new byte[request.remaining()];
    request.get(bytes);
    ConnectionId id = log.connectionOf(delivery.position()).orElseThrow();
    Session session =
        forwarding
            .session(id)
            .orElseThrow(() -> new IllegalStateException("nobody knows connection " + id));
    Exchange exchange = session.toldAgain(delivery, bytes);
    forwarding.toldAgain(exchange);
    doubtful.remove(delivery.position());
    replayed++;
    tally.replayed++;
    BackendLink link = shared.isPresent() ? shared.get() : linkOf(session);
    link.send(exchange);
    if (shared.isEmpty()) {
      link.flush();
    }
  }

  private BackendLink linkOf(Session session) throws IOException {
    BackendLink link = links.get(session.id);
    if (link == null) {
      link = forwarding.link(this);
      links.put(session.id, link);
      // With the connection, what the VM knew of it is gone: begin where it stands now.
      link.introduce(session, session.state.at(cut));
    }
    return link;
  }

  void delivered() {
    delivered++;
  }

  private void done() {
    over = true;
    scout.ifPresent(BackendLink::close);
    links.values().forEach(BackendLink::close);
    tally.givenUp += doubtful.size();
    forwarding.takeoverDone();
    long micros = (System.nanoTime() - began) / 1_000;
    outcome.complete(
        new TakeoverOutcome.Done(
            replayed,
            delivered,
            tally.differed - differedBefore,
            inDoubt,
            doubtful.size(),
            closed,
            cleared,
            micros));
  }

  private void fail(String why) {
    if (!over) {
      abandon(why);
      forwarding.takeoverFailed();
    }
  }

  /** Another takeover begins, or the end. */
  void abandon(String why) {
    if (over) {
      return;
    }
    over = true;
    retry.cancel();
    scout.ifPresent(this::drop);
    links.values().forEach(this::drop);
    tally.complaint(why);
    outcome.complete(new TakeoverOutcome.Failed(why));
  }

  private void drop(BackendLink link) {
    link.close();
    for (Exchange exchange : link.unanswered()) {
      if (exchange.role == Exchange.Role.CLIENT) {
        exchange.session.keep(exchange);
      }
    }
  }

  // ---- as the user of its links

  @Override
  public boolean answered(BackendLink link, Exchange exchange) {
    if (exchange.request.slot().equals("CLIENT KILL")) {
      cleared = !exchange.refused();
      clearing = false;
      goOn();
    }
    boolean taken = forwarding.answered(link, exchange);
    if (taken) {
      exchange.session.flush();
    }
    return taken;
  }

  @Override
  public void news(BackendLink link, byte[] bytes) {
    // Nobody has asked, and nobody is connected to this link.
  }

  @Override
  public void roomy(BackendLink link) {
    goOn();
  }

  @Override
  public void lost(BackendLink link, String why) {
    if (over) {
      return;
    }
    if (!running) {
      // Not there yet: it may still be starting.
      later(why);
    } else if (link.idle() && shared.isEmpty()) {
      // It has closed a connection that it owes nothing; the next request gets another one.
      links.values().remove(link);
    } else {
      fail(why);
    }
  }

  @Override
  public boolean passes(ByteBuffer bytes) {
    return false;
  }
}
