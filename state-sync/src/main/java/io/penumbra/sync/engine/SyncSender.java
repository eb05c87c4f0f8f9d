package io.penumbra.sync.engine;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.frame.Direction;
import io.penumbra.sync.frame.FrameKey;
import io.penumbra.sync.frame.FrameOpener;
import io.penumbra.sync.frame.FrameSealer;
import io.penumbra.sync.frame.Message;
import io.penumbra.sync.frame.Opened;
import io.penumbra.sync.net.FrameLink;
import io.penumbra.sync.scan.Cut;
import io.penumbra.sync.scan.CutTaker;
import io.penumbra.sync.scan.Look;
import io.penumbra.sync.scan.PageHeat;
import io.penumbra.sync.session.CutFacts;
import io.penumbra.sync.session.SenderSession;
import io.penumbra.sync.session.SenderSettings;
import io.penumbra.sync.session.SenderStep;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntToLongFunction;
import java.util.random.RandomGenerator;

/** Keeps the other end current, epoch by epoch, until it is told to stop. */
public final class SyncSender {

  /** How long a rest may be at most, so that a request to stop is soon seen. */
  private static final Duration NAP = Duration.ofMillis(25);

  private final CutTaker taker;
  private final PageHeat heat;
  private final PageCoding.Encoder encoder;
  private final FrameLink link;
  private final FrameOpener opener;
  private final Optional<FrameKey> key;
  private final RandomGenerator random;
  private final InstantSource clock;
  private final Pace pace;
  private final SenderListener listener;
  private final SenderSession session;
  private final EarlyShipping early;
  private final int groupPages;
  private FrameSealer sealer;
  private Optional<Cut> cut = Optional.empty();
  private Instant cutAt = Instant.MIN;
  private long bytes;
  private long bytesPaced;
  private long pagesSent;
  private long pagesKnown;
  private final Map<Integer, Integer> planSizes = new TreeMap<>();
  private boolean whole;
  private volatile boolean stopping;
  private volatile Optional<Duration> every = Optional.empty();
  private volatile boolean soon;

  /**
   * Connects the parts.
   *
   * @param random with a key, a {@link java.security.SecureRandom}
   */
  public SyncSender(
      VmId vm,
      CutTaker taker,
      PageCoding coding,
      FrameLink link,
      Optional<FrameKey> key,
      SenderSettings settings,
      Pace pace,
      RandomGenerator random,
      InstantSource clock,
      SenderListener listener) {
    this.taker = taker;
    this.link = link;
    this.key = key;
    this.random = random;
    this.clock = clock;
    this.pace = pace;
    this.listener = listener;
    heat = new PageHeat(taker.layout().pages());
    encoder = coding.encoder();
    opener = new FrameOpener(key, Direction.TO_SENDER);
    session = new SenderSession(vm, taker.layout(), coding.id(), settings);
    early = new EarlyShipping(taker.layout().pages(), settings.early());
    groupPages = settings.groupPages();
    sealer = new FrameSealer(key, Direction.TO_RECEIVER, random);
  }

  /** Ends {@link #run} soon; what is on its way is given up. */
  public void stop() {
    stopping = true;
  }

  /** From cut to cut from now on; may be called from any thread. */
  public void every(Duration interval) {
    every = Optional.of(interval);
  }

  /** Takes the next cut as soon as the one before is acked; may be called from any thread. */
  public void cutSoon() {
    soon = true;
  }

  /** The newest epoch that the other end has durably. */
  public long acked() {
    return session.acked();
  }

  /**
   * Works until it is stopped.
   *
   * @throws BadInputException if the other end refuses, with its reason
   */
  public void run() throws InterruptedException, IOException {
    connect();
    while (!stopping) {
      listen(Duration.ZERO);
      hurry();
      Instant before = clock.instant();
      SenderStep step = session.next(before);
      if (step instanceof SenderStep.Rest(Instant until)) {
        Instant look = nextLook(before);
        if (look.isAfter(before)) {
          Instant wake = look.isBefore(until) ? look : until;
          listen(wake.isAfter(before.plus(NAP)) ? NAP : Duration.between(before, wake));
        } else {
          lookAhead(before);
        }
      } else {
        carryOut(step);
        rest();
      }
    }
  }

