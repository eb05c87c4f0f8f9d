package io.penumbra.sync.session;

import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateRoot;
import io.penumbra.sync.frame.Message;
import io.penumbra.sync.frame.Scope;
import io.penumbra.sync.session.SenderSettings.Untouched;
import io.penumbra.sync.session.SenderStep.Rest;
import io.penumbra.sync.session.SenderStep.Say;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Optional;

/**
 * The sender's half. One epoch is on its way at a time: the next cut is taken when its time has
 * come <i>and</i> the last one is acked, so a slow way makes epochs longer and never queues.
 *
 * <p>While both ends stand on the same root, only what has changed is sent. When they don't (the
 * first time; after either end lost its memory), the sender names the hashes of all its pages, and
 * the receiver says which of them it lacks: a broken first transfer goes on where it was, and a
 * sender that comes back empty-handed sends only what differs.
 *
 * <p>Pulled by {@link #next}; whoever carries steps out may take as long as the way takes.
 */
public final class SenderSession {

  private final VmId vm;
  private final StateLayout layout;
  private final int coding;
  private final SenderSettings settings;
  private final Deque<SenderStep> due = new ArrayDeque<>();
  private final PlanParts plan = new PlanParts();
  private final PageQueue changes = new PageQueue();
  private final PageQueue wanted = new PageQueue();

  private Phase phase = Phase.OFFLINE;
  private long challenge;
  private long token;
  private long acked;
  private Optional<StateRoot> ackedRoot = Optional.empty();
  private boolean inStep;
  private boolean nothingThere;
  private Optional<CutFacts> cut = Optional.empty();
  private boolean whole;
  private long epoch;
  private Instant nextCutAt = Instant.MIN;
  private Instant lastCutAt = Instant.MIN;
  private Duration interval;

  /** When an answer was last heard, or something said that the other end has to answer. */
  private Instant quietSince = Instant.MIN;

  private Optional<Instant> saidAt = Optional.empty();

  public SenderSession(VmId vm, StateLayout layout, int coding, SenderSettings settings) {
    this.vm = vm;
    this.layout = layout;
    this.coding = coding;
    this.settings = settings;
    this.interval = settings.epoch();
  }

  /** From cut to cut from now on. */
  public void every(Duration changed) {
    if (!changed.equals(interval)) {
      interval = changed;
      nextCutAt = lastCutAt.equals(Instant.MIN) ? Instant.MIN : lastCutAt.plus(changed);
    }
  }

  /** The next cut is due as soon as the one before is acked. */
  public void cutSoon() {
    nextCutAt = Instant.MIN;
  }

  /** Where the session is. */
  private enum Phase {
    OFFLINE,
    GREETING,
    IDLE,
    CUTTING,
    SENDING,
    REFUSED
  }

  /** The newest epoch that the other end has durably; 0 if none is known of. */
  public long acked() {
    return acked;
  }

  /** The number to send frames under. */
  public long session() {
    return token;
  }

  /**
   * Whether pages may be sent ahead of the next cut: nothing else is to be done, and both ends
   * stand on the same root, so that they are changes to what the other end has.
   */
  public boolean maySendAhead() {
    return phase == Phase.IDLE && inStep && due.isEmpty();
  }

  /** When the last cut was taken; {@link Instant#MIN} if none was. */
  public Instant lastCutAt() {
    return lastCutAt;
  }

  /** When the next cut is due, if the last one is acked by then. */
  public Instant nextCutAt() {
    return nextCutAt;
  }

  /** Pages that are still to be sent of the epoch on its way. */
  public long pagesLeft() {
    return (long) changes.size() + wanted.size();
  }

  /**
   * There is a way to the other end.
   *
   * @param freshChallenge a random number, other than 0
   */
  public void connected(long freshChallenge, Instant now) {
    challenge = freshChallenge;
    token = 0;
    phase = Phase.GREETING;
    quietSince = now;
    saidAt = Optional.empty();
    due.clear();
    plan.clear();
    changes.clear();
    wanted.clear();
  }

  /** There is none any more. */
  public void lost() {
    phase = Phase.OFFLINE;
  }

  /** The cut asked for by {@link SenderStep.TakeCut} has been taken. */
  public void cutTaken(CutFacts taken, Instant now) {
    cut = Optional.of(taken);
    lastCutAt = now;
    nextCutAt = now.plus(interval);
    // Taking it may have lasted; that was no silence of the other end.
    quietSince = now;
    if (phase == Phase.CUTTING) {
      phase = Phase.SENDING;
      startSending(taken.left());
    }
  }

