package io.penumbra.scheduler.service;

import io.penumbra.placement.Placer;
import io.penumbra.scheduler.loop.ControlLoop;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Something that is asked on the controller's thread, between two steps. */
record Question<T>(Ask<T> ask, CompletableFuture<T> answer) {

  /** Reads or asks the loop; must not keep it. */
  @FunctionalInterface
  interface Ask<T> {
    T of(ControlLoop loop, Placer placer);
  }

  /** Whatever a question throws belongs to who asked it; the thread goes on. */
  void answerBy(ControlLoop loop, Placer placer) {
    if (answer.isDone()) {
      return; // who asked has given up
    }
    try {
      answer.complete(ask.of(loop, placer));
    } catch (RuntimeException e) {
      answer.completeExceptionally(e);
    }
  }

  T await(Duration atMost) throws InterruptedException {
    try {
      return answer.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      answer.cancel(false);
      throw new ControllerBusyException("no answer within " + atMost);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException refused) {
        throw refused;
      }
      throw new IllegalStateException(e);
    }
  }
}
