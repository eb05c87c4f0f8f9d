package io.penumbra.adapter.openstack;

import io.penumbra.domain.VmId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Of a command of the control loop and a newer state that is put under a shadow, one at a time is
 * done with a VM's servers, and the command counts for more: a state that was being cut when it
 * came is thrown away.
 */
final class Turns {

  private final InstantSource clock;
  private final Map<VmId, Turn> turns = new HashMap<>();
  private final Map<VmId, Instant> takenOver = new HashMap<>();

  /** Whose turn it is; forgotten when nobody waits for it any more. */
  private static final class Turn {
    private final ReentrantLock lock = new ReentrantLock();
    private int users;
    private long commands;
  }

  Turns(InstantSource clock) {
    this.clock = clock;
  }

  /** Waits for the turn of a command; to be given back. */
  void begin(VmId vm) throws InterruptedException {
    Turn turn = use(vm);
    synchronized (this) {
      turn.commands++;
    }
    lock(vm, turn);
  }

  void end(VmId vm) {
    Turn turn;
    synchronized (this) {
      turn = turns.get(vm);
    }
    if (turn != null) {
      turn.lock.unlock();
      leave(vm, turn);
    }
  }

  /** A shadow is about to take over: its state stays what it is for so long. */
  synchronized void takesOver(VmId vm, Duration time) {
    takenOver.put(vm, clock.instant().plus(time));
  }

  synchronized boolean isTakingOver(VmId vm) {
    Instant until = takenOver.get(vm);
    if (until != null && until.isBefore(clock.instant())) {
      takenOver.remove(vm);
      return false;
    }
    return until != null;
  }

  /** From now on commands are noticed; to be closed. */
  Watch watch(VmId vm) {
    Turn turn = use(vm);
    synchronized (this) {
      return new Watch(vm, turn, turn.commands);
    }
  }

  /** Notices commands that come meanwhile. */
  final class Watch implements AutoCloseable {
    private final VmId vm;
    private final Turn turn;
    private final long commands;
    private boolean mine;

    private Watch(VmId vm, Turn turn, long commands) {
      this.vm = vm;
      this.turn = turn;
      this.commands = commands;
    }

    boolean isDisturbed() {
      synchronized (Turns.this) {
        return turn.commands != commands || isTakingOver(vm);
      }
    }

    /** Has commands wait from now on; false when one has come already. */
    boolean take() throws InterruptedException {
      turn.lock.lockInterruptibly();
      mine = true;
      return !isDisturbed();
    }

    @Override
    public void close() {
      if (mine) {
        turn.lock.unlock();
      }
      leave(vm, turn);
    }
  }

  private synchronized Turn use(VmId vm) {
    Turn turn = turns.computeIfAbsent(vm, name -> new Turn());
    turn.users++;
    return turn;
  }

  private void lock(VmId vm, Turn turn) throws InterruptedException {
    try {
      turn.lock.lockInterruptibly();
    } catch (InterruptedException e) {
      leave(vm, turn);
      throw e;
    }
  }

  private synchronized void leave(VmId vm, Turn turn) {
    turn.users--;
    if (turn.users == 0) {
      turns.remove(vm);
    }
  }
}