  private void startSending(int[] pages) {
    CutFacts facts = cut.orElseThrow();
    saidAt = Optional.empty();
    plan.clear();
    changes.clear();
    wanted.clear();
    if (whole) {
      planWhole(facts);
    } else {
      for (int page : pages) {
        changes.add(page);
      }
    }
  }

  /** Hot pages first, zeros last; a state of nothing but zeros needs not be told of zeros. */
  private void planWhole(CutFacts facts) {
    int[] pages = facts.pages();
    int[] ordered = new int[pages.length];
    int count = 0;
    for (int page : pages) {
      if (facts.hashOf().applyAsLong(page) != PageHash.ZERO_PAGE) {
        ordered[count++] = page;
      }
    }
    if (count < pages.length && !(nothingThere && settings.untouched() == Untouched.NOT_SENT)) {
      for (int page : pages) {
        if (facts.hashOf().applyAsLong(page) == PageHash.ZERO_PAGE) {
          ordered[count++] = page;
        }
      }
    }
    plan.addPages(Arrays.copyOf(ordered, count), Message.PAGES_MAX);
  }

  /** Something came from the other end. Numbers and names in it are not trusted. */
  public void heard(long session, Message message, Instant now) {
    if (session != challenge || phase == Phase.OFFLINE || phase == Phase.REFUSED) {
      return;
    }
    quietSince = now;
    switch (message) {
      case Message.Welcome welcome -> welcomed(welcome);
      case Message.Refusal refusal -> {
        phase = Phase.REFUSED;
        due.clear();
        due.add(new SenderStep.Refused(refusal.reason()));
      }
      case Message.Want want when isCurrent(want.epoch(), want.cut()) -> wants(want);
      case Message.NeedPlan need when isCurrent(need.epoch(), need.cut()) -> needsPlan(need);
      case Message.Ack ack when isCurrent(ack.epoch()) -> {
        if (ack.root().equals(cut.orElseThrow().root())) {
          accepted(ack.resync());
        }
      }
      case Message.Want _, Message.NeedPlan _, Message.Ack _ -> {
        // Of an epoch that is done.
      }
      case Message.Hello _, Message.Plan _, Message.Pages _, Message.Commit _ -> {
        // Nothing that a receiver says.
      }
    }
  }

  private boolean isCurrent(long ofEpoch) {
    return phase == Phase.SENDING && ofEpoch == epoch && cut.isPresent();
  }

  private boolean isCurrent(long ofEpoch, long ofCut) {
    return isCurrent(ofEpoch) && cut.orElseThrow().cut() == ofCut;
  }

  private void welcomed(Message.Welcome welcome) {
    if (phase != Phase.GREETING) {
      return;
    }
    token = welcome.token();
    nothingThere =
        welcome.epoch() == 0 && welcome.root().equals(PageHashes.ofZeros(layout.pages()).root());
    due.add(new SenderStep.ResetPredictors());
    if (cut.isPresent()) {
      goOn(welcome);
    } else {
      inStep =
          acked > 0
              && welcome.epoch() == acked
              && ackedRoot.filter(welcome.root()::equals).isPresent();
      acked = Math.max(acked, welcome.epoch());
      phase = Phase.IDLE;
    }
  }

  /** A cut was on its way when the way broke. */
  private void goOn(Message.Welcome welcome) {
    CutFacts facts = cut.orElseThrow();
    if (welcome.epoch() == epoch && welcome.root().equals(facts.root())) {
      // It had arrived; only the ack was lost.
      accepted(true);
    } else if (whole) {
      epoch = Math.max(epoch, welcome.epoch() + 1);
      phase = Phase.SENDING;
      startSending(facts.pages());
    } else if (welcome.epoch() == epoch - 1
        && ackedRoot.filter(welcome.root()::equals).isPresent()) {
      phase = Phase.SENDING;
      startSending(facts.pages());
      if (welcome.stagedCut() == facts.cut()) {
        // Much of it may be there already: ask before sending all again.
        changes.clear();
        plan.addPages(facts.pages(), Message.PAGES_MAX);
      }
    } else {
      cut = Optional.empty();
      inStep = false;
      acked = Math.max(acked, welcome.epoch());
      phase = Phase.IDLE;
    }
  }

  private void wants(Message.Want want) {
    plan.answered(want.part());
    for (int page : want.pages()) {
      if (page < layout.pages()) {
        wanted.add(page);
      }
    }
    saidAt = Optional.empty();
  }

