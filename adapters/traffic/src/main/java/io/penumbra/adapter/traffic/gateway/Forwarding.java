package io.penumbra.adapter.traffic.gateway;

import io.penumbra.adapter.traffic.gateway.EventLoop.Timer;
import io.penumbra.adapter.traffic.gateway.frame.Nature;
import io.penumbra.adapter.traffic.gateway.frame.Request;
import io.penumbra.domain.policy.CommitMode;
import io.penumbra.sync.requestlog.Admission;
import io.penumbra.sync.requestlog.Answer;
import io.penumbra.sync.requestlog.ConnectionId;
import io.penumbra.sync.requestlog.CutPoint;
import io.penumbra.sync.requestlog.Delivery;
import io.penumbra.sync.requestlog.InDoubt;
import io.penumbra.sync.requestlog.Release;
import io.penumbra.sync.requestlog.RequestLog;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * What one gateway knows: its clients, its log, the cut or the takeover under way. Loop's thread.
 */
final class Forwarding {

  /** What becomes of a request. */
  sealed interface Entry {
    record Logged(Delivery delivery) implements Entry {}

    record Unlogged() implements Entry {}

    record NotNow() implements Entry {}

    record Never(String why) implements Entry {}
  }

  /** A VM that goes on elsewhere; there is no other with its term. */
  record Promotion(InetSocketAddress backend, long epoch, long term) {}

  /** The last promotion that was followed, and what comes of it. */
  private record Followed(Promotion promotion, CompletableFuture<TakeoverOutcome> outcome) {

    boolean failed() {
      return outcome.isDone() && !(outcome.resultNow() instanceof TakeoverOutcome.Done);
    }
  }

  /** An epoch's place in the log. */
  record Mark(long logEpoch, CutPoint point, boolean clientsBlocked) {}

  /**
   * A pop that waited is served by the same step of Redis that answers the push; give its answer
   * that much time to come as well.
   */
  private static final Duration SETTLE = Duration.ofMillis(1);

  /** Whoever wanted requests kept, and has not come for them since, is dead. */
  private static final Duration FORGOTTEN = Duration.ofMinutes(5);

  private final EventLoop loop;
  private final GatewaySettings settings;
  private final Tally tally;
  private final ServiceWatch watch;
  private InetSocketAddress backend;

  private final Map<ConnectionId, Session> sessions = new LinkedHashMap<>();

  /** Clients that are gone, and what they asked for may have to be told again. */
  private final Map<ConnectionId, Session> ghosts = new LinkedHashMap<>();

  private final LinkedHashSet<Session> waiting = new LinkedHashSet<>();
  private final LinkedHashSet<BackendLink> waitingForRoom = new LinkedHashSet<>();
  private final LinkedHashSet<Session> holdingBytes = new LinkedHashSet<>();
  private long connections;
  private int outstanding;
  private int blocked;
  private long bytesHeld;

  private Optional<RequestLog> log = Optional.empty();
  private int logNumber;
  private long nextPosition = 1;
  private String unprotectedWhy = "no epoch was cut yet";
  private final TreeMap<Long, Mark> cuts = new TreeMap<>();
  private Timer letGo = Timer.NONE;
  private boolean lettingGo;
  private boolean full;

  /** No epoch was cut since the last takeover. */
  private boolean takenOver;

  private boolean holding;
  private long heldSince;
  private long holds;
  private Optional<CompletableFuture<Hold>> quiet = Optional.empty();
  private Timer lapse = Timer.NONE;
  private String lapsedWhy = "no cut was begun";

  /** Somebody wants requests and answers kept from the next quiet cut on. */
  private Optional<CompletableFuture<Listening>> listening = Optional.empty();

  private Optional<Recording> recording = Optional.empty();

  private Optional<TakingOver> takeover = Optional.empty();
  private Optional<Followed> followed = Optional.empty();

  /** After a takeover that failed, nothing flows until another one. */
  private boolean stranded;

  Forwarding(EventLoop loop, GatewaySettings settings, Tally tally) {
    this.loop = loop;
    this.settings = settings;
    this.tally = tally;
    this.backend = settings.backend();
    this.watch = new ServiceWatch(loop, this);
    if (waitsWithoutShadow()) {
      openLog(0);
    }
  }

