package io.penumbra.simulator.scenario;

import io.penumbra.simulator.chance.Setting;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The configuration reference of a scenario, generated from its records. */
public final class ScenarioReference {

  private ScenarioReference() {}

  /**
   * One field.
   *
   * @param field its place in the tree, {@code generations[].vcpus} for fields of list elements
   * @param preset the value when it is not given; empty for fields of list elements
   * @param meaning what it means, with the unit
   */
  public record Entry(String field, String preset, String meaning) {}

  /** Every field that can be set, in the order of the tree. */
  public static List<Entry> entries() {
    List<Entry> entries = new ArrayList<>();
    collect(Scenario.class, Optional.of(Scenario.DEFAULT), "", entries);
    return List.copyOf(entries);
  }

  /** A commented YAML file with every field and its default; reading it gives the defaults. */
  public static String yaml() {
    StringBuilder out = new StringBuilder();
    write(Scenario.DEFAULT, "", out);
    return out.toString();
  }

  private static void collect(
      Class<?> type, Optional<? extends Object> preset, String path, List<Entry> entries) {
    for (RecordComponent component : type.getRecordComponents()) {
      String field = path.isEmpty() ? component.getName() : path + "." + component.getName();
      Optional<Object> value = preset.map(record -> valueOf(component, record));
      Class<?> element = elementOf(component);
      if (component.getType().isRecord()) {
        collect(component.getType(), value, field, entries);
      } else if (element.isRecord()) {
        entries.add(new Entry(field, value.map(_ -> "see below").orElse(""), meaning(component)));
        collect(element, Optional.empty(), field + "[]", entries);
      } else {
        String text = value.map(ScenarioReference::text).orElse("");
        entries.add(new Entry(field, text, meaning(component)));
      }
    }
  }

  private static void write(Record record, String indent, StringBuilder out) {
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      Object value = valueOf(component, record);
      out.append(indent).append("# ").append(meaning(component)).append('\n');
      if (value instanceof Record nested) {
        out.append(indent).append(component.getName()).append(":\n");
        write(nested, indent + "  ", out);
      } else if (value instanceof List<?> list && elementOf(component).isRecord()) {
        out.append(indent).append(component.getName()).append(":\n");
        list.forEach(element -> writeItem((Record) element, indent, out));
      } else if (value instanceof Optional<?> optional && optional.isEmpty()) {
        out.append(indent).append("# ").append(component.getName()).append(":\n");
      } else {
        out.append(indent)
            .append(component.getName())
            .append(": ")
            .append(text(value))
            .append('\n');
      }
    }
  }

  /** List elements go on one line each: a table of them is read down its columns. */
  private static void writeItem(Record record, String indent, StringBuilder out) {
    out.append(indent).append("  - ").append(inline(record)).append('\n');
  }

  private static String inline(Record record) {
    List<String> parts = new ArrayList<>();
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      Object value = valueOf(component, record);
      String text = value instanceof Record nested ? inline(nested) : text(value);
      parts.add(component.getName() + ": " + text);
    }
    return "{" + String.join(", ", parts) + "}";
  }

  private static String text(Object value) {
    return switch (value) {
      case Duration duration -> Durations.format(duration);
      case Enum<?> constant -> constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
      case List<?> list ->
          "[" + String.join(", ", list.stream().map(ScenarioReference::text).toList()) + "]";
      case Optional<?> optional -> optional.map(ScenarioReference::text).orElse("not set");
      default -> String.valueOf(value);
    };
  }

  private static String meaning(RecordComponent component) {
    Setting setting = component.getAnnotation(Setting.class);
    if (setting == null) {
      throw new IllegalStateException(
          "%s.%s has no @Setting that says what it means"
              .formatted(component.getDeclaringRecord().getSimpleName(), component.getName()));
    }
    return setting.value();
  }

  private static Class<?> elementOf(RecordComponent component) {
    return component.getGenericType() instanceof ParameterizedType generic
            && generic.getActualTypeArguments()[0] instanceof Class<?> element
        ? element
        : component.getType();
  }

  private static Object valueOf(RecordComponent component, Object record) {
    try {
      return component.getAccessor().invoke(record);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException("cannot read " + component, e);
    }
  }
}
