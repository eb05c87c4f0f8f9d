package io.penumbra.adapter.openstack.notify;

import java.net.URI;
import java.time.Duration;

/**
 * Where notifications come from.
 *
 * @param broker {@code amqp://user:password@host:port/vhost}
 * @param exchange Nova's control_exchange, a topic exchange
 * @param topic Nova's versioned_notifications_topics
 * @param queue a queue of our own, which keeps what is said while we are away
 * @param keepFor how long the queue outlives us
 */
public record NotificationSettings(
    URI broker, String exchange, String topic, String queue, Duration keepFor) {

  /** The usual names. */
  public static NotificationSettings of(URI broker) {
    return new NotificationSettings(
        broker, "nova", "versioned_notifications", "penumbra", Duration.ofHours(1));
  }

  /** Without the password. */
  @Override
  public String toString() {
    return "%s at %s:%d".formatted(queue, broker.getHost(), broker.getPort());
  }
}
