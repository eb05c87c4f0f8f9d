package io.penumbra.adapter.qemu.qmp;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** A command with its arguments, as QEMU's QAPI reference names them. */
public final class QmpCommand {

  private final String name;
  private final ObjectNode arguments = JsonNodeFactory.instance.objectNode();

  private QmpCommand(String name) {
    this.name = name;
  }

  public static QmpCommand of(String name) {
    return new QmpCommand(name);
  }

  /** Adds a text. */
  public QmpCommand with(String argument, String value) {
    arguments.put(argument, value);
    return this;
  }

  /** Adds yes or no. */
  public QmpCommand with(String argument, boolean value) {
    arguments.put(argument, value);
    return this;
  }

  /** Adds a number. */
  public QmpCommand with(String argument, long value) {
    arguments.put(argument, value);
    return this;
  }

  /** The arguments, for those that are not plain. */
  public ObjectNode arguments() {
    return arguments;
  }

  public String name() {
    return name;
  }

  ObjectNode toJson(long id) {
    ObjectNode json = JsonNodeFactory.instance.objectNode().put("execute", name);
    if (!arguments.isEmpty()) {
      json.set("arguments", arguments);
    }
    return json.put("id", id);
  }

  @Override
  public String toString() {
    return name;
  }
}
