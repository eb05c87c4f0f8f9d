package io.penumbra.app.serve;

import io.penumbra.domain.BadInputException;
import io.penumbra.placement.log.FileDecisionLog;
import io.penumbra.placement.log.LogSettings;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.journal.JdbcJournal;
import io.penumbra.scheduler.journal.JournalOpening;
import io.penumbra.scheduler.lifecycle.TransitionObserver;
import io.penumbra.scheduler.port.Alerts;
import io.penumbra.scheduler.port.Journal;
import io.penumbra.scheduler.service.Controller;
import io.penumbra.scheduler.service.ControllerSetup;
import io.penumbra.web.BearerTokens;
import io.penumbra.web.JsonServer;
import io.penumbra.web.Route;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import javax.net.ssl.SSLContext;

/** The control plane, put together: controller, API, and a cloud that is plugged in. */
final class Server implements AutoCloseable {

  private final Controller controller;
  private final JsonServer http;
  private final ServePorts ports;

  private Server(Controller controller, JsonServer http, ServePorts ports) {
    this.controller = controller;
    this.http = http;
    this.ports = ports;
  }

  /**
   * Starts everything; the API answers at once, and says "starting" until the loop works.
   *
   * @param plug makes the cloud's ports, given whom to tell
   */
  static Server start(
      ServeConfig config,
      InetSocketAddress address,
      Optional<SSLContext> tls,
      Function<Controller, ServePorts> plug,
      Alerts alerts,
      JsonServer.ErrorListener errors,
      InstantSource clock) {
    prepare(config.stateDirectory());
    SchedulerSettings settings = config.schedulerSettings();
    PolicyResolver policies = config.policyResolver();
    BearerTokens tokens = new BearerTokens(config.secrets());
    openOnce(config);
    Controller controller = new Controller(settings, clock);
    ServePorts ports = plug.apply(controller);
    List<Route> routes = new ArrayList<>(ports.routes());
    routes.addAll(
        new Api(controller, policies, config.decisionDirectory(), clock, new Meters()).routes());
    JsonServer http =
        JsonServer.start(
            new JsonServer.Settings(
                address,
                ports.callers().map(tokens::or).orElse(tokens),
                tls,
                config.tls().flatMap(ServeConfig.Tls::truststore).isPresent(),
                512,
                16 << 20,
                errors),
            routes);
    controller.start(
        new ControllerSetup(
            ports.cloud(),
            ports.fencer(),
            ports.traffic(),
            () -> journal(config.journalUrl()),
            placer ->
                FileDecisionLog.open(config.decisionDirectory(), LogSettings.defaults(), placer),
            alerts,
            config.fleetSettings(),
            config.placementSettings(),
            TransitionObserver.NONE));
    return new Server(controller, http, ports);
  }

  Controller controller() {
    return controller;
  }

  InetSocketAddress address() {
    return http.address();
  }

  List<Route> routes() {
    return http.routes();
  }

  /** No more calls first, then the loop, then the cloud. */
  @Override
  public void close() {
    http.close();
    controller.close();
    ports.close().run();
  }

  private static void prepare(Path state) {
    try {
      Files.createDirectories(state);
    } catch (IOException e) {
      throw new BadInputException(
          "state", "%s can't be made: %s".formatted(state, e.getMessage()), "", e);
    }
  }

  /** A journal that can't be used is a mistake of the configuration: said before anything runs. */
  private static void openOnce(ServeConfig config) {
    try (Journal journal = journal(config.journalUrl())) {
      journal.replay(entry -> {});
    }
  }

  private static Journal journal(String url) {
    return switch (JdbcJournal.open(url)) {
      case JournalOpening.Opened(JdbcJournal journal) -> journal;
      case JournalOpening.Refused refused ->
          throw new BadInputException("journal", refused.message(), "");
    };
  }
}
