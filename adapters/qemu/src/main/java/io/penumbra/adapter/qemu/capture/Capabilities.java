package io.penumbra.adapter.qemu.capture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.qmp.QmpClient;
import io.penumbra.adapter.qemu.qmp.QmpCommand;

/** What a migration is told to do and to leave. */
public final class Capabilities {

  private Capabilities() {}

  /** Switches these on. */
  public static Reply<JsonNode> set(QmpClient qmp, String... names) {
    return qmp.execute(command(names));
  }

  /** What switches these on. */
  public static QmpCommand command(String... names) {
    return command(true, names);
  }

  /** What switches one off. */
  public static QmpCommand without(String name) {
    return command(false, name);
  }

  private static QmpCommand command(boolean on, String... names) {
    QmpCommand command = QmpCommand.of("migrate-set-capabilities");
    ArrayNode list = command.arguments().putArray("capabilities");
    for (String name : names) {
      list.addObject().put("capability", name).put("state", on);
    }
    return command;
  }
}
