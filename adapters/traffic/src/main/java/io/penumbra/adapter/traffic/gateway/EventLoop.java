package io.penumbra.adapter.traffic.gateway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/** One selector and one thread, which owns everything that the gateway knows. */
final class EventLoop {

  private static final int SCRATCH = 128 << 10;

  /** Who is told that a channel is ready. */
  interface Ready {
    void ready(SelectionKey key);
  }

  private final Selector selector;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final PriorityQueue<Timer> timers = new PriorityQueue<>();
  private final Consumer<RuntimeException> defects;
  private final Thread thread;

  /** For one read or write at a time. */
  final ByteBuffer scratch = ByteBuffer.allocateDirect(SCRATCH);

  private volatile boolean open = true;
  private long timersMade;

  EventLoop(String name, Consumer<RuntimeException> defects) throws IOException {
    this.selector = Selector.open();
    this.defects = defects;
    this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** Runs a task on the loop's thread, soon. */
  void post(Runnable task) {
    tasks.add(task);
    selector.wakeup();
  }

  Timer after(Duration delay, Runnable task) {
    Timer timer = new Timer(System.nanoTime() + delay.toNanos(), timersMade++, task);
    timers.add(timer);
    return timer;
  }

  SelectionKey register(SelectableChannel channel, int interest, Ready ready) throws IOException {
    channel.configureBlocking(false);
    return channel.register(selector, interest, ready);
  }

  /** Ends the thread. The last task runs on it, after everything posted before. */
  void stop(Runnable last) throws InterruptedException {
    post(() -> {
      last.run();
      open = false;
    });
    thread.join();
  }

  private void run() {
    try (selector) {
      while (open) {
        selector.select(this::dispatch, untilNextTimer());
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
          guarded(task);
        }
        runTimers();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the gateway's selector failed", e);
    }
  }

  private void dispatch(SelectionKey key) {
    guarded(() -> ((Ready) key.attachment()).ready(key));
  }

  private void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      defects.accept(e);
    }
  }

  /** In milliseconds, rounded up; 0 waits for ever. */
  private long untilNextTimer() {
    Timer next = timers.peek();
    if (next == null) {
      return tasks.isEmpty() ? 0 : 1;
    }
    return Math.max(1, (next.at - System.nanoTime() + 999_999) / 1_000_000);
  }

  private void runTimers() {
    for (Timer due = timers.peek();
        due != null && due.at - System.nanoTime() <= 0;
        due = timers.peek()) {
      timers.remove();
      if (!due.cancelled) {
        guarded(due.task);
      }
    }
  }

  /** Something to be done later, unless it is cancelled. */
  static final class Timer implements Comparable<Timer> {

    static final Timer NONE = new Timer(0, 0, () -> {});

    private final long at;
    private final long number;
    private final Runnable task;
    private boolean cancelled;

    private Timer(long at, long number, Runnable task) {
      this.at = at;
      this.number = number;
      this.task = task;
    }

    void cancel() {
      cancelled = true;
    }

    @Override
    public int compareTo(Timer other) {
      int byTime = Long.compare(at - other.at, 0);
      return byTime != 0 ? byTime : Long.compare(number, other.number);
    }

    @Override
    public boolean equals(Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(number);
    }
  }
}
