package io.penumbra.app.serve;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The reference of all configuration keys, made from the code that reads them. */
final class Reference {

  private final List<String> lines = new ArrayList<>();

  private Reference() {}

  /** A table in Markdown. */
  static String markdown() {
    Reference reference = new Reference();
    reference.lines.add("| Key | Meaning | If left out |");
    reference.lines.add("|---|---|---|");
    reference.keys("", ServeConfig.class);
    return String.join("\n", reference.lines) + "\n";
  }

  private void keys(String prefix, Class<?> record) {
    for (RecordComponent component : record.getRecordComponents()) {
      About about = component.getAnnotation(About.class);
      if (about == null) {
        throw new IllegalStateException("no @About on " + record + "." + component.getName());
      }
      String key = prefix + component.getName();
      lines.add(
          "| `%s` | %s | %s |"
              .formatted(
                  key,
                  about.value(),
                  about.otherwise().isEmpty() ? "must be given" : about.otherwise()));
      below(key, component.getGenericType());
    }
  }

  private void below(String key, Type type) {
    if (type instanceof ParameterizedType generic) {
      Type[] arguments = generic.getActualTypeArguments();
      String inside =
          generic.getRawType() == List.class
              ? key + "[]"
              : generic.getRawType() == Map.class ? key + ".NAME" : key;
      below(inside, arguments[arguments.length - 1]);
    } else if (type instanceof Class<?> known && known.isRecord()) {
      keys(key + ".", known);
    } else if (type instanceof Class<?> known && known.isSealed()) {
      for (Class<?> kind : known.getPermittedSubclasses()) {
        String name = kind.getSimpleName().toLowerCase(Locale.ROOT);
        if (CloudConfig.class.isAssignableFrom(kind)) {
          lines.add("| `%s.kind: %s` | | |".formatted(key, name));
          keys(key + ".", kind);
        }
      }
    }
  }
}
