package io.penumbra.adapter.qemu.cloud;

import io.penumbra.scheduler.port.Alerts;
import io.penumbra.web.JsonClient;
import io.penumbra.web.Reply;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Posts every call for a person to an address, besides whoever else is told. A few are kept while
 * nobody takes them; when there are more, the newest are told to the other only.
 */
public final class WebhookAlerts implements Alerts, AutoCloseable {

  private static final int KEPT = 256;
  private static final int ATTEMPTS = 5;
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final URI address;
  private final JsonClient client;
  private final Alerts also;
  private final BlockingQueue<Alert> waiting = new ArrayBlockingQueue<>(KEPT);
  private final Thread thread;

  /**
   * Posts to that address.
   *
   * @param token is sent as a bearer token
   * @param also is told of each at once
   */
  public WebhookAlerts(URI address, Optional<String> token, Alerts also) {
    this.address = address;
    this.also = also;
    client = new JsonClient(address, token, Optional.empty(), PATIENCE);
    thread = Thread.ofVirtual().name("webhook").start(this::run);
  }

  @Override
  public void raise(Alert alert) {
    also.raise(alert);
    waiting.offer(alert);
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
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      Reply<Void> reply = client.post(address.getRawPath(), body, Void.class, PATIENCE);
      if (reply instanceof Reply.Ok<Void> || reply instanceof Reply.Refused<Void>) {
        return;
      }
      Thread.sleep(Duration.ofSeconds(attempt));
    }
  }

  @Override
  public void close() {
    thread.interrupt();
    client.close();
  }
}