  /** Whether no response may leave before an epoch is acked, even if there is no shadow yet. */
  private boolean waitsWithoutShadow() {
    return mode() == GatewayMode.OUTPUT_COMMIT && settings.withoutShadow() == WithoutShadow.WAIT;
  }

  private void openLog(long epoch) {
    CommitMode commit =
        mode() == GatewayMode.OUTPUT_COMMIT ? CommitMode.OUTPUT_COMMIT : CommitMode.ASYNC;
    log =
        Optional.of(
            new RequestLog(settings.bounds(), commit, InDoubt.GIVE_UP, epoch, nextPosition));
    logNumber++;
  }

  EventLoop loop() {
    return loop;
  }

  GatewaySettings settings() {
    return settings;
  }

  GatewayMode mode() {
    return settings.mode();
  }

  InetSocketAddress backend() {
    return backend;
  }

  Tally tally() {
    return tally;
  }

  // ---- clients

  void accepted(SocketChannel channel) {
    try {
      ConnectionId id = new ConnectionId("c" + ++connections);
      boolean opaque = mode() == GatewayMode.ASYNC || settings.protocol() == Protocol.OPAQUE;
      Session session = new Session(this, id, channel, opaque);
      sessions.put(id, session);
      tally.accepted++;
      if (takeover.isEmpty() && !stranded) {
        session.connect(List.of());
      }
    } catch (IOException e) {
      tally.complaint(String.valueOf(e.getMessage()));
    }
  }

  BackendLink link(BackendLink.User user) throws IOException {
    return new BackendLink(loop, backend, settings.protocol(), settings.bounds().bytesMax(), user);
  }

  boolean flowing() {
    return !holding && takeover.isEmpty() && !stranded;
  }

  /** What was told to the dead may be on its way once more, on connections of the replay's own. */
  boolean takingOver() {
    return takeover.isPresent();
  }

  /** Whether a service is there that could answer. */
  boolean reachable() {
    return takeover.isEmpty() && !stranded;
  }

  void leftInDoubt(int requests) {
    tally.leftInDoubt += requests;
  }

  void waits(Session session) {
    waiting.add(session);
  }

  Entry admit(Session session, Request request) {
    if (log.isEmpty()) {
      return new Entry.Unlogged();
    }
    InDoubt whenInDoubt =
        request.nature() == Nature.ONCE || request.nature() == Nature.CLOSE_TRANSACTION
            ? InDoubt.GIVE_UP
            : InDoubt.REPLAY;
    return switch (log.get().admit(session.id, request.bytes(), whenInDoubt)) {
      case Admission.Admitted(Delivery delivery) -> {
        full = false;
        yield new Entry.Logged(delivery);
      }
      case Admission.Wait(_) -> new Entry.NotNow();
      case Admission.Full refusal -> {
        isFull(refusal);
        yield new Entry.NotNow();
      }
      case Admission.TooLarge(long bytes, long max) ->
          new Entry.Never("%d bytes, and the gateway's log holds %d".formatted(bytes, max));
    };
  }

  private void isFull(Admission.Full refusal) {
    if (!full) {
      full = true;
      tally.stalls++;
      tally.complaint(
          "the log is full: %d requests, %d bytes; clients wait for an epoch to be acked"
              .formatted(refusal.requests(), refusal.bytes()));
    }
    if (takenOver && !waitsWithoutShadow()) {
      // There may never be another epoch: whoever runs without a shadow must not stand still.
      loop.post(() -> unprotect("the log is full, and no epoch was cut since the takeover"));
    } else {
      letGoLater();
    }
  }

  private void letGoLater() {
    if (settings.letGoAfter().isPresent() && !lettingGo) {
      lettingGo = true;
      Duration patience = settings.letGoAfter().get();
      letGo =
          loop.after(
              patience, () -> unprotect("the log was full and nothing acked for " + patience));
    }
  }

  /** A request is on its way. */
  void told(Exchange exchange) {
    exchange.logNumber = exchange.delivery.isPresent() ? logNumber : 0;
    exchange.whole = holdsStreams();
    exchange.counted = true;
    tally.requests++;
    if (exchange.role == Exchange.Role.CLIENT) {
      recording.ifPresent(open -> open.told(exchange));
    }
    if (exchange.request.nature() == Nature.BLOCKING && exchange.delivery.isEmpty()) {
      blocked++;
    } else {
      outstanding++;
    }
  }

