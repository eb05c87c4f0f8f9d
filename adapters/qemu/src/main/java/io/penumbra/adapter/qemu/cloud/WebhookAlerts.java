package io.penumbra.adapter.qemu.cloud;

import io.penumbra.scheduler.port.Alerts;
import io.penumbra.web.JsonClient;
import io.penumbra.web.Reply;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Posts every call for a person to an address, besides whoever else is told. A few are kept while
 * nobody takes them; one that can't be delivered, or is one too many, is told to the other as such.
 */
public final class WebhookAlerts implements Alerts, AutoCloseable {

  private static final int KEPT = 256;
  private static final String UNDELIVERED = "alert-not-delivered";

  private final URI address;
  private final JsonClient client;
  private final Alerts also;
  private final Persistence persistence;
  private final InstantSource wall;
  private final BlockingQueue<Alert> waiting = new ArrayBlockingQueue<>(KEPT);
  private final Thread thread;

  /**
   * How hard it is tried.
   *
   * @param attempts in all, for one call
   * @param answerWithin how long the other side may take
   * @param pause after the first attempt; it doubles with each
   */
  public record Persistence(int attempts, Duration answerWithin, Duration pause) {

    /** Forty seconds at most, then it is given up. */
    public static final Persistence DEFAULT =
        new Persistence(5, Duration.ofSeconds(5), Duration.ofSeconds(1));
  }

  /**
   * Posts to that address.
   *
   * @param token is sent as a bearer token
   * @param also is told of each at once, and of those that could not be delivered
   */
  public WebhookAlerts(
      URI address,
      Optional<String> token,
      Alerts also,
      Persistence persistence,
      InstantSource wall) {
    this.address = address;
    this.also = also;
    this.persistence = persistence;
    this.wall = wall;
    client = new JsonClient(address, token, Optional.empty(), persistence.answerWithin());
    thread = Thread.ofVirtual().name("webhook").start(this::run);
  }

  @Override
  public void raise(Alert alert) {
    also.raise(alert);
    if (!waiting.offer(alert)) {
      undelivered(alert, "%d others wait already".formatted(KEPT));
    }
  }

  private void run() {
    try {
      while (true) {
        post(waiting.take());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void post(Alert alert) throws InterruptedException {
    Map<String, String> body = new TreeMap<>();
    body.put("at", alert.at().toString());
    body.put("code", alert.code());
    body.put("subject", alert.subject());
    body.put("message", alert.message());
    body.put("advice", alert.advice());
    String why = "";
    Duration pause = persistence.pause();
    for (int attempt = 1; attempt <= persistence.attempts(); attempt++) {
      Reply<Void> reply = client.post(path(), body, Void.class, persistence.answerWithin());
      if (reply instanceof Reply.Ok<Void>) {
        return;
      }
      why = "attempt %d: %s".formatted(attempt, said(reply));
      if (isFinal(reply)) {
        break;
      }
      if (attempt < persistence.attempts()) {
        Thread.sleep(pause);
        pause = pause.multipliedBy(2);
      }
    }
    undelivered(alert, why);
  }

  private String path() {
    String path = address.getRawPath().isEmpty() ? "/" : address.getRawPath();
    return address.getRawQuery() == null ? path : path + "?" + address.getRawQuery();
  }

  /** Whoever says that the call is wrong says so again; whoever fails may be well later. */
  private static boolean isFinal(Reply<Void> reply) {
    return reply instanceof Reply.Refused<Void> refused
        && refused.status() < 500
        && refused.status() != 408
        && refused.status() != 429;
  }

  /** Without the address: a webhook's may be a secret. */
  private String said(Reply<Void> reply) {
    return switch (reply) {
      case Reply.Ok<Void> ok -> "taken";
      case Reply.Refused<Void> refused -> "answered %d".formatted(refused.status());
      case Reply.Unreachable<Void> unreachable -> address.getHost() + " can't be reached";
      case Reply.Unclear<Void> unclear -> address.getHost() + " did not answer in time";
    };
  }

  private void undelivered(Alert alert, String why) {
    also.raise(
        new Alert(
            wall.instant(),
            UNDELIVERED,
            alert.subject(),
            "the webhook was not told of %s: %s".formatted(alert.code(), why),
            "look at whoever takes alerts; this one is in this log only"));
  }

  @Override
  public void close() {
    thread.interrupt();
    client.close();
  }
}
