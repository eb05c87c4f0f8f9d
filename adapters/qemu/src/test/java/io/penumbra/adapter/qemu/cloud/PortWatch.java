package io.penumbra.adapter.qemu.cloud;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Asks the Redis behind some ports all the time. Remembers when the first answer of each had come,
 * and when the last question was put that was answered: who answered after another had is known for
 * sure, however slow we are to look at the clock.
 */
final class PortWatch implements AutoCloseable {

  private record Answers(long firstHeard, long lastAsked) {}

  private final Map<Integer, Answers> answers = new ConcurrentHashMap<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean closed;

  static PortWatch of(int... ports) {
    PortWatch watch = new PortWatch();
    for (int port : ports) {
      watch.threads.add(Thread.ofPlatform().start(() -> watch.look(port)));
    }
    return watch;
  }

  private void look(int port) {
    while (!closed) {
      try {
        ask(port);
        Thread.sleep(2);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void ask(int port) throws InterruptedException {
    try (RedisClient redis = RedisClient.impatiently(port)) {
      long asked = System.nanoTime();
      while (!closed && redis.call("PING").equals("PONG")) {
        long last = asked;
        answers.merge(
            port,
            new Answers(System.nanoTime(), last),
            (known, more) -> new Answers(known.firstHeard(), last));
        Thread.sleep(2);
        asked = System.nanoTime();
      }
    } catch (IOException silent) {
      // Asked again.
    }
  }

  boolean hasAnswered(int port) {
    return answers.containsKey(port);
  }

  private Answers of(int port) {
    Answers known = answers.get(port);
    if (known == null) {
      throw new AssertionError("port %d never answered".formatted(port));
    }
    return known;
  }

  long firstAnswer(int port) {
    return of(port).firstHeard();
  }

  long lastAnswer(int port) {
    return of(port).lastAsked();
  }

  @Override
  public void close() {
    closed = true;
    threads.forEach(Thread::interrupt);
  }
}
