package io.penumbra.app.serve;

import io.penumbra.adapter.qemu.cloud.WebhookAlerts;
import io.penumbra.domain.BadInputException;
import io.penumbra.scheduler.port.Alerts;
import java.net.URI;
import java.time.InstantSource;
import java.util.Optional;

/** Alerts as the configuration wants them: to the log always, to a webhook if there is one. */
final class AlertCalls implements Alerts, AutoCloseable {

  private final Alerts log;
  private final Optional<WebhookAlerts> webhook;

  private AlertCalls(Alerts log, Optional<WebhookAlerts> webhook) {
    this.log = log;
    this.webhook = webhook;
  }

  static AlertCalls of(ServeConfig config, Alerts log) {
    return new AlertCalls(log, config.alerts().map(calls -> webhook(calls, log)));
  }

  private static WebhookAlerts webhook(ServeConfig.Calls calls, Alerts log) {
    return new WebhookAlerts(
        address(calls.webhook()),
        calls.token().map(where -> Secret.read("alerts.token", where)),
        log,
        WebhookAlerts.Persistence.DEFAULT,
        InstantSource.system());
  }

  private static URI address(String where) {
    String text =
        where.startsWith("http://") || where.startsWith("https://")
            ? where
            : Secret.read("alerts.webhook", where);
    try {
      URI address = URI.create(text);
      if (address.getHost() != null
          && ("http".equals(address.getScheme()) || "https".equals(address.getScheme()))) {
        return address;
      }
    } catch (IllegalArgumentException noAddress) {
      // said below; what it is may be a secret
    }
    throw new BadInputException("alerts.webhook", "is no http:// or https:// address", "");
  }

  @Override
  public void raise(Alert alert) {
    webhook.<Alerts>map(hook -> hook).orElse(log).raise(alert);
  }

  @Override
  public void close() {
    webhook.ifPresent(WebhookAlerts::close);
  }
}
