package io.penumbra.adapter.qemu.capture;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.guest.GuestAgent;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * A guest's file systems around a cut: frozen before it stands still, thawed as soon as it runs
 * again, whatever has happened in between. A guest whose agent does not answer is captured all the
 * same, as it is, and asked again later.
 */
public final class FileSystems {

  private static final Duration FREEZE = Duration.ofMillis(500);
  private static final Duration THAW = Duration.ofSeconds(2);
  private static final long ASK_AGAIN_NANOS = 30_000_000_000L;
  private static final long THAW_NANOS = 30_000_000_000L;
  private static final long PAUSE_NANOS = 50_000_000L;

  private final Optional<GuestAgent> agent;
  private boolean touched;
  private long askFrom;
  private int frozen;

  FileSystems(Optional<GuestAgent> agent) {
    this.agent = agent;
    askFrom = System.nanoTime();
    // Somebody may have died with them frozen.
    touched = agent.isPresent();
  }

  /** How many are frozen now. */
  int frozen() {
    return frozen;
  }

  /** Freezes them, or lets be what does not answer in time. */
  void freeze() {
    if (agent.isEmpty() || System.nanoTime() - askFrom < 0) {
      return;
    }
    touched = true;
    Reply<Integer> reply = agent.get().freeze(FREEZE);
    frozen = reply.found().orElse(0);
    if (!reply.isDone()) {
      askFrom = System.nanoTime() + ASK_AGAIN_NANOS;
    }
  }

  /** The guest runs again. Also after a freeze that failed: it may be carried out late. */
  void thaw() {
    if (touched && agent.isPresent()) {
      frozen = 0;
      touched = !agent.get().thaw(THAW).isDone();
    }
  }

  /**
   * Thaws what was frozen in the state that a guest goes on with; in the background, since its
   * service may answer before its agent does.
   */
  public static void thawSoon(QemuGuest guest) {
    guest
        .agent()
        .ifPresent(agent ->
            Thread.ofVirtual()
                .start(() -> {
                  long until = System.nanoTime() + THAW_NANOS;
                  while (!agent.thaw(THAW).isDone()
                      && guest.isAlive()
                      && System.nanoTime() < until) {
                    LockSupport.parkNanos(PAUSE_NANOS);
                  }
                }));
  }
}
