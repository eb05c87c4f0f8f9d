package io.penumbra.sync.engine;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.frame.Direction;
import io.penumbra.sync.frame.FrameKey;
import io.penumbra.sync.frame.FrameOpener;
import io.penumbra.sync.frame.FrameSealer;
import io.penumbra.sync.frame.Message;
import io.penumbra.sync.frame.Opened;
import io.penumbra.sync.net.FrameLink;
import io.penumbra.sync.scan.Cut;
import io.penumbra.sync.scan.CutTaker;
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
        Duration rest = until.isAfter(before.plus(NAP)) ? NAP : Duration.between(before, until);
        listen(rest);
      } else {
        carryOut(step);
        rest();
      }
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
        ship(ship);
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
    if (!anew) {
      heat.changed(taken.pages());
    }
    int[] ordered = heat.hottestFirst(taken.pages());
    session.cutTaken(facts(taken, ordered), clock.instant());
    listener.cutTaken(epoch, anew, taken);
  }

  private CutFacts facts(Cut taken, int[] ordered) {
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
        number(),
        ordered,
        hashOf,
        taken.root(),
        taken.cutAt(),
        taken.consistency(),
        taken.requestLogPosition(),
        taken.health());
  }

  private void ship(SenderStep.Ship ship) throws InterruptedException, IOException {
    Cut taken = cut.orElseThrow();
    long[] hashOfPage = ship.hashes();
    encoder.encode(
        ship.standalone(),
        ship.pages(),
        taken.previous(),
        taken.current(),
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
