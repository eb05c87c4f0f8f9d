package io.penumbra.sync.path.link;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The threads of one link: daemons that end with it, and tell it when one breaks. */
final class LinkThreads {

  /** How long a handler may take to notice that the link is closed. */
  private static final Duration CLOSE_PATIENCE = Duration.ofMillis(200);

  private final Consumer<Throwable> broken;
  private final List<Thread> threads = new ArrayList<>();
  private boolean ended;

  LinkThreads(Consumer<Throwable> broken) {
    this.broken = broken;
  }

  /** Starts one, unless the link has ended. */
  synchronized void run(String name, Work work) {
    if (ended) {
      return;
    }
    Thread thread = Thread.ofPlatform().name("path-" + name).daemon().unstarted(() -> carry(work));
    threads.removeIf(other -> other.getState() == Thread.State.TERMINATED);
    threads.add(thread);
    thread.start();
  }

  private void carry(Work work) {
    try {
      work.run();
    } catch (InterruptedException stopped) {
      // The link was closed; there is nobody to tell.
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      broken.accept(e);
    }
  }

  /** Ends them all; addresses are free again when the threads that used them have ended. */
  void end() {
    Thread self = Thread.currentThread();
    List<Thread> others;
    synchronized (this) {
      ended = true;
      others = threads.stream().filter(thread -> !thread.equals(self)).toList();
    }
    others.forEach(Thread::interrupt);
    try {
      for (Thread thread : others) {
        thread.join(CLOSE_PATIENCE);
      }
    } catch (InterruptedException hurried) {
      self.interrupt();
    }
  }

  /** What a thread does. */
  @FunctionalInterface
  interface Work {
    void run() throws InterruptedException;
  }
}
