package io.penumbra.sync.session;

import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.frame.Message;
import io.penumbra.sync.frame.Scope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The receiver's half. It only answers, so it needs no timers: whatever gets lost, the sender asks
 * again. Pages are staged beside the last epoch; only when the root over both is the one that the
 * sender has announced are they made the next epoch, and only when that is durable is it acked.
 *
 * <p>A session begins with the first frame that names its token, not with the greeting: a recorded
 * greeting that somebody plays back can't throw out the sender that is at work.
 */
public final class ReceiverSession {

  /** So often rotten pages are asked for in an epoch; then more is compared. */
  private static final int ROTTEN_ASKED_MAX = 3;

  private final EscalationPolicy policy;
  private Optional<Message.Hello> greeting = Optional.empty();
  private long greetedToken;
  private long token;
  private long challenge;
  private Optional<State> state = Optional.empty();

  public ReceiverSession(EscalationPolicy policy) {
    this.policy = policy;
  }

  /** The newest durable epoch; 0 if there is none. */
  public long committed() {
    return state.map(known -> known.committed).orElse(0L);
  }

  /** How many pages are staged. */
  public int staged() {
    return state.map(known -> known.staged.cardinality()).orElse(0);
  }

  /** The hash that a page of the copy has, as far as is known; with an epoch here only. */
  public long expectedHash(int page) {
    return state.orElseThrow().have.get(page);
  }

  /** Whether a page of the copy is known to be other than at the newest epoch. */
  public boolean isRotten(int page) {
    return state.orElseThrow().rightful.containsKey(page);
  }

  /**
   * Whether this is what a rotten page was at the newest epoch: then it belongs in the copy at once
   * and is no change, and epochs before are as they were.
   */
  public boolean isMend(int page, long hash) {
    return state.orElseThrow().isMend(page, hash);
  }

  /**
   * Pages of the copy were looked at, and are not what they were: the disk or the memory they lie
   * in has changed them. They are asked for, they alone, before the next epoch is committed.
   *
   * @param found their hashes now
   */
  public void rotten(int[] pages, long[] found) {
    State known = state.orElseThrow();
    for (int i = 0; i < pages.length; i++) {
      known.rotten(pages[i], found[i]);
    }
  }

  /**
   * Something came from the other end. Numbers and names in it are not trusted.
   *
   * @param freshToken a random number other than 0, in case that a session begins
   */
  public List<ReceiverStep> heard(long session, Message message, long freshToken) {
    if (message instanceof Message.Hello hello) {
      return session == 0 ? greeted(hello, freshToken) : List.of();
    }
    if (session == 0 || state.isEmpty()) {
      return List.of();
    }
    List<ReceiverStep> steps = new ArrayList<>();
    if (session == greetedToken && session != token) {
      token = greetedToken;
      challenge = greeting.orElseThrow().challenge();
      steps.add(new ReceiverStep.ResetPredictors());
    }
    if (session == token) {
      new Turn(state.get(), steps).heard(message);
    }
    return steps;
  }

  private List<ReceiverStep> greeted(Message.Hello hello, long freshToken) {
    boolean again = greeting.filter(before -> before.challenge() == hello.challenge()).isPresent();
    if (!again) {
      greetedToken = freshToken;
    }
    greeting = Optional.of(hello);
    if (state.isEmpty()) {
      return List.of(new ReceiverStep.Open(hello.vm(), hello.layout(), hello.coding()));
    }
    return welcomeOrRefuse(hello);
  }

  private List<ReceiverStep> welcomeOrRefuse(Message.Hello hello) {
    State known = state.orElseThrow();
    String refusal = known.refuses(hello);
    Message answer =
        refusal.isEmpty()
            ? new Message.Welcome(
                greetedToken, known.committed, known.have.root(), known.stagedCut())
            : new Message.Refusal(refusal);
    return List.of(new ReceiverStep.Say(hello.challenge(), answer));
  }

  /**
   * The answer to {@link ReceiverStep.Open}: this is what there is.
   *
   * @param newest the newest durable epoch, if any
   * @param have the hashes of what is really there
   */
  public List<ReceiverStep> opened(Optional<EpochManifest> newest, PageHashes have) {
    Message.Hello hello = greeting.orElseThrow();
    state = Optional.of(new State(hello, newest.map(EpochManifest::epoch).orElse(0L), have));
    return welcomeOrRefuse(hello);
  }

  /** The answer to {@link ReceiverStep.Open}: no, for good. */
  public List<ReceiverStep> refused(String reason) {
    return List.of(
        new ReceiverStep.Say(greeting.orElseThrow().challenge(), new Message.Refusal(reason)));
  }

  /**
   * The answer to {@link ReceiverStep.Decode}.
   *
   * @param wrong which of them (by their place in the message) did not have the hash they should
   */
  public List<ReceiverStep> decoded(Message.Pages pages, BitSet wrong) {
    List<ReceiverStep> steps = new ArrayList<>();
    new Turn(state.orElseThrow(), steps).decoded(pages, wrong);
    return steps;
  }