  /** A request is on its way once more. */
  void toldAgain(Exchange exchange) {
    exchange.logNumber = logNumber;
    exchange.whole = holdsStreams();
  }

  /** No answer is expected any more. */
  void forget(List<Exchange> exchanges) {
    exchanges.forEach(this::uncount);
    checkQuiet();
  }

  private void uncount(Exchange exchange) {
    if (exchange.counted) {
      exchange.counted = false;
      if (exchange.request.nature() == Nature.BLOCKING && exchange.logNumber == 0) {
        blocked--;
      } else {
        outstanding--;
      }
    }
  }

  /** Takes a whole answer. False: no room; offer it again. */
  boolean answered(BackendLink link, Exchange exchange) {
    if (exchange.role == Exchange.Role.OWN) {
      takeover.ifPresent(TakingOver::goOn);
      return true;
    }
    boolean held = false;
    if (log.isPresent() && exchange.logNumber == logNumber) {
      Answer answer = log.get().answered(exchange.delivery.orElseThrow(), payload(exchange));
      if (answer instanceof Answer.Full) {
        waitingForRoom.add(link);
        letGoLater();
        return false;
      }
      held = note(answer, exchange);
    } else if (log.isPresent() && servedLate(exchange)) {
      Answer answer =
          log.get().served(exchange.session.id, exchange.request.bytes(), payload(exchange));
      exchange.session.servedAt(log.get().nextPosition() - 1);
      held = note(answer, exchange);
    } else if (exchange.whole) {
      exchange.session.news(link, exchange.body());
    }
    tally.responses++;
    exchange.heard();
    uncount(exchange);
    if (link.switched()) {
      exchange.session.switchedProtocol();
    }
    exchange.session.over(exchange, held);
    takeover.ifPresent(TakingOver::goOn);
    checkQuiet();
    return true;
  }

  private boolean servedLate(Exchange exchange) {
    return exchange.request.nature() == Nature.BLOCKING
        && exchange.logNumber == 0
        && (exchange.whole || mode() == GatewayMode.REPLAY);
  }

  private byte[] payload(Exchange exchange) {
    return exchange.whole ? exchange.body() : exchange.fingerprint();
  }

  private boolean note(Answer answer, Exchange exchange) {
    return switch (answer) {
      case Answer.Release() -> {
        takeover.ifPresent(TakingOver::delivered);
        yield false;
      }
      case Answer.Held(long epoch) -> {
        takeover.ifPresent(TakingOver::delivered);
        tally.held(epoch);
        yield true;
      }
      case Answer.Swallow(boolean same) -> {
        tally.swallowed++;
        if (!same) {
          tally.differed++;
          tally.complaint(
              "request %d was answered differently by the state that took over"
                  .formatted(exchange.position()));
        }
        yield false;
      }
      case Answer.NobodyThere(), Answer.Stale(_), Answer.Full(_, _) -> false;
    };
  }

  void refused(String why) {
    tally.refused++;
    tally.complaint(why);
  }

  void becameOpaque() {
    tally.opaque++;
  }

  /** A connection has ended; what it asked for may live on in the log. */
  void ended(Session session, String why) {
    sessions.remove(session.id);
    waiting.remove(session);
    holdingBytes.remove(session);
    if (!why.isEmpty()) {
      tally.complaint(why);
    }
    if (log.isPresent() && session.lastPosition() > 0) {
      if (session.owes()) {
        log.get().closed(session.id);
      }
      if (session.lastPosition() > oldestCut()) {
        ghosts.put(session.id, session);
      }
    }
    checkQuiet();
  }

  Optional<Session> session(ConnectionId id) {
    Session live = sessions.get(id);
    return live == null ? Optional.ofNullable(ghosts.get(id)) : Optional.of(live);
  }

  List<Session> sessions() {
    return List.copyOf(sessions.values());
  }

  List<Session> ghosts() {
    return List.copyOf(ghosts.values());
  }

  void serviceLost(String why) {
    if (takeover.isEmpty()) {
      watch.lost(why);
    }
  }

  // ---- streams under output commit

  boolean holdsStreams() {
    return mode() == GatewayMode.OUTPUT_COMMIT && log.isPresent();
  }

  long openEpoch() {
    return log.map(RequestLog::openEpoch).orElse(0L);
  }

