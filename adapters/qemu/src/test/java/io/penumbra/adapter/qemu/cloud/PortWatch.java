package io.penumbra.adapter.qemu.cloud;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Asks the Redis behind some ports all the time, and remembers when each has answered. */
final class PortWatch implements AutoCloseable {

  private record Answers(long first, long last) {}

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
      try (RedisClient redis = RedisClient.to(port)) {
        while (!closed && redis.call("PING").equals("PONG")) {
          long now = System.nanoTime();
          answers.merge(
              port, new Answers(now, now), (known, more) -> new Answers(known.first(), now));
          Thread.sleep(2);
        }
      } catch (IOException silent) {
        Thread.onSpinWait();
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private Answers of(int port) {
    Answers known = answers.get(port);
    if (known == null) {
      throw new AssertionError("port %d never answered".formatted(port));
    }
    return known;
  }

  long firstAnswer(int port) {
    return of(port).first();
  }

  long lastAnswer(int port) {
    return of(port).last();
  }

  @Override
  public void close() {
    closed = true;
    threads.forEach(Thread::interrupt);
  }
}
