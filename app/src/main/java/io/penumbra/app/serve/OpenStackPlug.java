package io.penumbra.app.serve;

import io.penumbra.adapter.fencing.redfish.RedfishEndpoint;
import io.penumbra.adapter.fencing.redfish.RedfishSwitch;
import io.penumbra.adapter.openstack.HostPower;
import io.penumbra.adapter.openstack.OpenStackCloud;
import io.penumbra.adapter.openstack.OpenStackFencer;
import io.penumbra.adapter.openstack.OpenStackSettings;
import io.penumbra.adapter.openstack.OpenStackTraffic;
import io.penumbra.adapter.openstack.api.KeystoneCallers;
import io.penumbra.adapter.openstack.api.Login;
import io.penumbra.adapter.openstack.notify.Notification;
import io.penumbra.adapter.openstack.notify.NotificationRoute;
import io.penumbra.adapter.openstack.notify.NotificationSettings;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.HostId;
import io.penumbra.placement.log.VmNames;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.service.Controller;
import io.penumbra.web.Gatekeeper;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;

/** Connects an OpenStack cloud. */
final class OpenStackPlug {

  private static final int REPORT_SECONDS = 10;

  private OpenStackPlug() {}

  /** The ports, if it is an OpenStack cloud. */
  static Optional<ServePorts> connect(ServeConfig config, Controller controller) {
    return config.cloud() instanceof CloudConfig.OpenStack asked
        ? Optional.of(connect(asked, config, controller))
        : Optional.empty();
  }

  private static ServePorts connect(
      CloudConfig.OpenStack asked, ServeConfig config, Controller controller) {
    HostPower power = power(asked);
    Optional<NotificationSettings> notifications =
        asked.notifications().map(where -> broker(Secret.read("cloud.notifications", where)));
    OpenStackCloud cloud =
        new OpenStackCloud(
            login(asked),
            settings(asked),
            config.policyResolver(),
            controller,
            (host, _) -> controller.heartbeat(host),
            controller::wake,
            Optional.of(config.stateDirectory().resolve("inventory.json")),
            InstantSource.system());
    notifications.ifPresent(known -> cloud.watchesBroker());
    cloud.tellNames(VmNames.open(config.decisionDirectory())::told);
    OpenStackFencer fencer = cloud.fencer(power, controller);
    OpenStackTraffic traffic = cloud.traffic(controller);
    Optional<NotificationRoute> route =
        notifications.map(
            known -> new NotificationRoute(known, said -> hear(cloud, said), cloud::brokerIs));
    Optional<KeystoneCallers> callers = asked.callers().map(who -> callers(asked, who));
    return new ServePorts(
        cloud,
        fencer,
        traffic,
        List.of(),
        callers.map(Gatekeeper.class::cast),
        () -> {
          callers.ifPresent(KeystoneCallers::close);
          route.ifPresent(NotificationRoute::close);
          fencer.close();
          traffic.close();
          cloud.close();
        });
  }

  private static void hear(OpenStackCloud cloud, Notification said) {
    switch (said) {
      case Notification.OfServer server -> cloud.hint(server.id());
      case Notification.OfService service -> cloud.hintServices();
    }
  }

  private static Login login(CloudConfig.OpenStack asked) {
    try {
      return Login.of(
          URI.create(asked.keystone()),
          asked.user(),
          Secret.read("cloud.password", asked.password()),
          asked.domain().orElse("default"),
          asked.project(),
          asked.region().orElse("RegionOne"));
    } catch (IllegalArgumentException e) {
      throw new BadInputException("cloud.keystone", String.valueOf(e.getMessage()), "", e);
    }
  }

  private static KeystoneCallers callers(CloudConfig.OpenStack asked, CloudConfig.Callers who) {
    List<String> roles = who.roles().orElse(List.of());
    List<String> readers = who.readers().orElse(List.of());
    if (roles.isEmpty() && readers.isEmpty()) {
      throw new BadInputException(
          "cloud.callers", "names neither roles nor readers", "such as  roles: [admin]");
    }
    return new KeystoneCallers(
        URI.create(asked.keystone()),
        new KeystoneCallers.Rules(roles, readers, who.project(), asked.domain().orElse("default")),
        InstantSource.system());
  }

