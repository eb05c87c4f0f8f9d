package io.penumbra.simulator.world;

/**
 * How far one shadow has followed its primary. While the link stands it is some lag behind the
 * primary's epoch clock; while it is broken it stays where it was.
 */
public final class Replica {

  private boolean linked;
  private long sourceTerm;
  private long term;
  private long caughtUpAt;
  private long lag;
  private long acked;
  private long ackedClosedAt;
  private boolean complete;
  private boolean verified = true;
  private boolean damaged;

  /** Whether a first full state is there. */
  public boolean complete() {
    return complete;
  }

  /** Whether every page of the newest acked epoch has the right hash. */
  public boolean verified() {
    return verified;
  }

  /** Whether the store has lost its newest epochs for good. */
  public boolean damaged() {
    return damaged;
  }

  /** Whether epochs arrive. */
  public boolean linked() {
    return linked;
  }

  /** Under which term the newest epoch that is durable here was closed. */
  public long term(long now) {
    return following(now) ? sourceTerm : term;
  }

  /** The newest epoch that is durable here. */
  public long acked(EpochClock source, long now) {
    return newestIsHere(source, now) ? acked : source.at(now - lag);
  }

  /** When the primary closed the newest epoch that is durable here. */
  public long ackedClosedAt(EpochClock source, long now) {
    return newestIsHere(source, now) ? ackedClosedAt : source.closedAt(now - lag);
  }

  /** What it has of another term is void once it has caught up with the source's. */
  private boolean newestIsHere(EpochClock source, long now) {
    return !following(now) || (term == sourceTerm && acked > source.at(now - lag));
  }

  private boolean following(long now) {
    return complete && linked && now >= caughtUpAt;
  }

  void link(long now, long caughtUpAfter, long newLag, long ofTerm) {
    if (!linked) {
      linked = true;
      caughtUpAt = now + caughtUpAfter;
    }
    lag = newLag;
    sourceTerm = ofTerm;
  }

  void unlink(EpochClock source, long now) {
    freeze(source, now);
    linked = false;
  }

  /** Takes what is acked now as the floor, before the source's pace or the lag changes. */
  void freeze(EpochClock source, long now) {
    long newest = acked(source, now);
    ackedClosedAt = ackedClosedAt(source, now);
    acked = newest;
    term = term(now);
  }

  void completed(long ofTerm, long epoch, long closedAt) {
    complete = true;
    term = ofTerm;
    verified = true;
    damaged = false;
    acked = epoch;
    ackedClosedAt = closedAt;
  }

  /** The newest epochs are damaged: what is left is this one, or the damage is not yet repaired. */
  void damage(long epochs, long closedEarlierBy) {
    acked = Math.max(0, acked - epochs);
    ackedClosedAt -= closedEarlierBy;
    verified = false;
    damaged = true;
  }

  void verify() {
    verified = true;
  }
}
