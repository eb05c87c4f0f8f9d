package io.penumbra.placement.policy;

import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The configured rules: what holds by default, and what projects and flavors say otherwise. Values
 * are kept as text and mean the same here and in a tag.
 *
 * <p>As a file:
 *
 * <pre>{@code
 * default:
 *   mode: cold
 *   rpo: 60s
 *   diversity: [host, rack, firmware]
 * projects:
 *   payments: {mode: warm, commit: output-commit, priority: 10}
 * flavors:
 *   m1.tiny: {mode: none}
 * }</pre>
 *
 * @param projects by project id
 * @param flavors by flavor id
 */
public record PolicyRules(
    SortedMap<PolicyField, String> defaults,
    SortedMap<String, SortedMap<PolicyField, String>> projects,
    SortedMap<String, SortedMap<PolicyField, String>> flavors) {

  public PolicyRules {
    defaults = Collections.unmodifiableSortedMap(new TreeMap<>(defaults));
    projects = copy(projects);
    flavors = copy(flavors);
    check("default", defaults);
    projects.forEach((name, rule) -> check("project " + name, rule));
    flavors.forEach((name, rule) -> check("flavor " + name, rule));
  }

  /** No rules: what Penumbra does when nobody says anything. */
  public static PolicyRules none() {
    return new PolicyRules(new TreeMap<>(), new TreeMap<>(), new TreeMap<>());
  }

  /** The same, with another value for whom no rule says anything, unless there is one already. */
  public PolicyRules otherwise(PolicyField field, String text) {
    TreeMap<PolicyField, String> more = new TreeMap<>(defaults);
    more.putIfAbsent(field, text);
    return new PolicyRules(more, projects, flavors);
  }

  /**
   * Reads rules from a YAML file.
   *
   * @throws BadInputException naming file, line and field, and what was expected
   */
  public static PolicyRules read(Path file) throws IOException {
    return new PolicyFile(file).read();
  }

  private static void check(String where, SortedMap<PolicyField, String> rule) {
    rule.forEach((field, text) -> {
      try {
        new PolicyDraft().set(field, text);
      } catch (PolicyDraft.BadValue bad) {
        throw new IllegalArgumentException(
            "%s of %s is '%s'; expected %s".formatted(field.key(), where, text, bad.expected()),
            bad);
      }
    });
  }

  private static SortedMap<String, SortedMap<PolicyField, String>> copy(
      SortedMap<String, SortedMap<PolicyField, String>> rules) {
    TreeMap<String, SortedMap<PolicyField, String>> copied = new TreeMap<>();
    rules.forEach(
        (name, rule) -> copied.put(name, Collections.unmodifiableSortedMap(new TreeMap<>(rule))));
    return Collections.unmodifiableSortedMap(copied);
  }
}
