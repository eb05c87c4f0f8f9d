package io.penumbra.adapter.openstack;

import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Cuts a new state of a VM before the one that its shadows have is older than its policy lets it
 * be, and puts it under them. The oldest comes first; a bounded number is under way at once.
 *
 * <p>A state counts from the moment at which the shadow's mark names it, in one request: until then
 * the older one is whole, and from then on a promotion starts from the newer one, which it puts
 * under the server itself if need be.
 */
final class StateRefresh implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(StateRefresh.class.getName());
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

  /** Longer than any policy asks for; what is added to a time stays one. */
  private static final Duration LONGEST = Duration.ofDays(365);

  private static final int BACKOFF_MAX = 16;

  private final OpenStackSettings settings;
  private final Books books;
  private final Lookout lookout;
  private final StateImages images;
  private final ServerMoves moves;
  private final ShadowState states;
  private final Turns turns;
  private final InstantSource clock;
  private final Map<VmId, Pace> paces = new HashMap<>();
  private final Map<VmId, Course> courses = new HashMap<>();
  private final Set<Thread> threads = new HashSet<>();
  private int underWay;
  private boolean late;
  private boolean closed;

  /** Another interval than the policy's, while that is what it was. */
  private record Pace(Duration interval, Duration rpo) {}

  /** How it went with a VM so far. */
  private record Course(
      boolean busy, Duration took, int failures, Instant notBefore, String problem) {
    static final Course NONE = new Course(false, Duration.ZERO, 0, Instant.EPOCH, "");

    Course begun() {
      return new Course(true, took, failures, notBefore, problem);
    }

    /** The next comes after as long a rest, and not before the shortest time between two. */
    Course done(Duration newest, Instant end, Duration shortest) {
      Duration rest = shortest.minus(newest);
      Instant next = end.plus(rest.compareTo(newest) > 0 ? rest : newest);
      return new Course(false, newest, 0, next, "");
    }

    Course again(Instant when) {
      return new Course(false, took, failures, when, problem);
    }

    Course failed(Instant when, String why) {
      return new Course(false, took, failures + 1, when, why);
    }
  }

  /** A VM whose shadows could do with a newer state. */
  record Due(ServerRecord primary, List<ServerRecord> shadows, Duration interval, Instant cut) {
    VmId vm() {
      return primary.vmId();
    }
  }

  StateRefresh(
      OpenStackSettings settings,
      Books books,
      Lookout lookout,
      StateImages images,
      ServerMoves moves,
      ShadowState states,
      Turns turns,
      InstantSource clock) {
    this.settings = settings;
    this.books = books;
    this.lookout = lookout;
    this.images = images;
    this.moves = moves.onlyWhile(this::isReachable);
    this.states = states.onlyWhile(this::isReachable);
    this.turns = turns;
    this.clock = clock;
  }

  synchronized void start() {
    if (images.areOfPrimaries()) {
      threads.add(Thread.ofVirtual().name("openstack states").start(this::run));
    }
  }

  /** From now on another interval than the policy's holds for a VM, until that changes. */
  synchronized void pace(VmId vm, Duration interval) {
    books.primary(vm).ifPresent(primary -> paces.put(vm, new Pace(interval, rpo(primary))));
  }

  private static Duration rpo(ServerRecord primary) {
    return primary.vm().policy().policy().rpo();
  }

  /** Whether the policy is no longer the one that another pace was asked for instead of. */
  private boolean isOver(VmId vm, Pace pace) {
    return books.primary(vm).filter(primary -> rpo(primary).equals(pace.rpo())).isEmpty();
  }

  private void run() {
    try {
      while (true) {
        try {
          look();
        } catch (RuntimeException e) {
          LOG.log(Level.ERROR, "looking for states that are due failed in our own code", e);
        }
        Thread.sleep(LOOK_EVERY);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Begins what is due, as far as the bound allows. */
  synchronized void look() {
    Instant now = clock.instant();
    paces.entrySet().removeIf(one -> isOver(one.getKey(), one.getValue()));
    List<Due> candidates = candidates();
    Set<VmId> known = new HashSet<>();
    candidates.forEach(due -> known.add(due.vm()));
    courses.entrySet().removeIf(one -> !known.contains(one.getKey()) && !one.getValue().busy());
    tellLate(candidates, now);
    for (Due due : candidates) {
      Course course = courses.getOrDefault(due.vm(), Course.NONE);
      if (closed || underWay >= settings.refresh().atOnce()) {
        return;
      }
      if (!course.busy() && !now.isBefore(startAt(due, course))) {
        courses.put(due.vm(), course.begun());
        underWay++;
        threads.add(
            Thread.ofVirtual().name("openstack state of " + due.vm()).start(() -> refresh(due)));
      }
    }
  }

  /** VMs that run, with shadows of their present term on hosts that are up; the oldest first. */
  private List<Due> candidates() {
    List<Due> found = new ArrayList<>();
    for (Books.Protected pair : books.pairs()) {
      ServerRecord primary = pair.primary();
      boolean runs = primary.isRunning() && primary.task().isEmpty() && !primary.hasFailed();
      List<ServerRecord> shadows = pair.shadows().stream().filter(this::isReachable).toList();
      if (runs
          && isReachable(primary)
          && !shadows.isEmpty()
          && !turns.isTakingOver(primary.vmId())) {
        found.add(new Due(primary, shadows, interval(primary, shadows), cut(shadows)));
      }
    }
    found.sort(Comparator.comparing(Due::cut).thenComparing(Due::vm));
    return found;
  }

  private boolean isReachable(ServerRecord server) {
    return server.host().filter(lookout::isUp).isPresent();
  }

  /** One that can't be, because somebody else wrote it, counts as the oldest. */
  private Instant cut(List<ServerRecord> shadows) {
    Instant soon = clock.instant().plus(LONGEST);
    return shadows.stream()
        .map(shadow -> ServerReader.instant(shadow.mark(Mark.CUT).orElse("")))
        .map(at -> at.isBefore(Instant.EPOCH) || at.isAfter(soon) ? Instant.EPOCH : at)
        .min(Comparator.naturalOrder())
        .orElse(Instant.EPOCH);
  }

  private Duration interval(ServerRecord primary, List<ServerRecord> shadows) {
    Duration asked =
        Optional.ofNullable(paces.get(primary.vmId())).map(Pace::interval).orElse(rpo(primary));
    boolean standby = shadows.stream().anyMatch(shadow -> shadow.mode() == ShadowMode.WARM);
    Duration shortest = settings.refresh().shortest(standby ? ShadowMode.WARM : ShadowMode.COLD);
    Duration most = asked.compareTo(LONGEST) > 0 ? LONGEST : asked;
    return most.compareTo(shortest) < 0 ? shortest : most;
  }

  /** Early enough for the new state to be there when the old one gets too old. */
  private static Instant startAt(Due due, Course course) {
    Duration half = due.interval().dividedBy(2);
    Duration ahead = course.took().compareTo(half) < 0 ? course.took() : half;
    Instant at = due.cut().plus(due.interval()).minus(ahead);
    return at.isBefore(course.notBefore()) ? course.notBefore() : at;
  }

  private void tellLate(List<Due> candidates, Instant now) {
    List<Due> tooOld =
        candidates.stream()
            .filter(due -> due.cut().plus(due.interval().multipliedBy(2)).isBefore(now))
            .toList();
    if (!tooOld.isEmpty() && !late) {
      Due oldest = tooOld.getFirst();
      LOG.log(
          Level.WARNING,
          "states of {0} VMs are more than twice as old as they should be; the oldest, of {1}, is {2} s old and should be {3}; {4} are cut at once (cloud.refreshAtOnce)",
          tooOld.size(),
          oldest.vm(),
          Long.toString(Duration.between(oldest.cut(), now).toSeconds()),
          Long.toString(oldest.interval().toSeconds()),
          settings.refresh().atOnce());
    } else if (tooOld.isEmpty() && late) {
      LOG.log(Level.INFO, "no state is older than it should be any more");
    }
    late = !tooOld.isEmpty();
  }

  private void refresh(Due due) {
    Instant began = clock.instant();
    Course before = courseOf(due.vm());
    Course after;
    try (Turns.Watch watch = turns.watch(due.vm())) {
      boolean done = replace(due, watch);
      Instant end = clock.instant();
      after =
          done
              ? before.done(Duration.between(began, end), end, settings.refresh().shortest())
              : before.again(end.plus(due.interval()));
    } catch (Refusal refusal) {
      after = failed(due, before, told(refusal));
    } catch (CloudUnavailableException e) {
      after = failed(due, before, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      after = before;
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "a newer state failed in our own code", e);
      after = failed(due, before, "a fault of ours: " + e.getClass().getName());
    }
    synchronized (this) {
      underWay--;
      courses.put(due.vm(), after);
      threads.remove(Thread.currentThread());
    }
  }

  private synchronized Course courseOf(VmId vm) {
    return courses.getOrDefault(vm, Course.NONE);
  }

  /** Whether the shadows have a newer state now; false when there was something better to do. */
  private boolean replace(Due due, Turns.Watch watch) throws InterruptedException, Refusal {
    Optional<StateImages.Cut> cut =
        images.cutWhile(due.primary(), () -> !watch.isDisturbed() && isReachable(due.primary()));
    if (cut.isEmpty()) {
      return false;
    }
    if (!watch.take() || stillShadows(due).isEmpty()) {
      images.drop(cut.get());
      return false;
    }
    for (ServerRecord shadow : stillShadows(due)) {
      put(due.primary(), shadow, cut.get());
    }
    images.dropOlder(due.vm());
    return true;
  }

  private List<ServerRecord> stillShadows(Due due) {
    long term = due.primary().number(Mark.TERM);
    boolean samePrimary =
        books.primary(due.vm()).map(ServerRecord::id).equals(Optional.of(due.primary().id()));
    return samePrimary
        ? books.shadows(due.vm()).stream()
            .filter(shadow -> shadow.number(Mark.TERM) == term && isReachable(shadow))
            .toList()
        : List.of();
  }

  private void put(ServerRecord primary, ServerRecord shadow, StateImages.Cut cut)
      throws InterruptedException, Refusal {
    ServerRecord filled = states.put(primary, shadow, cut);
    if (filled.mark(Mark.STALE).isPresent()) {
      moves.unmark(filled, Mark.STALE);
    }
  }

  /** Told in the log once for each reason, and on the shadow itself. */
  private Course failed(Due due, Course before, String why) {
    int times = Math.min(BACKOFF_MAX, 1 << Math.min(4, before.failures()));
    Duration pause = due.interval().multipliedBy(times);
    if (!why.equals(before.problem())) {
      LOG.log(
          Level.WARNING,
          "the state of {0} stays that of {1}: {2}; tried again in {3} s",
          due.vm(),
          due.cut(),
          why,
          Long.toString(pause.toSeconds()));
      due.shadows().forEach(shadow -> say(shadow, why));
    }
    return before.failed(clock.instant().plus(pause), why);
  }

  private void say(ServerRecord shadow, String why) {
    try {
      moves.mark(shadow, Map.of(Mark.STALE.key(), why.substring(0, Math.min(250, why.length()))));
    } catch (Refusal | CloudUnavailableException e) {
      LOG.log(
          Level.DEBUG, "nor can that be written on server {0}: {1}", shadow.id(), e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String told(Refusal refusal) {
    return switch (refusal.outcome()) {
      case Outcome.Failed no -> no.code() + ", " + no.message();
      case Outcome.Unknown unknown -> unknown.why();
      default -> String.valueOf(refusal.getMessage());
    };
  }

  @Override
  public synchronized void close() {
    closed = true;
    threads.forEach(Thread::interrupt);
  }
}
