package io.penumbra.sync.requestlog;

import io.penumbra.domain.policy.CommitMode;
import io.penumbra.sync.requestlog.Admission.Admitted;
import io.penumbra.sync.requestlog.Admission.Wait;
import io.penumbra.sync.requestlog.Admission.Why;
import io.penumbra.sync.requestlog.LoggedRequest.Given;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The requests that one VM was told and the responses that wait for their epoch.
 *
 * <p>A request enters the log before the VM sees it. A response belongs to the first epoch that is
 * cut after it: that epoch's state has produced it. After a takeover from epoch <i>a</i>, requests
 * answered by the cut of <i>a</i> are part of the state; those delivered after it are told again in
 * their order, once; those delivered before it and not answered are {@linkplain InDoubt in doubt},
 * which a quiet cut avoids ({@link #beginCut()}). With {@link CommitMode#OUTPUT_COMMIT} no client
 * has seen anything that a takeover from the newest acked epoch undoes (output commit: Elnozahy et
 * al., "A survey of rollback-recovery protocols", ACM Computing Surveys 34(3), 2002; for whole VMs:
 * Cully et al., "Remus", NSDI 2008).
 *
 * <p>Does no I/O and knows no clock. Owned by one thread.
 */
public final class RequestLog {

  private final RequestLogBounds bounds;
  private final CommitMode mode;
  private final InDoubt inDoubt;
  private final TreeMap<Long, LoggedRequest> requests = new TreeMap<>();

  private long nextPosition = 1;
  private long lastDelivered;
  private long openEpoch;
  private long ackedEpoch;

  /** Requests that only this epoch or older ones lack are forgotten. */
  private long oldestEpoch;

  private int incarnation;
  private long bytes;
  private boolean cutting;
  private boolean replaying;

  /** Everything before these positions was told, and was answered, in the replay under way. */
  private long replayToldTo;

  private long replayAnsweredTo;

  /**
   * An empty log beside a VM whose state is this epoch.
   *
   * @param epoch the newest acked epoch; the next cut is the one after it
   */
  public RequestLog(RequestLogBounds bounds, CommitMode mode, InDoubt inDoubt, long epoch) {
    this(bounds, mode, inDoubt, epoch, 1);
  }

  /**
   * An empty log that goes on counting where another one ended.
   *
   * @param epoch the newest acked epoch; the next cut is the one after it
   * @param firstPosition of the next request
   */
  public RequestLog(
      RequestLogBounds bounds, CommitMode mode, InDoubt inDoubt, long epoch, long firstPosition) {
    this.nextPosition = firstPosition;
    this.lastDelivered = firstPosition - 1;
    this.bounds = bounds;
    this.mode = mode;
    this.inDoubt = inDoubt;
    this.openEpoch = epoch + 1;
    this.ackedEpoch = epoch;
    this.oldestEpoch = epoch;
  }

  /** Takes in a client's request; what is admitted must be delivered, in the order of positions. */
  public Admission admit(ConnectionId connection, byte[] request) {
    return admit(connection, request, inDoubt);
  }

  /**
   * Takes in a client's request; what is admitted must be delivered, in the order of positions.
   *
   * @param whenInDoubt what a takeover does with this request when nobody knows whether it was done
   */
  public Admission admit(ConnectionId connection, byte[] request, InDoubt whenInDoubt) {
    if (request.length > bounds.bytesMax()) {
      return new Admission.TooLarge(request.length, bounds.bytesMax());
    }
    if (replaying) {
      return new Wait(Why.REPLAY);
    }
    if (cutting) {
      return new Wait(Why.CUT);
    }
    if (requests.size() >= bounds.requestsMax() || bytes + request.length > bounds.bytesMax()) {
      return new Admission.Full(requests.size(), bytes, bounds);
    }
    return new Admitted(deliver(enter(connection, request, whenInDoubt)));
  }

  /**
   * Takes in a request that waited in the VM for others, together with its answer: a blocking pop
   * counts from the moment it was served, for then a replay finds what it needs. Never refused: the
   * VM has done it.
   *
   * @return {@link Answer.Release} or {@link Answer.Held}
   */
  public Answer served(ConnectionId connection, byte[] request, byte[] response) {
    LoggedRequest logged = enter(connection, request, InDoubt.REPLAY);
    deliver(logged);
    return switch (mode) {
      case ASYNC -> release(logged, response);
      case OUTPUT_COMMIT -> keep(logged, response);
    };
  }

  /** Takes in the VM's answer to a delivery. */
  public Answer answered(Delivery delivery, byte[] response) {
    LoggedRequest logged = requests.get(delivery.position());
    if (logged == null
        || logged.incarnation != delivery.incarnation()
        || delivery.incarnation() != incarnation
        || !logged.outstanding()) {
      return new Answer.Stale(delivery);
    }
    if (logged.given.isPresent()) {
      logged.answeredIn = openEpoch;
      return new Answer.Swallow(logged.given.get().equals(Given.of(response)));
    }
    if (logged.abandoned) {
      logged.answeredIn = openEpoch;
      return new Answer.NobodyThere();
    }
    return switch (mode) {
      case ASYNC -> release(logged, response);
      case OUTPUT_COMMIT -> hold(logged, response);
    };
  }

  /**
   * A client's connection is closed, on its side and on the VM's. What it asked for stays part of
   * the VM's history; what was not answered yet never will be, and counts as done by the next cut.
   */
  public void closed(ConnectionId connection) {
    for (LoggedRequest logged : requests.values()) {
      if (logged.connection.equals(connection)) {
        logged.abandoned = true;
        dropHeld(logged);
        if (logged.outstanding()) {
          logged.answeredIn = openEpoch;
        }
      }
    }
  }

  /**
   * Admits no more until the cut, so that the VM falls quiet. Whether to wait, and how long, is the
   * gateway's: a cut is possible at any time.
   *
   * @return how many requests the VM has still to answer; at 0 the cut is quiet
   */
  public int beginCut() {
    cutting = true;
    return unanswered().size();
  }

  /** There will be no cut after all: admits again, in the same epoch. */
  public void cancelCut() {
    cutting = false;
  }

  /** The VM's state was cut now: closes the open epoch and admits again. */
  public CutPoint cut() {
    cutting = false;
    CutPoint point = new CutPoint(openEpoch, lastDelivered, unanswered());
    openEpoch++;
    return point;
  }

  /**
   * An epoch is durable and verified at the shadow.
   *
   * @return the responses that may leave now, in the order of their requests
   * @throws IllegalArgumentException for an epoch that was never cut; older ones change nothing
   */
  public List<Release> acked(long epoch) {
    if (epoch >= openEpoch) {
      throw new IllegalArgumentException(
          "epoch %d is acked, but the newest that was cut is %d".formatted(epoch, openEpoch - 1));
    }
    ackedEpoch = Math.max(ackedEpoch, epoch);
    List<Release> released = release(ackedEpoch);
    forget(ackedEpoch - bounds.epochsKept());
    return released;
  }

  /**
   * The VM goes on elsewhere from the state of this epoch. Until {@link #nextReplay()} is done, no
   * new request is admitted. May be called again when that one dies too.
   */
  public Takeover takeOver(long epoch) {
    if (epoch >= openEpoch) {
      return new Takeover.NeverCut(epoch, openEpoch - 1);
    }
    if (epoch < oldestEpoch) {
      return new Takeover.TooOld(epoch, oldestEpoch);
    }
    List<Long> doubtful = new ArrayList<>();
    List<ConnectionId> givenUp = new ArrayList<>();
    int replay = 0;
    for (LoggedRequest logged : requests.values()) {
      if (logged.answeredIn <= epoch || logged.givenUp) {
        continue;
      }
      if (logged.deliveredIn <= epoch) {
        doubtful.add(logged.position);
        if (logged.whenInDoubt == InDoubt.GIVE_UP) {
          logged.givenUp = true;
          givenUp.add(logged.connection);
          dropHeld(logged);
          continue;
        }
      }
      if (replay++ == 0) {
        lastDelivered = logged.position - 1;
      }
      undo(logged);
    }
    incarnation++;
    openEpoch = epoch + 1;
    ackedEpoch = epoch;
    cutting = false;
    replaying = true;
    replayToldTo = 0;
    replayAnsweredTo = 0;
    return new Takeover.Ready(
        replay, doubtful, givenUp.stream().distinct().toList(), release(epoch));
  }

  /** What to tell the VM that took over; each request once, and the next when it has answered. */
  public Replay nextReplay() {
    if (!replaying) {
      return new Replay.Done();
    }
    for (LoggedRequest logged : requests.tailMap(replayAnsweredTo, true).values()) {
      if (logged.outstanding() && logged.incarnation == incarnation) {
        return new Replay.Waiting(new Delivery(logged.position, incarnation));
      }
      if (logged.toBeTold()) {
        return new Replay.Tell(deliver(logged), ByteBuffer.wrap(logged.request));
      }
      replayAnsweredTo = logged.position + 1;
    }
    replaying = false;
    return new Replay.Done();
  }

  /**
   * What to tell next without waiting for answers: for one connection that keeps its order by
   * itself. {@link Replay.Waiting} when all is told and not all is answered.
   */
  public Replay nextReplayAhead() {
    if (replaying) {
      for (LoggedRequest logged : requests.tailMap(replayToldTo, true).values()) {
        replayToldTo = logged.position + 1;
        if (logged.toBeTold()) {
          return new Replay.Tell(deliver(logged), ByteBuffer.wrap(logged.request));
        }
      }
    }
    return nextReplay();
  }

  /** The connection that made a request which is still kept. */
  public Optional<ConnectionId> connectionOf(long position) {
    return Optional.ofNullable(requests.get(position)).map(logged -> logged.connection);
  }

  /** The position that the next request gets. */
  public long nextPosition() {
    return nextPosition;
  }

  /** How many requests are kept. */
  public int size() {
    return requests.size();
  }

  /** How much is kept, in bytes of requests and held responses. */
  public long bytes() {
    return bytes;
  }

  /** The epoch that the next cut closes. */
  public long openEpoch() {
    return openEpoch;
  }

  private Delivery deliver(LoggedRequest logged) {
    logged.incarnation = incarnation;
    logged.deliveredIn = openEpoch;
    lastDelivered = logged.position;
    return new Delivery(logged.position, incarnation);
  }

  private LoggedRequest enter(ConnectionId connection, byte[] request, InDoubt whenInDoubt) {
    LoggedRequest logged =
        new LoggedRequest(connection, nextPosition++, request.clone(), whenInDoubt);
    requests.put(logged.position, logged);
    bytes += logged.bytes();
    return logged;
  }

  private Answer release(LoggedRequest logged, byte[] response) {
    logged.answeredIn = openEpoch;
    logged.given = Optional.of(Given.of(response));
    return new Answer.Release();
  }

  private Answer hold(LoggedRequest logged, byte[] response) {
    boolean roomy = bytes + response.length <= bounds.bytesMax();
    // Before a cut nothing is refused: what was told so far is all there can come, and a request
    // that is done but not taken as answered would be in doubt.
    if (roomy || cutting || alone()) {
      return keep(logged, response);
    }
    return new Answer.Full(bytes, bounds);
  }

  /**
   * A response that alone is larger than the log is let in when nothing else is held: it could
   * never fit, and the VM has done its work already.
   */
  private boolean alone() {
    return requests.values().stream().noneMatch(other -> other.held.isPresent());
  }

  private Answer keep(LoggedRequest logged, byte[] response) {
    logged.answeredIn = openEpoch;
    logged.held = Optional.of(response.clone());
    bytes += response.length;
    return new Answer.Held(openEpoch);
  }

  private List<Long> unanswered() {
    return requests.values().stream()
        .filter(LoggedRequest::outstanding)
        .map(logged -> logged.position)
        .toList();
  }

  private List<Release> release(long epoch) {
    List<Release> released = new ArrayList<>();
    for (LoggedRequest logged : requests.values()) {
      if (logged.held.isPresent() && logged.answeredIn <= epoch) {
        byte[] response = logged.held.get();
        released.add(new Release(logged.connection, logged.position, ByteBuffer.wrap(response)));
        logged.given = Optional.of(Given.of(response));
        dropHeld(logged);
      }
    }
    return released;
  }

  private void forget(long epoch) {
    if (epoch <= oldestEpoch) {
      return;
    }
    oldestEpoch = epoch;
    requests
        .values()
        .removeIf(logged -> {
          boolean old = logged.settled() && (logged.givenUp || logged.answeredIn <= epoch);
          if (old) {
            bytes -= logged.bytes();
          }
          return old;
        });
  }

  private void undo(LoggedRequest logged) {
    logged.deliveredIn = LoggedRequest.NOT_YET;
    logged.answeredIn = LoggedRequest.NOT_YET;
    dropHeld(logged);
  }

  private void dropHeld(LoggedRequest logged) {
    bytes -= logged.held.map(response -> (long) response.length).orElse(0L);
    logged.held = Optional.empty();
  }
}
