package io.penumbra.adapter.openstack;

import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Has what servers leave behind looked for soon after one is gone, and now and then in case nobody
 * heard of it, or nobody was there to hear.
 */
final class Sweeper implements AutoCloseable {

  /** Looks for one kind of things that are left behind, and removes them. */
  interface Sweep {

    /**
     * Removes what can be removed now.
     *
     * @return false if something has to be looked at again soon
     * @throws CloudUnavailableException if nobody can say what there is
     */
    boolean sweep() throws InterruptedException;
  }

  private static final System.Logger LOG = System.getLogger(Sweeper.class.getName());
  private static final Duration EVERY = Duration.ofMinutes(10);

  /** One that is deleted is seldom deleted alone. */
  private static final Duration SETTLES = Duration.ofSeconds(2);

  /** A sweep asks for long lists: this is the least between two, and after one that left some. */
  private static final Duration REST = Duration.ofSeconds(10);

  private final List<Sweep> sweeps;
  private final Semaphore bell = new Semaphore(0);
  private Optional<Thread> thread = Optional.empty();

  Sweeper(List<Sweep> sweeps) {
    this.sweeps = List.copyOf(sweeps);
  }

  /** A server is gone. */
  void hint() {
    bell.release();
  }

  synchronized void start() {
    thread = Optional.of(Thread.ofVirtual().name("openstack leftovers").start(this::run));
  }

  private void run() {
    try {
      boolean done = false; // nobody looked before
      while (true) {
        Duration most = done ? EVERY : REST;
        if (bell.tryAcquire(most.toMillis(), TimeUnit.MILLISECONDS)) {
          Thread.sleep(SETTLES);
          bell.drainPermits();
        }
        done = true;
        for (Sweep sweep : sweeps) {
          done &= attempt(sweep);
        }
        Thread.sleep(REST);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean attempt(Sweep sweep) throws InterruptedException {
    try {
      return sweep.sweep();
    } catch (CloudUnavailableException e) {
      LOG.log(Level.DEBUG, "what servers left behind is looked at again: {0}", e.getMessage());
      return false;
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "looking for what servers left behind failed in our own code", e);
      return true;
    }
  }

  @Override
  public synchronized void close() {
    thread.ifPresent(Thread::interrupt);
  }
}