  /** The answer to {@link ReceiverStep.Commit}: the epoch is durable. */
  public List<ReceiverStep> committed(EpochManifest manifest) {
    State known = state.orElseThrow();
    known.commit(manifest);
    return List.of(
        // The ack goes out first: applying is no part of being durable.
        new ReceiverStep.Say(challenge, known.ack()),
        new ReceiverStep.Accepted(manifest.epoch(), known.lastResync));
  }

  /** One call: what is known, and what is to be done. */
  private final class Turn {

    private final State known;
    private final List<ReceiverStep> steps;

    Turn(State known, List<ReceiverStep> steps) {
      this.known = known;
      this.steps = steps;
    }

    void heard(Message message) {
      switch (message) {
        case Message.Plan plan -> planned(plan);
        case Message.Pages pages -> arrived(pages);
        case Message.Commit commit -> commit(commit);
        case Message.Hello _, Message.Welcome _, Message.Refusal _ -> {
          // A greeting was handled before; the others are what a receiver says.
        }
        case Message.Want _, Message.NeedPlan _, Message.Ack _ -> {
          // Nothing that a sender says.
        }
      }
    }

    private void say(Message message) {
      steps.add(new ReceiverStep.Say(challenge, message));
    }

    private boolean adopts(long epoch, long cut, boolean keepStaged, int[] pages) {
      if (epoch <= known.committed) {
        return false;
      }
      for (int page : pages) {
        if (page >= known.have.pages()) {
          return false;
        }
      }
      if (epoch != known.epoch || cut != known.cut) {
        if (!keepStaged && !known.staged.isEmpty()) {
          known.discard();
          steps.add(new ReceiverStep.Discard());
        }
        known.begin(epoch, cut);
      }
      return true;
    }

    private void planned(Message.Plan plan) {
      if (!adopts(plan.epoch(), plan.cut(), plan.whole(), plan.pages())) {
        return;
      }
      known.plannedSinceAsked = true;
      Pages unstaged = new Pages(plan.pages().length);
      Pages wants = new Pages(plan.pages().length);
      for (int i = 0; i < plan.pages().length; i++) {
        int page = plan.pages()[i];
        if (known.next.get(page) != plan.hashes()[i]) {
          if (known.staged.get(page)) {
            known.unstage(page);
            unstaged.add(page);
          }
          if (known.next.get(page) != plan.hashes()[i]) {
            wants.add(page);
          }
        }
      }
      if (unstaged.count > 0 && known.committed > 0) {
        steps.add(new ReceiverStep.Unstage(unstaged.toArray()));
      }
      say(new Message.Want(plan.epoch(), plan.cut(), plan.part(), wants.toArray()));
    }

    private void arrived(Message.Pages pages) {
      if (!adopts(pages.epoch(), pages.cut(), false, pages.pages())) {
        return;
      }
      if (!pages.standalone() && known.committed == 0) {
        say(new Message.Want(pages.epoch(), pages.cut(), Message.Want.UNASKED, pages.pages()));
        return;
      }
      for (int i = 0; i < pages.pages().length; i++) {
        if (known.next.get(pages.pages()[i]) != pages.hashes()[i]) {
          steps.add(new ReceiverStep.Decode(pages));
          return;
        }
      }
    }

    void decoded(Message.Pages pages, BitSet wrong) {
      Pages wants = new Pages(wrong.cardinality());
      for (int i = 0; i < pages.pages().length; i++) {
        int page = pages.pages()[i];
        if (wrong.get(i)) {
          wants.add(page);
          known.wrongIn(page);
        } else {
          known.stage(page, pages.hashes()[i]);
        }
      }
      if (wants.count > 0) {
        Message repair = known.repair(wants.toArray(), policy);
        say(repair);
      }
    }

    private void commit(Message.Commit commit) {
      EpochManifest manifest = commit.manifest();
      if (manifest.epoch() == known.committed) {
        // The ack was lost. Said again only for the very state that is here.
        if (manifest.root().equals(known.have.root())) {
          say(known.ack());
        }
        return;
      }
      if (!known.describes(manifest)
          || !adopts(manifest.epoch(), commit.cut(), false, new int[0])) {
        return;
      }
      if (known.next.root().equals(manifest.root())) {
        steps.add(new ReceiverStep.Commit(manifest));
      } else if (known.maySendRottenAgain()) {
        say(
            new Message.Want(
                manifest.epoch(), commit.cut(), Message.Want.UNASKED, known.takeRotten()));
      } else {
        say(new Message.NeedPlan(manifest.epoch(), commit.cut(), known.escalate(manifest)));
      }
    }
  }

  /** A list of pages that grows to a known bound. */
  private static final class Pages {
    private final int[] pages;
    private int count;

    Pages(int most) {
      pages = new int[most];
    }

