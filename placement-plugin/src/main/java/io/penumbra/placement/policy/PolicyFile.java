package io.penumbra.placement.policy;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@link PolicyRules} token by token rather than by binding, because only so does every
 * complaint know its line.
 */
final class PolicyFile {

  private static final List<String> SECTIONS = List.of("default", "projects", "flavors");

  private final Path file;

  PolicyFile(Path file) {
    this.file = file;
  }

  PolicyRules read() throws IOException {
    YAMLFactory yaml =
        YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    try (JsonParser parser = yaml.createParser(file.toFile())) {
      return rules(parser);
    } catch (JsonProcessingException broken) {
      int line = broken.getLocation() == null ? 0 : broken.getLocation().getLineNr();
      throw new BadInputException(
          file + ":" + line,
          String.valueOf(broken.getOriginalMessage()).strip().replaceAll("\\s+", " "),
          "Maybe the indentation is off.",
          broken);
    }
  }

  private PolicyRules rules(JsonParser parser) throws IOException {
    SortedMap<PolicyField, String> defaults = new TreeMap<>();
    SortedMap<String, SortedMap<PolicyField, String>> projects = new TreeMap<>();
    SortedMap<String, SortedMap<PolicyField, String>> flavors = new TreeMap<>();
    @Nullable JsonToken first = parser.nextToken();
    if (first == null || first == JsonToken.VALUE_NULL) {
      return PolicyRules.none();
    }
    expectObject(parser, "the file", String.join(", ", SECTIONS));
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String section = parser.currentName();
      if (!SECTIONS.contains(section)) {
        throw bad(parser, section, "is not known; expected " + String.join(", ", SECTIONS));
      }
      parser.nextToken();
      switch (section) {
        case "projects" -> projects = named(parser, section);
        case "flavors" -> flavors = named(parser, section);
        default -> defaults = rule(parser, section);
      }
    }
    return new PolicyRules(defaults, projects, flavors);
  }

  private SortedMap<String, SortedMap<PolicyField, String>> named(JsonParser parser, String section)
      throws IOException {
    expectObject(parser, section, "names, each with its fields");
    SortedMap<String, SortedMap<PolicyField, String>> rules = new TreeMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      parser.nextToken();
      rules.put(name, rule(parser, section + "." + name));
    }
    return rules;
  }

  private SortedMap<PolicyField, String> rule(JsonParser parser, String where) throws IOException {
    expectObject(parser, where, "fields (" + PolicyField.keys() + ")");
    SortedMap<PolicyField, String> rule = new TreeMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      String path = where + "." + key;
      Optional<PolicyField> field = PolicyField.ofKey(key);
      if (field.isEmpty()) {
        throw bad(parser, path, "is not known; expected one of " + PolicyField.keys());
      }
      parser.nextToken();
      String text = value(parser, path);
      try {
        new PolicyDraft().set(field.get(), text);
      } catch (PolicyDraft.BadValue wrong) {
        throw bad(parser, path, "is '%s'; expected %s".formatted(text, wrong.expected()));
      }
      rule.put(field.get(), text);
    }
    return rule;
  }

  /** A scalar, or a list of scalars as one text with commas. */
  private String value(JsonParser parser, String path) throws IOException {
    if (parser.currentToken() == JsonToken.START_ARRAY) {
      List<String> parts = new ArrayList<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        parts.add(scalar(parser, path));
      }
      return String.join(", ", parts);
    }
    return scalar(parser, path);
  }

  private String scalar(JsonParser parser, String path) throws IOException {
    if (!parser.currentToken().isScalarValue() || parser.currentToken() == JsonToken.VALUE_NULL) {
      throw bad(parser, path, "has no value here; expected a word, a number or a list of words");
    }
    return parser.getText();
  }

  private void expectObject(JsonParser parser, String where, String what) {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw bad(parser, where, "is not a mapping; expected " + what);
    }
  }

  private BadInputException bad(JsonParser parser, String field, String what) {
    return new BadInputException(
        "%s:%d: %s".formatted(file, parser.currentTokenLocation().getLineNr(), field), what, "");
  }
}