  private Instant nextLook(Instant now) {
    return session.maySendAhead()
        ? early.nextLook(session.lastCutAt(), session.nextCutAt(), now)
        : Instant.MAX;
  }

  /** Looks at the state between two cuts, and sends what can go ahead. */
  private void lookAhead(Instant start) throws InterruptedException, IOException {
    Optional<Look> found = taker.look();
    if (found.isEmpty()) {
      early.blind();
      return;
    }
    SeenPages seen = new SeenPages(found.get().pages(), found.get().hashes());
    int[] pages = early.looked(seen, session.lastCutAt(), session.nextCutAt(), start);
    rest();
    early.took(Duration.between(start, clock.instant()));
    sendAhead(found.get(), seen.only(pages));
  }

  /** Sends pages until the cut is due; what is not sent by then is left for it. */
  private void sendAhead(Look look, SeenPages settled) throws InterruptedException, IOException {
    long ofCut = number();
    int[] pages = settled.pages();
    for (int from = 0; from < pages.length; from += groupPages) {
      listen(Duration.ZERO);
      hurry();
      if (stopping || !session.maySendAhead() || !clock.instant().isBefore(session.nextCutAt())) {
        return;
      }
      int to = Math.min(pages.length, from + groupPages);
      int[] group = Arrays.copyOfRange(pages, from, to);
      long[] hashes = Arrays.copyOfRange(settled.hashes(), from, to);
      long before = bytes;
      ship(
          new SenderStep.Ship(session.acked() + 1, ofCut, false, group, hashes),
          look.previous(),
          look.current());
      early.sent(group, ofCut, bytes - before);
      rest();
    }
  }

  private void hurry() {
    every.ifPresent(session::every);
    if (soon) {
      soon = false;
      session.cutSoon();
    }
  }

  private void rest() throws InterruptedException {
    Instant now = clock.instant();
    Instant until = now.plus(pace.rest(bytes - bytesPaced, now));
    bytesPaced = bytes;
    while (!stopping && now.isBefore(until)) {
      Duration left = Duration.between(now, until);
      Thread.sleep(left.compareTo(NAP) < 0 ? left : NAP);
      now = clock.instant();
    }
  }

  private void connect() {
    sealer = new FrameSealer(key, Direction.TO_RECEIVER, random);
    // A new session begins with nothing staged over there that we rely on.
    early.forget();
    session.connected(number(), clock.instant());
  }

  private long number() {
    long number = random.nextLong();
    return number == 0 ? 1 : number;
  }

  private void listen(Duration most) throws InterruptedException, IOException {
    Optional<FrameLink.Arrival> arrival = link.receive(most);
    while (arrival.isPresent()) {
      switch (arrival.get()) {
        case FrameLink.Arrival.PeerStarted _ -> connect();
        case FrameLink.Arrival.Frame(byte[] frame) -> heard(frame);
      }
      arrival = link.receive(Duration.ZERO);
    }
  }

  private void heard(byte[] frame) {
    switch (opener.open(frame)) {
      case Opened.Read(long number, Message message) -> {
        if (message instanceof Message.Welcome welcome) {
          listener.inTouch(welcome.epoch());
        }
        if (message instanceof Message.Want want) {
          Integer planned = planSizes.remove(want.part());
          pagesKnown += planned == null ? 0 : planned - want.pages().length;
          if (planned == null) {
            listener.doubted(want.pages().length);
          }
        }
        session.heard(number, message, clock.instant());
      }
      case Opened.Rejected(String why) -> listener.rejected(why);
    }
  }