    void add(int page) {
      pages[count++] = page;
    }

    int[] toArray() {
      return Arrays.copyOf(pages, count);
    }
  }

  /** What is there, and what is staged over it. */
  private static final class State {

    private final Message.Hello hello;
    private final PageHashes have;
    private final PageHashes next;
    private final BitSet staged = new BitSet();
    private final BitSet rotten = new BitSet();

    /** What rotten pages were at the newest epoch. */
    private final SortedMap<Integer, Long> rightful = new TreeMap<>();

    private final int[] wrong;
    private long committed;
    private long epoch;
    private long cut;
    private boolean resync;
    private boolean lastResync;
    private boolean plannedSinceAsked;
    private int asked;
    private int regionsAsked;
    private int rottenAsked;

    State(Message.Hello hello, long committed, PageHashes have) {
      this.hello = hello;
      this.committed = committed;
      this.have = have;
      this.next = have.copy();
      this.wrong = new int[hello.layout().regions().size()];
    }

    String refuses(Message.Hello other) {
      if (!other.vm().equals(hello.vm())) {
        return "this receiver keeps '%s', not '%s'; choose another --dir for it"
            .formatted(hello.vm(), other.vm());
      }
      if (!other.layout().equals(hello.layout())) {
        return "the state here is %s, yours is %s; a changed size needs a new --dir"
            .formatted(hello.layout().regions(), other.layout().regions());
      }
      if (other.coding() != hello.coding()) {
        return "the ends code pages in different ways (%d and %d); update the older one"
            .formatted(hello.coding(), other.coding());
      }
      return "";
    }

    boolean describes(EpochManifest manifest) {
      return manifest.vm().equals(hello.vm())
          && manifest.layout().equals(hello.layout())
          && (manifest.base() == 0 || manifest.base() == committed);
    }

    long stagedCut() {
      return staged.isEmpty() ? 0 : cut;
    }

    void begin(long newEpoch, long newCut) {
      epoch = newEpoch;
      cut = newCut;
      resync = false;
      plannedSinceAsked = false;
      asked = 0;
      regionsAsked = 0;
      rottenAsked = 0;
      Arrays.fill(wrong, 0);
    }

    boolean isMend(int page, long hash) {
      Long was = rightful.get(page);
      return was != null && was == hash && !staged.get(page);
    }

    void rotten(int page, long found) {
      rightful.putIfAbsent(page, have.get(page));
      have.set(page, found);
      if (!staged.get(page)) {
        next.set(page, found);
        rotten.set(page);
      }
    }

    /** Whether a few pages explain why the root is wrong; not for ever. */
    boolean maySendRottenAgain() {
      return !rotten.isEmpty() && rottenAsked < ROTTEN_ASKED_MAX;
    }

    int[] takeRotten() {
      rottenAsked++;
      return rotten.stream().limit(Message.PAGES_MAX).toArray();
    }

    void stage(int page, long hash) {
      boolean mended = isMend(page, hash);
      next.set(page, hash);
      rotten.clear(page);
      if (mended) {
        have.set(page, hash);
        rightful.remove(page);
        return;
      }
      if (committed == 0) {
        // The first epoch is filled in place: what has arrived is what is there.
        have.set(page, hash);
      } else {
        staged.set(page);
      }
    }

    void unstage(int page) {
      staged.clear(page);
      next.set(page, have.get(page));
    }

    void discard() {
      staged.stream().forEach(page -> next.set(page, have.get(page)));
      staged.clear();
    }

    void wrongIn(int page) {
      resync = true;
      wrong[hello.layout().regionOf(page)]++;
    }

    /** Asks for just these pages, or compares more if there were too many. */
    Message repair(int[] pages, EscalationPolicy policy) {
      int region = hello.layout().regionOf(pages[0]);
      if (wrong[region] <= policy.pagesMax()) {
        return new Message.Want(epoch, cut, Message.Want.UNASKED, pages);
      }
      wrong[region] = 0;
      plannedSinceAsked = false;
      asked = Math.max(asked, 2);
      return new Message.NeedPlan(
          epoch,
          cut,
          ++regionsAsked > policy.regionsMax()
              ? new Scope.Everything()
              : new Scope.InRegion(region));
    }

    /** The root is not right: what to compare next, wider each time that the last was in vain. */
    Scope escalate(EpochManifest manifest) {
      if (asked == 0 || plannedSinceAsked) {
        asked++;
        plannedSinceAsked = false;
      }
      return manifest.base() == 0 || asked > 1 ? new Scope.Everything() : new Scope.Changed();
    }

    void commit(EpochManifest manifest) {
      staged.stream()
          .forEach(page -> {
            have.set(page, next.get(page));
            rightful.remove(page);
          });
      staged.clear();
      committed = manifest.epoch();
      lastResync = resync;
      begin(0, 0);
    }

    Message ack() {
      return new Message.Ack(committed, have.root(), lastResync);
    }
  }
}
