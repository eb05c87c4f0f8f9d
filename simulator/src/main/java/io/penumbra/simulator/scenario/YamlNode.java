package io.penumbra.simulator.scenario;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** A piece of YAML that still knows where it was written. */
sealed interface YamlNode {

  /** File or flag it came from. */
  String source();

  /** Line in the file, from 1; 0 for a flag. */
  long line();

  /** Text, number or truth value, as written. */
  record Scalar(String source, long line, String text) implements YamlNode {}

  /** Keys with values, in the order they were written. */
  record Table(String source, long line, SequencedMap<String, YamlNode> entries)
      implements YamlNode {}

  /** A list of values. */
  record Items(String source, long line, List<YamlNode> items) implements YamlNode {}

  /** An empty table, when there is no file. */
  static Table empty(String source) {
    return new Table(source, 0, new LinkedHashMap<>());
  }

  /** Reads one document whose top is a table; an empty document is an empty table. */
  static Table parse(String source, String text) {
    try (JsonParser parser = new YAMLFactory().createParser(text)) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        return empty(source);
      }
      YamlNode top = read(source, parser, first, "document");
      if (!(top instanceof Table table)) {
        throw Mistake.at(
            source, top.line(), "document", "is not a table; expected lines like 'seed: 7'");
      }
      if (parser.nextToken() != null) {
        throw Mistake.at(
            source, lineOf(parser), "document", "is followed by a second one; expected one");
      }
      return table;
    } catch (JsonProcessingException e) {
      throw Mistake.at(
          source,
          e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
          "document",
          "is not YAML: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw Mistake.at(source, 0, "document", "cannot be read: " + e.getMessage());
    }
  }

  private static YamlNode read(String source, JsonParser parser, JsonToken token, String field)
      throws IOException {
    long line = lineOf(parser);
    return switch (token) {
      case START_OBJECT -> readTable(source, parser, line, field);
      case START_ARRAY -> readItems(source, parser, line, field);
      case VALUE_NULL ->
          throw Mistake.at(source, line, field, "has no value; expected one after ':'");
      default -> new Scalar(source, line, parser.getText());
    };
  }

  private static Table readTable(String source, JsonParser parser, long line, String field)
      throws IOException {
    SequencedMap<String, YamlNode> entries = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      long keyLine = lineOf(parser);
      String path = field.equals("document") ? key : field + "." + key;
      YamlNode value = read(source, parser, parser.nextToken(), path);
      if (entries.put(key, value) != null) {
        throw Mistake.at(source, keyLine, path, "is given twice; expected once");
      }
    }
    return new Table(source, line, entries);
  }

  private static Items readItems(String source, JsonParser parser, long line, String field)
      throws IOException {
    List<YamlNode> items = new ArrayList<>();
    for (JsonToken token = parser.nextToken();
        token != JsonToken.END_ARRAY;
        token = parser.nextToken()) {
      items.add(read(source, parser, token, field + "[" + items.size() + "]"));
    }
    return new Items(source, line, items);
  }

  private static long lineOf(JsonParser parser) {
    return parser.currentTokenLocation().getLineNr();
  }
}