  private void needsPlan(Message.NeedPlan need) {
    if (!plan.isDone()) {
      return;
    }
    switch (need.scope()) {
      case Scope.Changed _ when !whole ->
          plan.addPages(cut.orElseThrow().pages(), Message.PAGES_MAX);
      case Scope.InRegion(int region) when region < layout.regions().size() ->
          plan.addRange(
              layout.firstPage(region),
              layout.firstPage(region) + layout.pagesIn(region),
              Message.PAGES_MAX);
      case Scope.Changed _, Scope.InRegion _, Scope.Everything _ ->
          plan.addRange(0, layout.pages(), Message.PAGES_MAX);
    }
    saidAt = Optional.empty();
  }

  private void accepted(boolean resync) {
    acked = epoch;
    ackedRoot = cut.map(CutFacts::root);
    cut = Optional.empty();
    inStep = true;
    phase = Phase.IDLE;
    saidAt = Optional.empty();
    due.add(new SenderStep.Accepted(epoch, resync));
  }

  /** What to do now. Called again once it is done. */
  public SenderStep next(Instant now) {
    if (!due.isEmpty()) {
      return due.remove();
    }
    return switch (phase) {
      case OFFLINE, REFUSED -> new Rest(Instant.MAX);
      case GREETING ->
          sayAgain(new Message.Hello(vm, layout, challenge, coding), now)
              .orElseGet(() -> restOrReconnect(now));
      case IDLE -> idle(now);
      case CUTTING -> new Rest(Instant.MAX);
      case SENDING -> sending(now);
    };
  }

  private SenderStep idle(Instant now) {
    if (now.isBefore(nextCutAt)) {
      return new Rest(nextCutAt);
    }
    epoch = acked + 1;
    whole = !inStep;
    phase = Phase.CUTTING;
    // Whoever is asked for a cut gives up the last one, so there is none until it comes.
    cut = Optional.empty();
    quietSince = now;
    return new SenderStep.TakeCut(epoch, whole);
  }

  private SenderStep sending(Instant now) {
    CutFacts facts = cut.orElseThrow();
    if (!wanted.isEmpty()) {
      return ship(facts, wanted, true, now);
    }
    Optional<PlanParts.Saying> part = plan.next(now, settings.retryAfter(), settings.planWindow());
    if (part.isPresent()) {
      if (part.get().first()) {
        quietSince = now;
      }
      return new Say(planMessage(facts, part.get().slice()));
    }
    if (!changes.isEmpty()) {
      return ship(facts, changes, false, now);
    }
    if (plan.isDone()) {
      Optional<SenderStep> commit = sayAgain(new Message.Commit(facts.cut(), manifest(facts)), now);
      if (commit.isPresent()) {
        return commit.get();
      }
    }
    return restOrReconnect(now);
  }

  private SenderStep ship(CutFacts facts, PageQueue queue, boolean standalone, Instant now) {
    // Nobody answers to pages: silence is counted from the last of them on.
    quietSince = now;
    int[] pages = queue.take(settings.groupPages());
    return new SenderStep.Ship(epoch, facts.cut(), standalone, pages, hashes(facts, pages));
  }

  private Message planMessage(CutFacts facts, PlanParts.Slice slice) {
    int[] pages = slice.pages();
    return new Message.Plan(epoch, facts.cut(), slice.part(), whole, pages, hashes(facts, pages));
  }

  private static long[] hashes(CutFacts facts, int[] pages) {
    long[] hashes = new long[pages.length];
    for (int i = 0; i < pages.length; i++) {
      hashes[i] = facts.hashOf().applyAsLong(pages[i]);
    }
    return hashes;
  }

  private EpochManifest manifest(CutFacts facts) {
    return new EpochManifest(
        vm,
        epoch,
        whole ? 0 : epoch - 1,
        facts.cutAt(),
        layout,
        facts.root(),
        facts.pages().length,
        facts.consistency(),
        facts.requestLogPosition(),
        facts.health());
  }

  /** Says it now if it was not said, or too long ago. */
  private Optional<SenderStep> sayAgain(Message message, Instant now) {
    if (saidAt.isPresent() && now.isBefore(saidAt.get().plus(settings.retryAfter()))) {
      return Optional.empty();
    }
    if (saidAt.isEmpty()) {
      quietSince = now;
    }
    saidAt = Optional.of(now);
    return Optional.of(new Say(message));
  }

  private SenderStep restOrReconnect(Instant now) {
    Instant giveUpAt = quietSince.plus(settings.silenceMax());
    if (!now.isBefore(giveUpAt)) {
      phase = Phase.OFFLINE;
      return new SenderStep.Reconnect();
    }
    Duration retry = settings.retryAfter();
    Instant again =
        saidAt.map(at -> at.plus(retry)).or(() -> plan.overdueAt(retry)).orElse(giveUpAt);
    return new Rest(again.isBefore(giveUpAt) ? again : giveUpAt);
  }
}