  /** Counts bytes held for a session. False: no more of them, please. */
  boolean holdBytes(Session session, int bytes) {
    holdingBytes.add(session);
    bytesHeld += bytes;
    return bytesHeld < settings.bounds().bytesMax();
  }

  // ---- cuts

  void beginCut(Duration wait, CompletableFuture<Hold> answer) {
    if (takeover.isPresent() || stranded) {
      answer.complete(new Hold.Refused("a takeover is under way"));
    } else if (mode() == GatewayMode.ASYNC) {
      answer.complete(new Hold.Held(0, 0));
    } else {
      hold(wait, answer);
    }
  }

  private void hold(Duration wait, CompletableFuture<Hold> answer) {
    if (!holding) {
      holding = true;
      heldSince = System.nanoTime();
      lapse = loop.after(settings.holdMax(), this::lapse);
    }
    log.ifPresent(RequestLog::beginCut);
    retryRoom();
    quiet.ifPresent(earlier -> earlier.complete(new Hold.Refused("asked again")));
    quiet = Optional.of(answer);
    long mine = ++holds;
    loop.after(
        wait,
        () -> {
          if (holds == mine) {
            tellHeld();
          }
        });
    checkQuiet();
  }

  private void checkQuiet() {
    if (quiet.isPresent() && outstanding == 0) {
      if (blocked == 0) {
        tellHeld();
      } else {
        loop.after(
            SETTLE,
            () -> {
              if (quiet.isPresent() && outstanding == 0) {
                tellHeld();
              }
            });
      }
    }
  }

  private void tellHeld() {
    long micros = (System.nanoTime() - heldSince) / 1_000;
    quiet.ifPresent(future -> future.complete(new Hold.Held(outstanding, micros)));
    quiet = Optional.empty();
  }

  private void lapse() {
    lapsedWhy = "the cut was not reported within " + settings.holdMax() + "; requests went on";
    tally.complaint(lapsedWhy);
    endHold();
    log.ifPresent(RequestLog::cancelCut);
    pumpWaiting();
  }

  Cut cut(long epoch) {
    if (mode() == GatewayMode.ASYNC) {
      return new Cut.Taken(0, 0, false);
    }
    if (!holding) {
      tally.lapsedCuts++;
      return new Cut.Lapsed(lapsedWhy);
    }
    lapsedWhy = "no cut was begun";
    takenOver = false;
    tally.cut(System.nanoTime() - heldSince, outstanding == 0);
    Cut.Taken taken = log.isPresent() ? cutLog(epoch) : startLog(epoch);
    listen(epoch);
    endHold();
    pumpWaiting();
    return taken;
  }

  // ---- listening, for whoever wants to tell a copy the same

  void listen(Duration wait, CompletableFuture<Listening> answer) {
    if (log.isEmpty()) {
      answer.complete(
          new Listening.Refused(
              "nothing is logged: " + (mode() == GatewayMode.ASYNC ? "async" : unprotectedWhy)));
      return;
    }
    listening.ifPresent(earlier -> earlier.complete(new Listening.Refused("asked again")));
    listening = Optional.of(answer);
    loop.after(
        wait, () -> answer.complete(new Listening.Refused("no cut was quiet within " + wait)));
  }

  /** Begins at this cut if nothing is under way: what came before is all in the epoch. */
  private void listen(long epoch) {
    boolean quietNow = outstanding == 0 && blocked == 0 && log.isPresent();
    if (!quietNow || listening.filter(wish -> !wish.isDone()).isEmpty()) {
      return;
    }
    CutPoint point = Optional.ofNullable(cuts.get(epoch)).orElseThrow().point();
    Map<ConnectionId, List<Request>> states = new LinkedHashMap<>();
    sessions.forEach((id, session) -> states.put(id, session.state.at(point)));
    recording.ifPresent(Recording::close);
    recording =
        Optional.of(
            new Recording(
                epoch, states, settings.bounds().requestsMax(), settings.bounds().bytesMax()));
    Optional<Recording> mine = recording;
    loop.after(
        FORGOTTEN,
        () -> {
          mine.ifPresent(Recording::close);
          if (recording.equals(mine)) {
            recording = Optional.empty();
          }
        });
    listening.orElseThrow().complete(new Listening.Since(epoch));
    listening = Optional.empty();
  }

  /** What was kept so far; no more is kept. */
  Optional<Recording> takeRecording() {
    Optional<Recording> taken = recording;
    taken.ifPresent(Recording::close);
    recording = Optional.empty();
    return taken;
  }