  private static NotificationSettings broker(String address) {
    try {
      URI uri = URI.create(address);
      if (uri.getHost() != null && "amqp".equals(uri.getScheme())) {
        return NotificationSettings.of(uri);
      }
    } catch (IllegalArgumentException e) {
      // said below, without the address: it holds a password
    }
    throw new BadInputException(
        "cloud.notifications", "is no address of a broker", "amqp://user:password@host:5672/");
  }

  private static OpenStackSettings settings(CloudConfig.OpenStack asked) {
    OpenStackSettings usual = OpenStackSettings.defaults();
    return new OpenStackSettings(
        report(asked),
        usual.servicesEvery(),
        usual.changesEvery(),
        usual.everythingEvery(),
        word("coldSource", asked.coldSource(), OpenStackSettings.ColdSource.values())
            .orElse(usual.coldSource()),
        asked.standby().orElse(usual.standby()),
        asked.trustForcedDown().orElse(usual.trustForcedDown()),
        word("retire", asked.retire(), OpenStackSettings.Retire.values()).orElse(usual.retire()),
        new OpenStackSettings.Refresh(
            asked.statesApart().orElse(usual.refresh().shortest()),
            Math.max(1, asked.refreshAtOnce().orElse(usual.refresh().atOnce())),
            asked.stateWithin().orElse(SchedulerSettings.Shadows.defaults().createTimeout())),
        usual.serverWithin());
  }

  private static Duration report(CloudConfig.OpenStack asked) {
    return Duration.ofSeconds(Math.max(1, asked.reportSeconds().orElse(REPORT_SECONDS)));
  }

  private static <E extends Enum<E>> Optional<E> word(
      String key, Optional<String> text, E[] words) {
    if (text.isEmpty()) {
      return Optional.empty();
    }
    for (E word : words) {
      if (word.name().toLowerCase(Locale.ROOT).equals(text.get())) {
        return Optional.of(word);
      }
    }
    throw new BadInputException(
        "cloud." + key,
        "is '%s'; expected one of %s"
            .formatted(text.get(), Arrays.toString(words).toLowerCase(Locale.ROOT)),
        "");
  }

  private static HostPower power(CloudConfig.OpenStack asked) {
    if (asked.redfish().isEmpty()) {
      return HostPower.none();
    }
    TreeMap<HostId, RedfishEndpoint> endpoints = new TreeMap<>();
    asked
        .redfish()
        .get()
        .forEach((host, bmc) -> endpoints.put(HostId.of(host), AgentsPlug.endpoint(bmc)));
    RedfishSwitch power =
        new RedfishSwitch(
            host -> Optional.ofNullable(endpoints.get(host)), RedfishSwitch.Settings.defaults());
    return power::powerOff;
  }

  /** How long things take where a host says every few seconds that it lives. */
  static SchedulerSettings pace(CloudConfig.OpenStack asked) {
    SchedulerSettings usual = SchedulerSettings.defaults();
    Duration report = report(asked);
    return new SchedulerSettings(
        usual.loop().withReconcileEvery(Duration.ofMinutes(1)),
        new SchedulerSettings.Detector(
            report,
            usual.detector().window(),
            usual.detector().phi(),
            report.dividedBy(3),
            usual.detector().healthMax(),
            report.multipliedBy(6),
            report.dividedBy(2),
            usual.detector().massShare(),
            usual.detector().massMin()),
        new SchedulerSettings.Confirm(
            Duration.ofSeconds(20),
            report,
            usual.confirm().backoffMax(),
            usual.confirm().alertAfter()),
        usual.fencing(),
        new SchedulerSettings.Steps(
            Duration.ofMinutes(20),
            Duration.ofMinutes(10),
            Duration.ofMinutes(6),
            usual.steps().retries(),
            usual.steps().backoff(),
            usual.steps().backoffMax(),
            usual.steps().concurrencyMax()),
        usual.breaker(),
        usual.risk(),
        usual.watch(),
        usual.shadows());
  }
}
