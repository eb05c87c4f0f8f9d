package io.penumbra.app.serve;

import io.penumbra.domain.BadInputException;
import io.penumbra.scheduler.service.Controller;
import java.util.List;
import java.util.Optional;

/** Connects the cloud that the configuration names. */
final class Plugs {

  private Plugs() {}

  static ServePorts of(ServeConfig config, Controller controller) {
    return PLUGS.stream()
        .flatMap(plug -> plug.connect(config, controller).stream())
        .findFirst()
        .orElseThrow(() ->
            new BadInputException(
                "cloud.kind",
                config.cloud().getClass().getSimpleName() + " can't be plugged in yet",
                ""));
  }

  /** Connects clouds of one kind. */
  interface Plug {

    /** The ports, if the cloud is of its kind. */
    Optional<ServePorts> connect(ServeConfig config, Controller controller);
  }

  private static final List<Plug> PLUGS = List.of(AgentsPlug::connect, OpenStackPlug::connect);
}
