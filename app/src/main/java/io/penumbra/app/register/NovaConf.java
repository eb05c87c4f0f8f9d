package io.penumbra.app.register;

import java.util.ArrayList;
import java.util.List;

/** What nova-scheduler's configuration has to say, and how it is taken back. */
final class NovaConf {

  static final String MODULE = "penumbra_nova.scheduler.";
  private static final String FILTER = "PenumbraFilter";
  private static final String SCHEDULER = "filter_scheduler";
  private static final String PLUGIN = "penumbra";

  private NovaConf() {}

  /**
   * What holds where the file says nothing, as the installed Nova reads it.
   *
   * @param enabledFilters the whole list
   * @param weightClasses the whole list
   */
  record Usual(List<String> enabledFilters, List<String> weightClasses) {
    Usual {
      enabledFilters = List.copyOf(enabledFilters);
      weightClasses = List.copyOf(weightClasses);
    }
  }

  /** The file with Penumbra in it; the same file again if it is there already. */
  static String registered(String text, Usual usual, String url, String tokenFile) {
    IniFile file = IniFile.of(text);
    List<String> available = file.values(SCHEDULER, "available_filters");
    if (available.isEmpty()) {
      file.append(SCHEDULER, "available_filters", "nova.scheduler.filters.all_filters");
    }
    if (!available.contains(MODULE + FILTER)) {
      file.append(SCHEDULER, "available_filters", MODULE + FILTER);
    }
    // last: it claims room, which would be in vain if a filter after it refused the host
    list(file, "enabled_filters", usual.enabledFilters(), FILTER);
    list(file, "weight_classes", usual.weightClasses(), MODULE + "PenumbraWeigher");
    file.set(PLUGIN, "url", url);
    file.set(PLUGIN, "token_file", tokenFile);
    if (!file.last("notifications", "notification_format")
        .filter(NovaConf::isVersioned)
        .isPresent()) {
      file.set("notifications", "notification_format", "both");
    }
    String driver = file.last("oslo_messaging_notifications", "driver").orElse("");
    if (driver.isBlank() || driver.equals("noop")) {
      file.set("oslo_messaging_notifications", "driver", "messagingv2");
    }
    return file.text();
  }

  /** The file without Penumbra. */
  static String unregistered(String text) {
    IniFile file = IniFile.of(text);
    unlist(file, "enabled_filters", FILTER);
    unlist(file, "weight_classes", MODULE + "PenumbraWeigher");
    file.restore(SCHEDULER, "available_filters");
    file.restore(PLUGIN, "url");
    file.restore(PLUGIN, "token_file");
    file.restore("notifications", "notification_format");
    file.restore("oslo_messaging_notifications", "driver");
    return file.text();
  }

  private static boolean isVersioned(String format) {
    return format.equals("versioned") || format.equals("both");
  }

  private static void list(IniFile file, String key, List<String> usual, String name) {
    List<String> now = file.last(SCHEDULER, key).map(NovaConf::elements).orElse(usual);
    List<String> wanted = new ArrayList<>(now);
    wanted.remove(name);
    wanted.add(name);
    String value = String.join(",", wanted);
    if (file.last(SCHEDULER, key).isEmpty()) {
      file.append(SCHEDULER, key, value);
    } else if (!wanted.equals(now)) {
      file.rewrite(SCHEDULER, key, value);
    }
  }

  private static void unlist(IniFile file, String key, String name) {
    if (file.isAdded(SCHEDULER, key)) {
      file.restore(SCHEDULER, key);
      return;
    }
    List<String> left =
        new ArrayList<>(file.last(SCHEDULER, key).map(NovaConf::elements).orElse(List.of()));
    if (left.remove(name)) {
      file.rewrite(SCHEDULER, key, String.join(",", left));
    }
  }

  private static List<String> elements(String list) {
    List<String> elements = new ArrayList<>();
    for (String element : list.split("[,\\s]+", -1)) {
      if (!element.isBlank()) {
        elements.add(element.strip());
      }
    }
    return elements;
  }
}
