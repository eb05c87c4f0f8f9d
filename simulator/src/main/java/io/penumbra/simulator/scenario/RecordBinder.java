package io.penumbra.simulator.scenario;

import io.penumbra.domain.BadInputException;
import io.penumbra.simulator.chance.Setting;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Turns YAML into records. A key that is absent keeps the value of the defaults; a key that no
 * record has is refused with the nearest one that exists; what a record's constructor refuses is
 * reported with the line it was written on.
 */
final class RecordBinder {

  private static final String DEFAULT_FIELD = "DEFAULT";

  private RecordBinder() {}

  /** The record with what the table says, and for the rest what {@code defaults} says. */
  static <T extends Record> T bind(YamlNode.Table table, T defaults) {
    @SuppressWarnings("unchecked") // the class of a T
    Class<T> type = (Class<T>) defaults.getClass();
    return type.cast(bindRecord(table, type, Optional.of(defaults), ""));
  }

  private static Record bindRecord(
      YamlNode node, Class<?> type, Optional<? extends Object> defaults, String path) {
    if (!(node instanceof YamlNode.Table table)) {
      throw bad(node, path, "is %s; expected a table".formatted(describe(node)));
    }
    RecordComponent[] components = type.getRecordComponents();
    refuseUnknownKeys(table, components, path);
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      RecordComponent component = components[i];
      String field = path.isEmpty() ? component.getName() : path + "." + component.getName();
      Optional<Object> fallback = defaults.map(record -> valueOf(component, record));
      YamlNode given = table.entries().get(component.getName());
      if (given != null) {
        values[i] = bindValue(given, component.getGenericType(), fallback, field);
      } else {
        values[i] =
            fallback.orElseThrow(
                () -> bad(table, field, "is missing; expected " + expected(component)));
      }
    }
    return construct(table, type, components, values, path);
  }

  private static void refuseUnknownKeys(
      YamlNode.Table table, RecordComponent[] components, String path) {
    List<String> known = Arrays.stream(components).map(RecordComponent::getName).toList();
    table
        .entries()
        .forEach((key, value) -> {
          if (!known.contains(key)) {
            String field = path.isEmpty() ? key : path + "." + key;
            throw bad(value, field, "is not known; " + suggestion(key, known));
          }
        });
  }

  private static String suggestion(String key, List<String> known) {
    return Spelling.nearest(key, known)
        .map("maybe you mean %s"::formatted)
        .orElse("expected one of " + String.join(", ", known));
  }

  private static Object bindValue(
      YamlNode node, Type type, Optional<Object> fallback, String field) {
    if (type instanceof ParameterizedType generic) {
      Type argument = generic.getActualTypeArguments()[0];
      if (generic.getRawType() == SortedMap.class) {
        return bindMap(node, (Class<?>) generic.getActualTypeArguments()[1], field);
      }
      if (generic.getRawType() == List.class) {
        return bindList(node, argument, field);
      }
      if (generic.getRawType() == Optional.class) {
        Optional<Object> inner =
            fallback.filter(Optional.class::isInstance).flatMap(RecordBinder::asOptional);
        return Optional.of(bindValue(node, argument, inner, field));
      }
      throw new IllegalStateException("no binding for " + type + " at " + field);
    }
    Class<?> plain = (Class<?>) type;
    if (plain.isRecord()) {
      return bindRecord(node, plain, fallback.or(() -> defaultOf(plain)), field);
    }
    if (node instanceof YamlNode.Scalar scalar) {
      return bindScalar(scalar, plain, field);
    }
    throw bad(node, field, "is %s; expected a single value".formatted(describe(node)));
  }

  /** Keys are names the reader of the record knows; what it doesn't know, it refuses itself. */
  private static SortedMap<String, Object> bindMap(YamlNode node, Class<?> element, String field) {
    if (!(node instanceof YamlNode.Table table)) {
      throw bad(node, field, "is %s; expected a table".formatted(describe(node)));
    }
    SortedMap<String, Object> values = new TreeMap<>();
    table
        .entries()
        .forEach((key, value) ->
            values.put(key, bindValue(value, element, Optional.empty(), field + "." + key)));
    return values;
  }

  private static Optional<Object> asOptional(Object value) {
    return ((Optional<?>) value).map(Object.class::cast);
  }

  private static List<Object> bindList(YamlNode node, Type element, String field) {
    if (node instanceof YamlNode.Scalar scalar && element instanceof Class<?> plain) {
      return bindInlineList(scalar, plain, field);
    }
    if (!(node instanceof YamlNode.Items items)) {
      throw bad(node, field, "is %s; expected a list".formatted(describe(node)));
    }
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < items.items().size(); i++) {
      values.add(bindValue(items.items().get(i), element, Optional.empty(), field + "[" + i + "]"));
    }
    return values;
  }

  /** A flag gives a list as {@code a,b,c}. */
  private static List<Object> bindInlineList(
      YamlNode.Scalar scalar, Class<?> element, String field) {
    if (element.isRecord()) {
      throw bad(scalar, field, "is %s; expected a list of tables".formatted(describe(scalar)));
    }
    List<Object> values = new ArrayList<>();
    for (String part : scalar.text().split(",", -1)) {
      if (!scalar.text().isEmpty()) {
        values.add(
            bindScalar(
                new YamlNode.Scalar(scalar.source(), scalar.line(), part.strip()), element, field));
      }
    }
    return values;
  }

  private static Object bindScalar(YamlNode.Scalar node, Class<?> type, String field) {
    String text = node.text();
    if (type == int.class) {
      return number(node, field, "a whole number", s -> Integer.valueOf(s.replace("_", "")));
    } else if (type == long.class) {
      return number(node, field, "a whole number", s -> Long.valueOf(s.replace("_", "")));
    } else if (type == double.class) {
      return number(node, field, "a number", Double::valueOf);
    } else if (type == boolean.class) {
      return truth(node, field);
    } else if (type == String.class) {
      return text;
    } else if (type == Path.class) {
      return path(node);
    } else if (type == Duration.class) {
      return Durations.parse(text)
          .orElseThrow(() -> bad(node, field, refusal(text, "a duration such as 250ms, 30s, 30d")));
    } else if (type == Instant.class) {
      return instant(node, field);
    } else if (type.isEnum()) {
      return enumValue(node, type, field);
    }
    throw new IllegalStateException("no binding for " + type + " at " + field);
  }

  private static <N> N number(
      YamlNode.Scalar node, String field, String what, Function<String, N> parse) {
    try {
      return parse.apply(node.text());
    } catch (NumberFormatException e) {
      throw bad(node, field, refusal(node.text(), what));
    }
  }

  private static boolean truth(YamlNode.Scalar node, String field) {
    return switch (node.text()) {
      case "true" -> true;
      case "false" -> false;
      default -> throw bad(node, field, refusal(node.text(), "true or false"));
    };
  }

  /** Paths in a file are relative to the file, so that it can be run from anywhere. */
  private static Path path(YamlNode.Scalar node) {
    Path written = Path.of(node.text());
    Path parent = node.line() > 0 ? Path.of(node.source()).getParent() : null;
    return parent == null || written.isAbsolute() ? written : parent.resolve(written);
  }

  private static Instant instant(YamlNode.Scalar node, String field) {
    try {
      return Instant.parse(node.text());
    } catch (DateTimeParseException e) {
      throw bad(node, field, refusal(node.text(), "a time such as 2026-01-01T00:00:00Z"));
    }
  }

  private static Object enumValue(YamlNode.Scalar node, Class<?> type, String field) {
    String wanted = node.text().toUpperCase(Locale.ROOT).replace('-', '_');
    List<String> names = new ArrayList<>();
    for (Object constant : type.getEnumConstants()) {
      String name = ((Enum<?>) constant).name();
      if (name.equals(wanted)) {
        return constant;
      }
      names.add(name.toLowerCase(Locale.ROOT));
    }
    throw bad(node, field, refusal(node.text(), "one of " + String.join(", ", names)));
  }

  private static Optional<Object> defaultOf(Class<?> type) {
    try {
      return Optional.of(type.getDeclaredField(DEFAULT_FIELD).get(null));
    } catch (NoSuchFieldException e) {
      return Optional.empty();
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(type + "." + DEFAULT_FIELD + " is not public", e);
    }
  }

  private static Object valueOf(RecordComponent component, Object record) {
    try {
      return component.getAccessor().invoke(record);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException("cannot read " + component, e);
    }
  }

  private static Record construct(
      YamlNode.Table table,
      Class<?> type,
      RecordComponent[] components,
      Object[] values,
      String path) {
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    try {
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      return (Record) constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException refused) {
        throw refusedBy(table, components, path, String.valueOf(refused.getMessage()));
      }
      throw new IllegalStateException("cannot construct " + type, e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot construct " + type, e);
    }
  }

  /** The record's message names the field first; that field's line is the best place to look. */
  private static BadInputException refusedBy(
      YamlNode.Table table, RecordComponent[] components, String path, String message) {
    for (RecordComponent component : components) {
      String name = component.getName();
      YamlNode given = table.entries().get(name);
      if (given != null && message.matches("(?s).*\\b" + name + "\\b.*")) {
        String field = path.isEmpty() ? name : path + "." + name;
        return bad(given, field, "is refused: " + message);
      }
    }
    YamlNode first = table.entries().isEmpty() ? table : table.entries().firstEntry().getValue();
    return bad(first, path.isEmpty() ? "scenario" : path, "is refused: " + message);
  }

  private static String expected(RecordComponent component) {
    Setting setting = component.getAnnotation(Setting.class);
    return setting == null ? component.getName() : setting.value();
  }

  private static String refusal(String text, String what) {
    return "is '%s'; expected %s".formatted(text, what);
  }

  private static String describe(YamlNode node) {
    return switch (node) {
      case YamlNode.Scalar(_, _, String text) -> "'" + text + "'";
      case YamlNode.Table _ -> "a table";
      case YamlNode.Items _ -> "a list";
    };
  }

  private static BadInputException bad(YamlNode node, String field, String problem) {
    return Mistake.at(node.source(), node.line(), field, problem);
  }
}