  private void carryOut(SenderStep step) throws InterruptedException, IOException {
    switch (step) {
      case SenderStep.Say(Message message) -> {
        if (message instanceof Message.Plan plan) {
          planSizes.put(plan.part(), plan.pages().length);
        }
        send(message);
        progress();
      }
      case SenderStep.Ship ship -> {
        Cut taken = cut.orElseThrow();
        ship(ship, taken.previous(), taken.current());
        progress();
      }
      case SenderStep.TakeCut(long epoch, boolean anew) -> takeCut(epoch, anew);
      case SenderStep.ResetPredictors _ -> encoder.reset();
      case SenderStep.Accepted(long epoch, boolean resync) -> accepted(epoch, resync);
      case SenderStep.Reconnect _ -> {
        listener.outOfTouch();
        connect();
      }
      case SenderStep.Refused(String reason) ->
          throw new BadInputException("the receiver refuses", reason, "");
      case SenderStep.Rest _ -> throw new IllegalStateException("a rest is no work");
    }
  }

  private void send(Message message) throws InterruptedException, IOException {
    byte[] frame = sealer.seal(session.session(), message);
    bytes += frame.length;
    link.send(frame);
  }

  private void progress() {
    if (cut.isPresent()) {
      long all = whole ? taker.layout().pages() : cut.get().pages().length;
      long seen = pagesKnown + pagesSent;
      listener.progress(Math.min(all, seen), all, bytes);
    }
  }

  private void takeCut(long epoch, boolean anew) {
    cut = Optional.empty();
    if (anew) {
      taker.restart();
    }
    Cut taken = taker.take();
    cutAt = taken.cutAt();
    cut = Optional.of(taken);
    whole = anew;
    bytes = 0;
    bytesPaced = 0;
    pagesSent = 0;
    pagesKnown = 0;
    planSizes.clear();
    EarlyShipping.Rest rest = rest(taken, anew);
    if (!anew) {
      heat.changed(taken.pages());
    }
    session.cutTaken(facts(taken, rest), clock.instant());
    listener.cutTaken(epoch, anew, taken);
    listener.wentAhead(epoch, rest.ahead());
  }

  private EarlyShipping.Rest rest(Cut taken, boolean anew) {
    if (anew) {
      early.forget();
    }
    Instant before = session.lastCutAt();
    return early.cutTaken(
        taken,
        before.equals(Instant.MIN) ? Duration.ZERO : Duration.between(before, taken.cutAt()));
  }

  private CutFacts facts(Cut taken, EarlyShipping.Rest rest) {
    PageHashes base = taker.hashes();
    int[] pages = taken.pages();
    IntToLongFunction hashOf =
        pages.length == base.pages()
            ? page -> taken.hashes()[page]
            : page -> {
              int at = Arrays.binarySearch(pages, page);
              return at >= 0 ? taken.hashes()[at] : base.get(page);
            };
    return new CutFacts(
        rest.cut().orElseGet(this::number),
        heat.hottestFirst(rest.pages()),
        heat.hottestFirst(rest.left()),
        hashOf,
        taken.root(),
        taken.cutAt(),
        taken.consistency(),
        taken.requestLogPosition(),
        rest.ahead().noted(taken.health()));
  }

  private void ship(SenderStep.Ship ship, PageView previous, PageView current)
      throws InterruptedException, IOException {
    long[] hashOfPage = ship.hashes();
    encoder.encode(
        ship.standalone(),
        ship.pages(),
        previous,
        current,
        (pages, block) ->
            send(
                new Message.Pages(
                    ship.epoch(),
                    ship.cut(),
                    ship.standalone(),
                    pages,
                    hashes(ship.pages(), hashOfPage, pages),
                    block)));
    pagesSent += ship.pages().length;
  }

  /** A block may hold fewer pages than were given; they come in the same order. */
  private static long[] hashes(int[] shipped, long[] hashes, int[] pages) {
    long[] ordered = new long[pages.length];
    int at = 0;
    for (int i = 0; i < pages.length; i++) {
      while (shipped[at] != pages[i]) {
        at = (at + 1) % shipped.length;
      }
      ordered[i] = hashes[at];
    }
    return ordered;
  }

  private void accepted(long epoch, boolean resync) {
    Cut taken = cut.orElseThrow();
    Duration sinceCut = Duration.between(cutAt, clock.instant());
    if (resync) {
      encoder.reset();
    } else {
      encoder.accepted(epoch);
    }
    taker.accept(taken);
    cut = Optional.empty();
    listener.acked(epoch, taken, sinceCut, bytes);
  }
}