  private void endRecording(String why) {
    recording.ifPresent(open -> open.end(why));
  }

  private Cut.Taken cutLog(long epoch) {
    CutPoint point = log.orElseThrow().cut();
    // A number that comes again means another state: forget what it was.
    cuts.tailMap(epoch, true).clear();
    cuts.put(epoch, new Mark(point.epoch(), point, blocked > 0));
    long position = point.quiet() ? point.position() + 1 : point.inDoubt().getFirst();
    return new Cut.Taken(position, point.inDoubt().size(), true);
  }

  private Cut.Taken startLog(long epoch) {
    if (outstanding > 0) {
      unprotectedWhy =
          "the first cut was not quiet: %d requests outstanding".formatted(outstanding);
      return new Cut.Taken(nextPosition, outstanding, false);
    }
    openLog(epoch);
    CutPoint point = new CutPoint(epoch, nextPosition - 1, List.of());
    cuts.put(epoch, new Mark(epoch, point, blocked > 0));
    return new Cut.Taken(nextPosition, 0, true);
  }

  void cancelCut() {
    lapsedWhy = "the cut was cancelled";
    endHold();
    log.ifPresent(RequestLog::cancelCut);
    pumpWaiting();
  }

  private void endHold() {
    holding = false;
    lapse.cancel();
    quiet.ifPresent(future -> future.complete(new Hold.Refused("the cut is over")));
    quiet = Optional.empty();
  }

  int acked(long epoch) {
    Map.Entry<Long, Mark> entry = cuts.floorEntry(epoch);
    if (log.isEmpty() || entry == null) {
      return 0;
    }
    letGo.cancel();
    lettingGo = false;
    long logEpoch = entry.getValue().logEpoch();
    int released = release(log.get().acked(logEpoch), logEpoch);
    long oldest = logEpoch - settings.bounds().epochsKept();
    cuts.values().removeIf(mark -> mark.logEpoch() < oldest);
    long oldestCut = oldestCut();
    ghosts.values().removeIf(ghost -> ghost.lastPosition() <= oldestCut);
    retryRoom();
    pumpWaiting();
    return released;
  }

  /** The last position that no takeover can go behind: what was in doubt at a cut is told again. */
  long oldestCut() {
    return cuts.values().stream()
        .map(Mark::point)
        .mapToLong(cut -> cut.quiet() ? cut.position() : cut.inDoubt().getFirst() - 1)
        .min()
        .orElse(Long.MAX_VALUE);
  }

  int release(List<Release> releases, long logEpoch) {
    LinkedHashSet<Session> touched = new LinkedHashSet<>();
    for (Release release : releases) {
      Session session = sessions.get(release.connection());
      if (session != null) {
        session.deliverHeld(release.response());
        touched.add(session);
      }
    }
    touched.forEach(Session::flush);
    tally.released(logEpoch, releases.size());
    for (Session session : List.copyOf(holdingBytes)) {
      session.releaseBytes(logEpoch);
    }
    holdingBytes.removeIf(session -> !session.holdsBytes());
    return releases.size();
  }

  private void retryRoom() {
    List<BackendLink> links = List.copyOf(waitingForRoom);
    waitingForRoom.clear();
    links.forEach(BackendLink::retry);
  }

  private void pumpWaiting() {
    List<Session> ready = List.copyOf(waiting);
    waiting.clear();
    ready.forEach(Session::pump);
  }

  void unprotect(String why) {
    if (takeover.isPresent() || log.isEmpty()) {
      return;
    }
    tally.complaint(why);
    dropLog(why);
    retryRoom();
    pumpWaiting();
  }

  /** Everything answered may leave, and nothing is kept. */
  private void dropLog(String why) {
    RequestLog old = log.orElseThrow();
    unprotectedWhy = why;
    nextPosition = old.nextPosition();
    CutPoint point = old.cut();
    List<Release> all = old.acked(point.epoch());
    log = Optional.empty();
    cuts.clear();
    ghosts.clear();
    letGo.cancel();
    lettingGo = false;
    release(all, Long.MAX_VALUE);
  }

  // ---- takeovers

