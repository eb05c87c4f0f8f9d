package io.penumbra.scheduler.loop;

import io.penumbra.domain.command.Command;
import io.penumbra.scheduler.port.Alerts.Alert;
import io.penumbra.scheduler.port.Journal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the decisions of one step want of the world. Nothing has happened yet: the loop writes the
 * entries down first, all together, and then hands out the commands in order. Of several entries on
 * one thing only the last is kept.
 */
final class Effects {
  private final Map<String, Journal.Entry> entries = new LinkedHashMap<>();
  private final List<Command> commands = new ArrayList<>();
  private final List<Alert> alerts = new ArrayList<>();

  void write(Journal.Entry entry) {
    entries.put(entry.kind() + ' ' + entry.key(), entry);
  }

  void command(Command command) {
    commands.add(command);
  }

  void alert(Alert alert) {
    alerts.add(alert);
  }

  List<Journal.Entry> entries() {
    return List.copyOf(entries.values());
  }

  List<Command> commands() {
    return List.copyOf(commands);
  }

  List<Alert> alerts() {
    return List.copyOf(alerts);
  }

  void clear() {
    entries.clear();
    commands.clear();
    alerts.clear();
  }
}
