package io.penumbra.adapter.qemu.agent;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.api.AgentJson;
import io.penumbra.adapter.qemu.api.Heartbeat;
import io.penumbra.adapter.qemu.api.HeartbeatReply;
import io.penumbra.web.JsonClient;
import io.penumbra.web.Reply;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Tells every controller how the host is, over one kept connection each: every now and then, and at
 * once when something has happened. A controller that is slow to answer one isn't told the next
 * before it has answered, or its time is over.
 */
final class HeartbeatSender implements AutoCloseable {

  static final String PATH = "/v1/heartbeat";

  private static final Duration ANSWER = Duration.ofMillis(800);

  /** Says how the host is. */
  interface Reporter {
    Heartbeat report(long sequence, boolean describe);
  }

  /** Hears what a controller answers to a heartbeat that left at that time. */
  interface Hearer {
    void hear(HeartbeatReply reply, long askedNanos);
  }

  private final AgentSettings settings;
  private final LongSupplier clock;
  private final List<Line> lines = new ArrayList<>();
  private volatile boolean closed;

  HeartbeatSender(AgentSettings settings, LongSupplier clock) {
    this.settings = settings;
    this.clock = clock;
    for (String controller : settings.controllers()) {
      lines.add(new Line(controller));
    }
  }

  void start(Reporter reporter, Hearer hearer) {
    for (Line line : lines) {
      line.thread =
          Optional.of(
              Thread.ofPlatform()
                  .name("heartbeat to " + line.client.root())
                  .start(() -> line.run(reporter, hearer)));
    }
  }

  /** Something has happened: tell it now. */
  void now() {
    lines.forEach(line -> line.bell.release());
  }

  @Override
  public void close() {
    closed = true;
    for (Line line : lines) {
      line.thread.ifPresent(Thread::interrupt);
      line.client.close();
    }
    lines.forEach(line -> line.thread.ifPresent(HeartbeatSender::awaitEnd));
  }

  /** What it has heard last is written down when this returns, or soon after. */
  private static void awaitEnd(Thread thread) {
    try {
      thread.join(Duration.ofSeconds(1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What is said to one controller. */
  private final class Line {

    private final JsonClient client;
    private final Semaphore bell = new Semaphore(0);
    private Optional<Thread> thread = Optional.empty();
    private boolean describe = true;
    private long sequence;

    Line(String controller) {
      client =
          new JsonClient(
              URI.create(controller),
              Optional.of(settings.token()),
              settings.tls(),
              Duration.ofMillis(500));
    }

    void run(Reporter reporter, Hearer hearer) {
      long due = clock.getAsLong();
      while (!closed) {
        try {
          say(reporter, hearer);
          due = Math.max(due + settings.heartbeat().toNanos(), clock.getAsLong());
          long wait = due - clock.getAsLong();
          if (bell.tryAcquire(Math.max(0, wait), TimeUnit.NANOSECONDS)) {
            bell.drainPermits();
            due = clock.getAsLong();
          }
        } catch (InterruptedException e) {
          return;
        } catch (RuntimeException e) {
          rest();
        }
      }
    }

    private void rest() {
      try {
        Thread.sleep(settings.heartbeat());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void say(Reporter reporter, Hearer hearer) throws InterruptedException {
      // Taken before anything is said: a renewal counts from here.
      long asked = clock.getAsLong();
      Heartbeat heartbeat = reporter.report(++sequence, describe);
      Reply<JsonNode> reply = client.post(PATH, AgentJson.tree(heartbeat), JsonNode.class, ANSWER);
      if (reply instanceof Reply.Ok<JsonNode>(JsonNode json)) {
        try {
          HeartbeatReply read = AgentJson.read(json, HeartbeatReply.class);
          describe = read.describe();
          hearer.hear(read, asked);
        } catch (IOException e) {
          describe = true;
        }
      } else {
        describe = true;
      }
    }
  }
}