  /** What was told to an instance that lives on must not be told to it once more. */
  CompletableFuture<TakeoverOutcome> takeOver(Promotion promotion) {
    Optional<Followed> before =
        followed.filter(last -> last.promotion().equals(promotion) && !last.failed());
    if (before.isPresent()) {
      return before.get().outcome();
    }
    CompletableFuture<TakeoverOutcome> outcome = new CompletableFuture<>();
    takeOver(promotion.backend(), promotion.epoch(), outcome);
    followed = Optional.of(new Followed(promotion, outcome));
    return outcome;
  }

  void takeOver(InetSocketAddress to, long epoch, CompletableFuture<TakeoverOutcome> answer) {
    Mark mark = cuts.get(epoch);
    if (log.isPresent() && mark != null) {
      followed = Optional.empty();
      takeOver(to, epoch, mark, answer);
      return;
    }
    String why =
        log.isEmpty()
            ? "nothing is logged: " + (mode() == GatewayMode.ASYNC ? "async" : unprotectedWhy)
            : "epoch %d has no place in the log; it knows %s".formatted(epoch, cuts.keySet());
    answer.complete(new TakeoverOutcome.Refused(why));
  }

  private void takeOver(
      InetSocketAddress to, long epoch, Mark mark, CompletableFuture<TakeoverOutcome> answer) {
    if (takeover.isPresent()) {
      takeover.get().abandon("another takeover began");
    }
    watch.stop();
    endRecording("another instance took over");
    backend = to;
    endHold();
    waitingForRoom.clear();
    TakingOver next = new TakingOver(this, log.orElseThrow(), mark, answer);
    takeover = Optional.of(next);
    stranded = false;
    // Epochs cut by the VM that is gone and not acked are gone with it.
    cuts.tailMap(epoch, false).clear();
    tally.takeovers++;
    next.begin();
  }

  void takeoverFailed() {
    takeover = Optional.empty();
    stranded = true;
  }

  /** The replay is done: clients are served again. */
  void takeoverDone() {
    takeover = Optional.empty();
    takenOver = true;
    full = false;
    ghosts.values().removeIf(ghost -> ghost.lastPosition() <= oldestCut());
    if (mode() == GatewayMode.OUTPUT_COMMIT && log.isPresent() && !waitsWithoutShadow()) {
      // There is no shadow until a new one has its first epoch, so there is nobody to ack.
      dropLog("no epoch was cut since the takeover");
    }
    for (Session session : sessions()) {
      if (!session.hasBackend()) {
        session.connect(session.state.now());
      }
    }
    waiting.clear();
    sessions().forEach(Session::pump);
  }

  TakeoverOutcome redirect(InetSocketAddress to) {
    takeover.ifPresent(running -> running.abandon("clients were redirected"));
    takeover = Optional.empty();
    watch.stop();
    endRecording("clients were redirected");
    endHold();
    followed = Optional.empty();
    backend = to;
    int closed = 0;
    for (Session session : sessions()) {
      session.leaveBackend();
      // Answers that are held tell of a state which may be lost: they must not leave any more.
      if (session.isOpaque()
          || session.isEnding()
          || session.hasUnanswered()
          || session.holdsAnswers()) {
        session.end("redirected");
        closed++;
      }
    }
    if (log.isPresent()) {
      dropLog("clients were redirected without replay");
    }
    if (waitsWithoutShadow()) {
      openLog(0);
    }
    stranded = false;
    takeoverDone();
    tally.closedByTakeover += closed;
    return new TakeoverOutcome.Done(0, 0, 0, 0, 0, closed, true, 0);
  }

  // ---- the end

  void close() {
    takeover.ifPresent(running -> running.abandon("the gateway was closed"));
    watch.stop();
    endHold();
    sessions().forEach(session -> session.end(""));
    ghosts.clear();
  }

  GatewayMetrics metrics() {
    String backendState =
        takeover.isPresent()
            ? "taking over"
            : stranded ? "the takeover failed; waiting for another" : watch.state();
    return tally.metrics(
        protection(),
        backendState,
        sessions.size(),
        outstanding,
        log.map(RequestLog::size).orElse(0),
        log.map(RequestLog::bytes).orElse(0L),
        bytesHeld);
  }

  private String protection() {
    // With output commit that waits there is a log before there is an epoch.
    if (log.isPresent() && !cuts.isEmpty()) {
      return "on";
    }
    return "off: " + (mode() == GatewayMode.ASYNC ? "async" : unprotectedWhy);
  }
}
